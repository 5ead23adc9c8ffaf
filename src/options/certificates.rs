//! Where certificates are, and reading them when a backend is really going to be asked.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::error::Error;
use crate::options::credentials::{open_at_once, read_private};
use crate::options::origin::Sourced;
use crate::source::server::{ClientCertificate, Tls};

/// Our own certificate and its private key, as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key; only its owner may be able to read it.
    pub key: PathBuf,
}

/// Whom to trust beyond the system's roots, and who we are, as files.
#[derive(Clone, Debug, Default)]
pub struct Certificates {
    /// Of one's own authorities.
    pub ca: Option<Sourced<PathBuf>>,
    /// Our own.
    pub client: Option<Sourced<ClientFiles>>,
}

impl Certificates {
    /// Reads them.
    ///
    /// # Errors
    /// Secret: not there, or a key that others can read.
    pub fn read(&self) -> Result<Tls, Error> {
        let client = self.client.as_ref().map(|told| -> Result<ClientCertificate, Error> {
            let key = SecretString::from(read_private(&told.value.key)?);
            Ok(ClientCertificate { certificate: public(&told.value.certificate)?, key })
        });
        Ok(Tls { ca: self.ca.as_ref().map(|told| public(&told.value)).transpose()?, client: client.transpose()? })
    }
}

fn public(path: &Path) -> Result<Vec<u8>, Error> {
    /// More than the roots of a whole system.
    const MOST: u64 = 4 << 20;
    let told = |e: std::io::Error| Error::Secret(format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    open_at_once(path).map_err(told)?.take(MOST).read_to_end(&mut bytes).map_err(told)?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::error::Exit;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_read_only_if_nobody_else_can() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("me.pem"), folder.path().join("me.key"));
        fs::write(&certificate, "public").unwrap();
        fs::write(&key, "canary").unwrap();
        let client = ClientFiles { certificate, key: key.clone() };
        let ours = Certificates { ca: None, client: Some(Sourced::flag(client, "--test")) };
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let error = ours.read().unwrap_err();
        assert_eq!(error.exit(), Exit::MustAct);
        assert!(error.to_string().contains("mode 644") && !error.to_string().contains("canary"), "{error}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!format!("{:?}", ours.read().unwrap()).contains("canary"));
        let gone = Certificates { ca: Some(Sourced::flag(folder.path().join("gone"), "--ca-cert")), client: None };
        assert_eq!(gone.read().unwrap_err().exit(), Exit::MustAct);
    }
}
