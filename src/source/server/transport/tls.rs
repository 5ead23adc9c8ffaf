//! TLS: the system's roots and one's own, and who we are.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use secrecy::ExposeSecret as _;

use super::error::{Authority, SelfSigned};
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::auth::Tls;

/// How to speak TLS with a backend.
pub fn config(tls: &Tls) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |what: &str, why: String| Failure::new(FailureKind::MustAct, format!("{what}: {why}"));
    let roots = match &tls.ca {
        Some(pem) => certificates(pem).map_err(|why| wrong("the CA certificate cannot be used", why))?,
        None => Vec::new(),
    };
    let verifier = Verifier::new_with_extra_roots(roots, provider.clone())
        .map_err(|e| wrong("the system's certificates cannot be used", e.to_string().to_lowercase()))?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong("cannot set up TLS", e.to_string().to_lowercase()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Discerning { verifier, provider }));
    let mut config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let unusable = |why| wrong("the client certificate cannot be used", why);
            let key = PrivateKeyDer::from_pem_slice(client.key.expose_secret().as_bytes())
                // The reason might quote the key.
                .map_err(|_| wrong("the client's key cannot be used", "it is no private key in PEM".to_owned()))?;
            let chain = certificates(&client.certificate).map_err(unusable)?;
            builder.with_client_auth_cert(chain, key).map_err(|e| unusable(e.to_string().to_lowercase()))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("it holds no certificate in PEM".to_owned()),
        Ok(all) => Ok(all),
        Err(e) => Err(e.to_string().to_lowercase()),
    }
}

/// The system's verdict, with a self-signed certificate told from one of an unknown CA.
#[derive(Debug)]
struct Discerning {
    verifier: Verifier,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Discerning {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verdict.map_err(|error| {
            use CertificateError as Bad;
            // Some authority of the same name may be known: then it is its signature that does not fit.
            let says_why = matches!(
                error,
                Error::InvalidCertificate(
                    Bad::Expired
                        | Bad::ExpiredContext { .. }
                        | Bad::NotValidYet
                        | Bad::NotValidYetContext { .. }
                        | Bad::NotValidForName
                        | Bad::NotValidForNameContext { .. }
                        | Bad::Revoked
                )
            );
            if matches!(&error, Error::InvalidCertificate(Bad::Other(other)) if is_authority(other)) {
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Authority))))
            } else if !says_why && is_self_issued(end_entity) {
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(SelfSigned))))
            } else {
                error
            }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether the verdict is that a CA's certificate stands for a server; the type that says so is not rustls' own.
fn is_authority(verdict: &OtherError) -> bool {
    format!("{verdict:?}").contains("CaUsedAsEndEntity")
}

/// Whether a certificate names itself as its issuer.
///
/// Source: RFC 5280, 4.1: version (tagged), serial, signature, issuer, validity, subject.
fn is_self_issued(certificate: &[u8]) -> bool {
    let names = || {
        let (_, certificate, _) = element(certificate)?;
        let (_, mut rest, _) = element(certificate)?;
        if rest.first() == Some(&0xa0) {
            rest = element(rest)?.2;
        }
        let mut after = || -> Option<&[u8]> {
            let (_, content, next) = element(rest)?;
            rest = next;
            Some(content)
        };
        let (_serial, _signature, issuer) = (after()?, after()?, after()?);
        let (_validity, subject) = (after()?, after()?);
        Some(issuer == subject)
    };
    names().unwrap_or(false)
}

/// The first DER element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = (bytes.len() <= 4).then(|| bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)))?;
        (length, rest)
    };
    let (content, next) = rest.split_at_checked(length)?;
    Some((tag, content, next))
}
