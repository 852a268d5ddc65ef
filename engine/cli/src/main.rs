//! The `hermes-engine` command.

mod render;

fn main() {}
