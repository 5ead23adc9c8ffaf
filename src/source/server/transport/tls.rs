//! TLS: the system's certificate authorities and the user's, and the client certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use secrecy::ExposeSecret as _;

use super::error::{CaAsServer, SelfSigned};
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::auth::Tls;

/// The TLS configuration of a backend.
///
/// # Errors
/// `ActionNeeded`: certificates or the key cannot be used.
pub(super) fn client_config(tls: &Tls) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |what: &str, why: String| Failure::new(FailureKind::ActionNeeded, format!("{what}: {why}"));
    let roots = match &tls.ca {
        Some(pem) => parse_certificates(pem).map_err(|why| wrong("the CA certificate cannot be used", why))?,
        None => Vec::new(),
    };
    let verifier = Verifier::new_with_extra_roots(roots, provider.clone())
        .map_err(|e| wrong("the system's certificates cannot be used", e.to_string().to_lowercase()))?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong("cannot set up TLS", e.to_string().to_lowercase()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(DistinguishingVerifier { verifier, provider }));
    let mut config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let unusable = |why| wrong("the client certificate cannot be used", why);
            let key = PrivateKeyDer::from_pem_slice(client.key.expose_secret().as_bytes())
                // The reason may quote the key.
                .map_err(|_| wrong("the client's key cannot be used", "it is no private key in PEM".to_owned()))?;
            let chain = parse_certificates(&client.certificate).map_err(unusable)?;
            builder.with_client_auth_cert(chain, key).map_err(|e| unusable(e.to_string().to_lowercase()))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn parse_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("it holds no certificate in PEM".to_owned()),
        Ok(all) => Ok(all),
        Err(e) => Err(e.to_string().to_lowercase()),
    }
}

/// The system's verifier, with errors of their own for self-signed certificates and for CA certificates used by a server:
/// what to do about these differs from what to do about an unknown CA.
#[derive(Debug)]
struct DistinguishingVerifier {
    verifier: Verifier,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for DistinguishingVerifier {
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
            // Errors that already say what is wrong. A bad signature is not one: an authority of the same name may be known.
            let is_specific = matches!(
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
            if matches!(&error, Error::InvalidCertificate(Bad::Other(other)) if is_ca_as_server(other)) {
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(CaAsServer))))
            } else if !is_specific && is_self_issued(end_entity) {
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

/// Whether the error is that a server uses a CA's certificate. The type of that error belongs to a private dependency of the
/// verifier, so it can be recognized only by its name.
fn is_ca_as_server(verdict: &OtherError) -> bool {
    format!("{verdict:?}").contains("CaUsedAsEndEntity")
}

/// Whether a certificate names itself as its issuer.
///
/// Source: RFC 5280, 4.1: version (tagged), serial, signature, issuer, validity, subject.
fn is_self_issued(certificate: &[u8]) -> bool {
    let names = || {
        let (_, certificate, _) = der_element(certificate)?;
        let (_, mut rest, _) = der_element(certificate)?;
        if rest.first() == Some(&0xa0) {
            rest = der_element(rest)?.2;
        }
        let mut after = || -> Option<&[u8]> {
            let (_, content, next) = der_element(rest)?;
            rest = next;
            Some(content)
        };
        let (_serial, _signature, issuer) = (after()?, after()?, after()?);
        let (_validity, subject) = (after()?, after()?);
        Some(issuer == subject)
    };
    names().unwrap_or(false)
}

/// The first DER element: its tag, its content, and what follows it; none if it is malformed.
fn der_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
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
