//! The whole program from outside: the real binary, real files, real sockets on loopback.

mod check_pages;
mod commands;
mod fixes;
mod flows;
mod minimax;
mod minimax_server;
mod pictures;
mod provider_pages;
mod simulate;
mod support;
