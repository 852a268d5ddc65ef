//! The whole program from outside: the real binary, real files, real sockets on loopback.

mod commands;
mod flows;
mod minimax;
mod minimax_server;
mod simulate;
mod support;
