//! How many connections the system lets the process hold.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of descriptors to the hard one, and tells what it is now; `None` is no limit.
pub fn raise_descriptor_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        // macOS allows less than its hard limit says.
        Err(_) => limit.current,
    }
}

/// The number of connections that leaves descriptors for the other side of each, and for files.
pub(crate) fn most_connections() -> usize {
    const RESERVED: u64 = 64;
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit.saturating_sub(RESERVED) / 2).unwrap_or(usize::MAX).clamp(16, 100_000)
}
