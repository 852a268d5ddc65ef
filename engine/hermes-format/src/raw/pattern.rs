//! The shapes of short texts, as regular expressions that JSON Schema and Rust read alike.

/// The id of a provider or flow: its file's name.
pub const ID: &str = "^[a-z0-9][a-z0-9-]*$";

/// Another name of a provider.
pub const ALIAS: &str = "^[a-z0-9][a-z0-9._-]*$";

/// The name of a state, a var, an input, a region's key or an error code.
pub const NAME: &str = "^[a-z][a-z0-9_]*$";

/// The name of a region.
pub const REGION: &str = "^[a-z][a-z0-9_-]*$";

/// One number and its unit.
pub const DURATION: &str = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$";

/// A JSONPath.
pub const JSONPATH: &str = r"^\$";

/// The name of an environment variable.
pub const ENVIRONMENT: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// A host, or any depth below one, values among its labels; or the key of the regions that has it.
pub const HOST: &str =
    r"^(\*\.)?([^\s/:@*{}]|\{\{[^{}]+\}\})*[^\s/:@*{}]+$|^\{\{\s*region\.[a-z][a-z0-9_]*\s*\}\}$";

/// A web address.
pub const WEB: &str = "^https?://";
