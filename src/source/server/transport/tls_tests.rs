//! TLS errors, against real servers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};
use url::Url;

use super::*;
use crate::model::source::Source;
use crate::source::failure::{Failure, FailureKind};
use crate::source::recording::Recording;
use crate::source::server::auth::{Auth, ClientCertificate, Tls};
use crate::source::server::endpoint::Endpoint;
use crate::source::server::request::{Request, Response};
use crate::stop::Stop;

struct TestAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

fn authority(name: &str) -> TestAuthority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    TestAuthority { issuer: Issuer::new(params, key), certificate }
}

/// A certificate for this name, valid from one year to another; self-signed without an issuer.
fn issued(issuer: Option<&TestAuthority>, name: &str, years: (i32, i32)) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = match issuer {
        Some(authority) => params.signed_by(&key, &authority.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (certificate, key)
}

/// A server that runs a function for each connection: its port, and its number of connections.
fn server(act: impl Fn(TcpStream) + Send + Sync + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, connections) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = connections.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::SeqCst);
            act(stream);
        }
    });
    (port, connections)
}

fn secure_server(
    (certificate, key): (rcgen::Certificate, KeyPair),
    clients: Option<&TestAuthority>,
) -> (u16, Arc<AtomicUsize>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let config =
        Arc::new(builder.with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap()).unwrap());
    server(move |mut tcp| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = Stream::new(&mut connection, &mut tcp);
        if stream.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        // Reading on keeps a reset from overtaking our alert.
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        let _ = tcp.read(&mut [0; 4096]);
    })
}

fn ask(port: u16, tls: Tls) -> Result<Response, Failure> {
    let endpoint = Endpoint {
        source: Source::Loki,
        url: Url::parse(&format!("https://localhost:{port}")).unwrap(),
        url_from: "--loki-url".into(),
        configured: true,
        auth: Auth::None,
        mask: std::sync::Arc::default(),
        tls,
        backends_at_origin: 1,
        tenant: None,
    };
    let limits = Limits { total: Duration::from_secs(10), ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Transport::new(limits, Recording::Off, Stop::default()).fetch(&endpoint, &Request::get(&["x"])))
}

#[test]
fn each_tls_error_has_its_message_and_is_not_retried() {
    let (ours, theirs) = (authority("our own CA"), authority("their CA"));
    let good = (2020, 2090);
    // A ServerHello that chooses TLS 1.1.
    let old = |mut tcp: TcpStream| {
        let _ = tcp.read(&mut [0; 4096]);
        let mut hello = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        hello.extend([7; 32]);
        hello.extend([0, 0x00, 0x2f, 0]);
        let _ = tcp.write_all(&hello);
        let _ = tcp.read(&mut [0; 4096]);
    };
    let plain = |mut tcp: TcpStream| {
        let _ = tcp.read(&mut [0; 4096]);
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = tcp.read(&mut [0; 4096]);
    };
    let table = [
        (secure_server(issued(Some(&ours), "localhost", (2010, 2020)), None), "has expired"),
        (secure_server(issued(Some(&ours), "localhost", (2080, 2090)), None), "is not valid yet"),
        (secure_server(issued(None, "localhost", good), None), "is self-signed"),
        (secure_server(issued(Some(&theirs), "localhost", good), None), "from an unknown CA"),
        (secure_server(issued(Some(&ours), "other.example", good), None), "for another host name"),
        (secure_server(issued(Some(&ours), "localhost", good), Some(&ours)), "wants a client certificate"),
        (server(old), "a TLS too old"),
        (server(plain), "does not speak TLS at all"),
    ];
    let trusting = Tls { ca: Some(ours.certificate.pem().into_bytes()), client: None };
    for ((port, connections), sentence) in table {
        let failure = ask(port, trusting.clone()).unwrap_err();
        assert!(failure.message.contains(sentence), "{sentence}: {failure:?}");
        assert_eq!((failure.kind, connections.load(Ordering::SeqCst)), (FailureKind::ActionNeeded, 1), "{failure:?}");
        assert!(!failure.actions.is_empty());
    }
    let (port, _) = secure_server(issued(Some(&ours), "localhost", good), Some(&ours));
    let (certificate, key) = issued(Some(&ours), "me", good);
    let client = ClientCertificate { certificate: certificate.pem().into_bytes(), key: key.serialize_pem().into() };
    let known = Tls { client: Some(client), ..trusting };
    assert_eq!(ask(port, known).map(|answer| answer.status), Ok(200));
}
