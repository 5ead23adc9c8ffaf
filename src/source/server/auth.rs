//! Credentials and certificates.

use std::hash::{Hash, Hasher};

use secrecy::{ExposeSecret as _, SecretString};

/// The credentials that a backend asks for. Its debug output holds no secret.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// None.
    #[default]
    None,
    /// User name and password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A bearer token.
    Bearer(SecretString),
    /// A header of its own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// Credentials are configured and cannot be read: why. Nothing is sent to this backend.
    Missing(String),
}

/// Certificates for TLS beyond the system's roots. Its debug output holds no secret.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates of further authorities, in PEM.
    pub ca: Option<Vec<u8>>,
    /// The client certificate.
    pub client: Option<ClientCertificate>,
}

/// A client certificate.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The chain, in PEM.
    pub certificate: Vec<u8>,
    /// Its private key, in PEM.
    pub key: SecretString,
}

impl Tls {
    fn identity(&self) -> [Option<&[u8]>; 3] {
        let client = self.client.as_ref();
        let key = client.map(|c| c.key.expose_secret().as_bytes());
        [self.ca.as_deref(), client.map(|c| c.certificate.as_slice()), key]
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Tls {}

impl Hash for Tls {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The certificate represents its key, which is better kept out of hashes.
        (&self.ca, self.client.as_ref().map(|c| &c.certificate)).hash(state);
    }
}
