//! Certificate files of a backend. They are read only when the backend is about to be queried.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::error::Error;
use crate::options::credentials::{open_without_blocking, read_private};
use crate::options::origin::Setting;
use crate::source::server::auth::{ClientCertificate, Tls};

/// The client certificate and its private key, as files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientFiles {
    /// The certificate chain.
    pub(crate) certificate: PathBuf,
    /// The key; refused if other users can read the file.
    pub(crate) key: PathBuf,
}

/// Certificate files of one backend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates {
    /// Authorities to trust in addition to the system's.
    pub(crate) ca: Option<Setting<PathBuf>>,
    /// The client certificate.
    pub(crate) client: Option<Setting<ClientFiles>>,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// Secret: a file that cannot be read, or a key that other users can read.
    pub(crate) fn read(&self) -> Result<Tls, Error> {
        let client = self.client.as_ref().map(|client| -> Result<ClientCertificate, Error> {
            let key = SecretString::from(read_private(&client.value.key)?);
            Ok(ClientCertificate { certificate: read_certificate(&client.value.certificate)?, key })
        });
        Ok(Tls { ca: self.ca.as_ref().map(|ca| read_certificate(&ca.value)).transpose()?, client: client.transpose()? })
    }
}

fn read_certificate(path: &Path) -> Result<Vec<u8>, Error> {
    /// Bytes: larger than the bundle of a whole system's authorities (under 1 MiB).
    const MAX_BYTES: u64 = 4 << 20;
    let failed = |e: std::io::Error| Error::Secret(format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    open_without_blocking(path).map_err(failed)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::error::Exit;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("me.pem"), folder.path().join("me.key"));
        fs::write(&certificate, "public").unwrap();
        fs::write(&key, "canary").unwrap();
        let client = ClientFiles { certificate, key: key.clone() };
        let ours = Certificates { ca: None, client: Some(Setting::flag(client, "--test")) };
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let error = ours.read().unwrap_err();
        assert_eq!(error.exit(), Exit::ActionNeeded);
        assert!(error.to_string().contains("mode 644") && !error.to_string().contains("canary"), "{error}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!format!("{:?}", ours.read().unwrap()).contains("canary"));
        let gone = Certificates { ca: Some(Setting::flag(folder.path().join("gone"), "--ca-cert")), client: None };
        assert_eq!(gone.read().unwrap_err().exit(), Exit::ActionNeeded);
    }
}
