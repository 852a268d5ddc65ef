//! The whole program from outside: the real binary, real files, real sockets on loopback.

mod commands;
mod minimax_server;
mod support;
