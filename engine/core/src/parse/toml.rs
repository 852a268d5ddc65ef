//! TOML 1.0 to nodes.
