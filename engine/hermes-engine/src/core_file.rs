//! Core files: a program that dies must not leave the tokens that it held in a file (S23).
//!
//! What a program that this one becomes does is its own affair: the system resets the mark when it starts.

/// Keeps the memory of this process out of core files, and from other processes of the same person.
///
/// Best effort, and on Linux only: elsewhere, and where the system refuses, nothing happens.
pub fn forbid() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A system that refuses is no reason to hand out nothing.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn s23_no_core_file_is_written() {
        super::forbid();
        assert_eq!(dumpable_behavior().ok(), Some(DumpableBehavior::NotDumpable));
    }
}
