//! Whom TLS trusts: the platform's roots, and a company's own CA where a file is named.
//!
//! Roots are read at the first handshake, not when a client is built. There is no switch that turns verification off
//! (S2). Where the platform has no roots, a bare container, Mozilla's list stands in.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// The variables that name a file with more CAs.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "HERMES_CA_BUNDLE"];

/// Why a file with CAs can't be used. The engine stops there: without its CA a company's proxy can't be verified anyway,
/// and a wrong path that is passed over in silence is hard to find.
#[derive(Debug, thiserror::Error)]
pub(super) enum RootsError {
    #[error("{variable} names `{}`, which can't be read: {reason}", path.display())]
    Unreadable { variable: &'static str, path: PathBuf, reason: io::Error },
    #[error("{variable} names `{}`, which holds no certificate in PEM format", path.display())]
    NoCertificate { variable: &'static str, path: PathBuf },
    #[error("{variable} names `{}`, which holds a certificate that can't be read", path.display())]
    BadCertificate { variable: &'static str, path: PathBuf },
}

/// A configuration of TLS 1.2 and later that reads its roots when it first needs them.
pub(super) fn client_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier { provider: provider.clone(), inner: OnceLock::new() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// rustls' own verifier, made when it is first asked.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    inner: OnceLock<Arc<WebPkiServerVerifier>>,
}

impl Verifier {
    fn inner(&self) -> Result<&WebPkiServerVerifier, rustls::Error> {
        if let Some(inner) = self.inner.get() {
            return Ok(inner);
        }
        let other = |error| rustls::Error::Other(rustls::OtherError(Arc::new(error)));
        let roots = trusted(&|name| std::env::var_os(name)).map_err(other)?;
        let made = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(self.inner.get_or_init(|| made))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The platform's roots, those of the named files, and Mozilla's where the platform's are out of reach.
fn trusted(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    for name in VARIABLES {
        if let Some(path) = variable(name).filter(|path| !path.is_empty()) {
            add_file(&mut roots, name, PathBuf::from(path))?;
        }
    }
    let (platform, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    // With either variable set, `load_native_certs` looks nowhere else: here a CA is one *more*, not the only one.
    let displaced = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| variable(name).is_some());
    if platform == 0 || displaced {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, variable: &'static str, path: PathBuf) -> Result<(), RootsError> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(reason) => return Err(RootsError::Unreadable { variable, path, reason }),
    };
    let certificates: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    let Ok(certificates) = certificates else { return Err(RootsError::BadCertificate { variable, path }) };
    // A bundle may hold a certificate that webpki can't use; one that holds no other is a mistake.
    match roots.add_parsable_certificates(certificates) {
        (0, 0) => Err(RootsError::NoCertificate { variable, path }),
        (0, _) => Err(RootsError::BadCertificate { variable, path }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &'static str, text: Option<&[u8]>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let lookup = |asked: &str| (asked == name).then(|| path.clone().into_os_string());
        let message = trusted(&lookup).map(|_| ()).unwrap_err().to_string();
        message.replace(&path.display().to_string(), "PATH")
    }

    #[test]
    fn s2_a_ca_file_that_can_t_be_used_is_named() {
        let missing =
            "HERMES_CA_BUNDLE names `PATH`, which can't be read: No such file or directory (os error 2)";
        assert_eq!(message("HERMES_CA_BUNDLE", None), missing);
        let empty = "SSL_CERT_FILE names `PATH`, which holds no certificate in PEM format";
        assert_eq!(message("SSL_CERT_FILE", Some(b"hello")), empty);
        let bad = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let unread = "SSL_CERT_FILE names `PATH`, which holds a certificate that can't be read";
        assert_eq!(message("SSL_CERT_FILE", Some(bad)), unread);
    }

    #[test]
    fn there_are_always_roots() {
        assert!(trusted(&|_| None).unwrap().len() > 10);
    }
}
