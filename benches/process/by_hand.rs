//! The same login as one would write it for this one provider: two requests, PKCE, one durable save.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Runs the job: `login SERVER FILE`, `frugal-login SERVER FILE`, or `token SERVER FILE`.
pub(crate) fn run(job: &str, args: &[String]) {
    let [server, file] = args else { panic!("two arguments") };
    match job {
        "login" => login(server, Path::new(file), reqwest::Client::builder()),
        // The most that a hand can save: loading roots is half of the work, and plain http needs none.
        "frugal-login" => login(server, Path::new(file), reqwest::Client::builder().tls_certs_only([])),
        _ => println!("{}", read(Path::new(file))["access_token"].as_str().unwrap()),
    }
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn login(server: &str, file: &Path, http: reqwest::ClientBuilder) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let token = runtime.block_on(requests(server, http));
    save(&token, file);
}

async fn requests(server: &str, http: reqwest::ClientBuilder) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = http.no_proxy().build().unwrap();
    let verifier = random();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let state = random();
    let form = [
        ("response_type", "code"),
        ("client_id", "78257093-7e40-4613-99e0-527b14b39113"),
        ("scope", "group_id profile model.completion"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", &state),
    ];
    let code: Value = post(&http, format!("http://{server}/oauth2/device/code"), &form).await;
    assert_eq!(code["state"], state);
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:user_code"),
        ("client_id", "78257093-7e40-4613-99e0-527b14b39113"),
        ("user_code", code["user_code"].as_str().unwrap()),
        ("code_verifier", &verifier),
    ];
    let token = post(&http, format!("http://{server}/oauth2/token"), &form).await;
    assert_eq!(token["status"], "success");
    token
}

async fn post(http: &reqwest::Client, url: String, form: &[(&str, &str)]) -> Value {
    http.post(url).form(form).send().await.unwrap().json().await.unwrap()
}

fn random() -> String {
    let mut bytes = [0u8; 32];
    let mut source = File::open("/dev/urandom").unwrap();
    std::io::Read::read_exact(&mut source, &mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Under a lock, to a new file that takes the old one's place when it is durable.
fn save(token: &Value, file: &Path) {
    let lock = File::create(file.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let record = json!({"access_token": token["access_token"], "refresh_token": token["refresh_token"]});
    let next = file.with_extension("next");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next).unwrap();
    out.write_all(serde_json::to_string_pretty(&record).unwrap().as_bytes()).unwrap();
    out.sync_all().unwrap();
    fs::rename(&next, file).unwrap();
    File::open(file.parent().unwrap()).unwrap().sync_all().unwrap();
}
