//! Randomness from the operating system's generator.
//!
//! There is no seeded generator here to be mistaken for it: tests bring their own [`Entropy`].

use hermes_machine::machine::Entropy;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Entropy for System {
    /// Fills `bytes`.
    ///
    /// # Panics
    ///
    /// Where the operating system has no randomness to give: there is no safe way to go on without it.
    fn fill(&mut self, bytes: &mut [u8]) {
        UnwrapErr(SysRng).fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        System.fill(&mut a);
        System.fill(&mut b);
        assert_ne!(a, b);
    }
}
