//! What a login makes at random: PKCE ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), `state`, UUIDs.
//!
//! Nothing here draws random bytes: they are arguments.

use crate::secret::Secret;

/// The verifier of 32 random bytes: 43 characters.
pub fn verifier(entropy: &[u8; 32]) -> Secret {
    let _ = entropy;
    unimplemented!()
}

/// The challenge of a verifier by `S256`.
pub fn challenge(verifier: &str) -> String {
    let _ = verifier;
    unimplemented!()
}

/// The value of `random.NAME`, for a `state` too: 32 random bytes as 43 characters.
pub fn random_text(entropy: &[u8; 32]) -> String {
    let _ = entropy;
    unimplemented!()
}

/// A UUID of version 4 ([RFC 9562 §5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
pub fn uuid(entropy: [u8; 16]) -> String {
    let _ = entropy;
    unimplemented!()
}
