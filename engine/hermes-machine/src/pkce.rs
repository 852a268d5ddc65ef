//! What a login makes at random: PKCE ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), `state`, UUIDs.
//!
//! Nothing here draws random bytes: they are arguments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use hermes_format::secret::Secret;

/// The verifier of 32 random bytes: 43 characters
/// ([RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
pub fn verifier(entropy: &[u8; 32]) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(entropy))
}

/// The challenge of a verifier by `S256` ([RFC 7636 §4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// The value of `random.NAME`, for a `state` too (S16): 32 random bytes as 43 characters.
pub fn random_text(entropy: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(entropy)
}

/// A UUID of version 4 ([RFC 9562 §5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
pub fn uuid(entropy: [u8; 16]) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let bits = (u128::from_be_bytes(entropy) & !VERSION & !VARIANT) | (4 << 76) | (0b10 << 62);
    let group =
        |from: u32, digits: usize| format!("{:0digits$x}", (bits >> from) & ((1 << (4 * digits)) - 1));
    [group(96, 8), group(80, 4), group(64, 4), group(48, 4), group(0, 12)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [RFC 7636 Appendix B](https://www.rfc-editor.org/rfc/rfc7636#appendix-B).
    const OCTETS: [u8; 32] = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
        214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];

    #[test]
    fn s15_the_example_of_rfc_7636_is_reproduced() {
        let verifier = verifier(&OCTETS);
        assert_eq!(verifier.expose_secret(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge(verifier.expose_secret()), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn s16_a_random_text_keeps_every_bit() {
        assert_eq!(URL_SAFE_NO_PAD.decode(random_text(&OCTETS)).as_deref(), Ok(&OCTETS[..]));
    }

    #[test]
    fn a_uuid_has_its_version_and_variant_whatever_the_bytes() {
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let bytes =
            [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0];
        assert_eq!(uuid(bytes), "12345678-9abc-4ef0-9234-56789abcdef0");
    }
}
