//! Row 82: each way in which TLS fails has its own sentence.

use std::io::BufReader;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::fault::{self, http};
use crate::row::{Jaeger, Place, Row, placed};

/// An authority, and where its certificate is.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: rustls::pki_types::CertificateDer<'static>,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

fn authority() -> &'static Authority {
    static ONE: OnceLock<Authority> = OnceLock::new();
    ONE.get_or_init(|| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, "an authority of our own");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, certificate.pem()).expect("the file");
        let der = certificate.der().clone();
        Authority { issuer: Issuer::new(params, key), der, file, _folder: folder }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Ill {
    Nothing,
    Expired,
    TooEarly,
    SelfSigned,
    OtherName,
    WantsClient,
}

fn config(ill: Ill) -> ServerConfig {
    let name = if ill == Ill::OtherName { "elsewhere.test" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let (from, to) = match ill {
        Ill::Expired => (2001, 2002),
        Ill::TooEarly => (4000, 4001),
        _ => (2001, 4001),
    };
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    let key = KeyPair::generate().expect("a key");
    let certificate = match ill {
        Ill::SelfSigned => params.self_signed(&key),
        _ => params.signed_by(&key, &authority().issuer),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let mut roots = RootCertStore::empty();
    roots.add(authority().der.clone()).expect("a root");
    let builder = builder.expect("the versions");
    let builder = match ill {
        Ill::WantsClient => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
        _ => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    builder.with_single_cert(vec![certificate.expect("a certificate").der().clone()], key).expect("a configuration")
}

fn serve(ill: Ill) -> Place {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let config = Arc::new(config(ill));
    thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
            thread::spawn(move || {
                let mut reader = BufReader::new(StreamOwned::new(connection, tcp));
                while let Some(asked) = fault::read(&mut reader) {
                    let (status, body) = Jaeger.health()(&asked);
                    let whole = http(status, "content-type: application/json\r\n", body.as_bytes());
                    if std::io::Write::write_all(reader.get_mut(), &whole).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Place::Nowhere(format!("https://{address}"))
}

pub fn rows() -> Vec<Row> {
    let known = |name: &'static str, ill: Ill| {
        placed(format!("82 {name}"), Jaeger, move || serve(ill))
            .env("SSL_CERT_FILE", authority().file.display().to_string())
            .code(4)
    };
    vec![
        known("in health", Ill::Nothing).code(0),
        known("expired", Ill::Expired).says(&["expired"]),
        known("not yet valid", Ill::TooEarly).says(&["not valid yet"]),
        known("self-signed", Ill::SelfSigned).says(&["self-signed"]),
        known("another host's", Ill::OtherName).says(&["another host name"]),
        placed("82 an unknown authority", Jaeger, || serve(Ill::Nothing)).code(4).says(&["unknown CA"]),
        known("a client certificate is wanted", Ill::WantsClient).says(&["client certificate"]),
        placed("82 TLS 1.1", Jaeger, || Place::Nowhere(old_tls())).code(4).says(&["too old"]),
    ]
}

/// Answers every hello with the alert that its version of TLS is none of ours.
fn old_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let _ = std::io::Read::read(&mut tcp, &mut [0; 4096]);
            let _ = std::io::Write::write_all(&mut tcp, &[0x15, 3, 2, 0, 2, 2, 0x46]);
        }
    });
    format!("https://{address}")
}
