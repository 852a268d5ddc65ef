//! Makes a build notice provider files that were added or taken away; those that change are noticed by the embedding itself.

fn main() {
    println!("cargo::rerun-if-changed=../../providers.d");
}
