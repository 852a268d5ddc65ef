//! What public bug reports tell of logins, tried with the whole program on servers that none of the engine's own code made.

mod failures;
mod hosts;
mod kept;

use hermes_engine::store::sha256;

use crate::real_logins::{Ended, program};
use crate::support::Program;
use crate::support::service::{Device, Facts, NO_DEVICE, Service, TABLE, Way};

const CODE: &str = "/oauth/device/code";
const TOKEN: &str = "/oauth/token";

/// The six lines of a device login, as docs/provider-format.md has them.
const ACME: &str = r#"
name    = "Acme"
extends = "device-code"
models  = ["acme-large"]

[vars]
client_id  = "acme-cli"
scope      = "models:read offline_access"
device_url = "https://auth.acme.example/oauth/device/code"
token_url  = "https://auth.acme.example/oauth/token"

[api]
mode     = "chat_completions"
base_url = "https://api.acme.example/v1"
"#;

static SERVICE: Facts = Facts {
    login: ("acme", "device"),
    region: None,
    hosts: &["auth.acme.example"],
    set: &[],
    way: Way::Device(Device {
        code: "https://auth.acme.example/oauth/device/code",
        token: "https://auth.acme.example/oauth/token",
        client_id: "acme-cli",
        scope: "models:read offline_access",
        page: "https://auth.acme.example/device",
        ..NO_DEVICE
    }),
};

/// A service of its own kind, and a program whose home has a file for it.
fn acme(text: &str) -> (Service, Program) {
    let service = Service::start(&SERVICE);
    let program = program().always(service.connect_to());
    program.write_home("providers.d/acme.toml", text);
    (service, program)
}

fn log_in(program: &Program) -> Ended {
    log_in_to(program, &["acme"])
}

/// Runs a login whose page nobody visits: the service approves by itself.
fn log_in_to(program: &Program, args: &[&str]) -> Ended {
    let run = program.run(&[&["run-flow", "--no-browser"], args].concat());
    (run.code, run.stderr)
}

/// The row of a shipped login.
fn facts(is_it: impl Fn(&Facts) -> bool) -> &'static Facts {
    TABLE.iter().find(|facts| is_it(facts)).expect("a row of the table")
}
