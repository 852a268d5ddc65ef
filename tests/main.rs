//! The whole program from outside: the real binary, real files, real sockets on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends at what it did not expect, and says so"
)]

mod accounts;
mod arbitrary;
mod browser_visit;
mod canary;
mod catalogue;
mod check_pages;
mod choice;
mod ci;
mod commands;
mod consumers;
mod explain;
mod field;
mod first_minutes;
mod fixes;
mod flows;
mod garbled;
mod generated;
mod given;
mod helpers;
mod hygiene;
mod keep;
mod lsp;
mod minimax;
mod minimax_server;
mod pictures;
mod profiles;
mod proved;
mod provider_pages;
mod races;
mod ready;
mod real_logins;
mod safety;
mod security_page;
mod seed;
mod serve;
mod simulate;
mod standing;
mod support;
mod trust;
mod untrusted;
mod whole_files;
