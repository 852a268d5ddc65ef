//! TLS against a server on loopback whose CA only a file knows.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use url::Url;

use super::super::*;
use crate::fake::{in_process_of_its_own, post};

/// Starts a server with a certificate for this name, and gives its address and its CA.
fn serve(name: &str) -> (SocketAddr, String) {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|count| count > 0) {
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
            }
        }
    });
    (address, ca.pem())
}

/// What another process prints that asks the server, with this text in the file of `HERMES_CA_BUNDLE`.
fn ask(name: &str, bundle: impl Fn(&str) -> Option<String>) -> String {
    let (address, ca) = serve(name);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let url = format!("https://{address}/?code=c0de");
    let mut variables = vec![("ASK", url.as_str())];
    if let Some(text) = bundle(&ca) {
        std::fs::write(&path, text).unwrap();
        variables.push(("HERMES_CA_BUNDLE", path.to_str().unwrap()));
    }
    let printed =
        in_process_of_its_own("http::tests::tls::asks_the_server_that_the_environment_names", &variables);
    assert!(!printed.contains("c0de"), "{printed}");
    printed
}

#[test]
fn s2_a_ca_of_the_environment_is_trusted() {
    let printed = ask("127.0.0.1", |ca| Some(ca.to_owned()));
    assert!(printed.contains("status 200"), "{printed}");
}

#[test]
fn s2_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let printed = ask("127.0.0.1", |_| None);
    assert!(
        printed.contains("Tls false: nobody that this computer trusts vouches for the certificate"),
        "{printed}"
    );
}

#[test]
fn s2_a_certificate_for_another_name_is_refused() {
    let printed = ask("auth.example", |ca| Some(ca.to_owned()));
    assert!(printed.contains("Tls false: the certificate of 127.0.0.1 can't be trusted"), "{printed}");
}

#[test]
fn s2_a_ca_file_that_holds_none_is_named() {
    let printed = ask("127.0.0.1", |_| Some("hello".into()));
    assert!(printed.contains("Tls false: HERMES_CA_BUNDLE names `"), "{printed}");
}

#[tokio::test]
#[ignore = "runs in a process of its own, whose environment names a server and a CA"]
#[expect(clippy::print_stdout, reason = "the other process reads it")]
async fn asks_the_server_that_the_environment_names() {
    let url = Url::parse(&std::env::var("ASK").unwrap()).unwrap();
    match Http::new(HttpOptions::default()).send(&post(url, None)).await {
        Ok(response) => println!("status {}", response.status),
        Err(failure) => println!("{:?} {}: {}", failure.kind, failure.sent, failure.message),
    }
}
