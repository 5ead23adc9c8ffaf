//! One backend: its address, and whose credentials may go there.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::Error;
use crate::model::evidence::Source;
use crate::options::address::{self, Address};
use crate::options::certificates::{Certificates, ClientFiles};
use crate::options::credentials::{Credentials, Scheme, SecretLocation, placed};
use crate::options::layers::{ConfigLayers, origin};
use crate::options::origin::{Origin, Sourced};
use crate::options::profile::AddressText;

/// One backend as configured.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which.
    pub source: Source,
    /// Its base address.
    pub url: Sourced<Url>,
    /// The address of its pages, for links.
    pub ui_url: Option<Sourced<Url>>,
    /// Whose data.
    pub tenant: Option<Sourced<String>>,
    /// How to prove who is asking; the secret itself is not read yet.
    pub credentials: Option<Sourced<Credentials>>,
    /// Whom to trust beyond the system's roots, and who we are; not read yet.
    pub certificates: Certificates,
    /// Whether `--without` leaves it out.
    pub left_out: bool,
}

/// The names under which one backend is spoken of.
struct BackendNames {
    flag: &'static str,
    urls: &'static [&'static str],
    tenants: &'static [&'static str],
    token: &'static str,
    token_file: &'static str,
    ca: &'static [&'static str],
    certificate: &'static [&'static str],
    key: &'static [&'static str],
    usual: &'static str,
}

const JAEGER: BackendNames = BackendNames {
    flag: "--jaeger-url",
    urls: &["TRACE_JAEGER_URL", "JAEGER_QUERY_URL"],
    tenants: &["TRACE_JAEGER_TENANT"],
    token: "TRACE_JAEGER_TOKEN",
    token_file: "TRACE_JAEGER_TOKEN_FILE",
    ca: &["TRACE_JAEGER_CA_CERT"],
    certificate: &["TRACE_JAEGER_CLIENT_CERT"],
    key: &["TRACE_JAEGER_CLIENT_KEY"],
    usual: "http://localhost:16686",
};
const LOKI: BackendNames = BackendNames {
    flag: "--loki-url",
    urls: &["TRACE_LOKI_URL", "LOKI_ADDR"],
    tenants: &["TRACE_LOKI_TENANT", "LOKI_ORG_ID"],
    token: "TRACE_LOKI_TOKEN",
    token_file: "TRACE_LOKI_TOKEN_FILE",
    ca: &["TRACE_LOKI_CA_CERT", "LOKI_CA_CERT_PATH"],
    certificate: &["TRACE_LOKI_CLIENT_CERT", "LOKI_CLIENT_CERT_PATH"],
    key: &["TRACE_LOKI_CLIENT_KEY", "LOKI_CLIENT_KEY_PATH"],
    usual: "http://localhost:3100",
};
const PROMETHEUS: BackendNames = BackendNames {
    flag: "--prometheus-url",
    urls: &["TRACE_PROMETHEUS_URL", "PROMETHEUS_URL"],
    tenants: &["TRACE_PROMETHEUS_TENANT"],
    token: "TRACE_PROMETHEUS_TOKEN",
    token_file: "TRACE_PROMETHEUS_TOKEN_FILE",
    ca: &["TRACE_PROMETHEUS_CA_CERT"],
    certificate: &["TRACE_PROMETHEUS_CLIENT_CERT"],
    key: &["TRACE_PROMETHEUS_CLIENT_KEY"],
    usual: "http://localhost:9090",
};

/// Decides one backend, and says so if credentials stay at home.
pub(crate) fn target(voices: ConfigLayers<'_>, source: Source) -> Result<(Target, Vec<String>), Error> {
    let (names, flag) = match source {
        Source::Loki => (&LOKI, &voices.backends.loki_url),
        Source::Prometheus => (&PROMETHEUS, &voices.backends.prometheus_url),
        Source::Jaeger | Source::File | Source::Demo => (&JAEGER, &voices.backends.jaeger_url),
    };
    let address = base_address(voices, source, names, flag.as_ref())?;
    let in_address = in_address(&address)?;
    let own = match in_address {
        Some(credentials) => Some(credentials),
        None => from_environment(voices, source, names)?.or_else(|| from_files(voices, source)),
    };
    let url = address.map(|address| address.url);
    let (credentials, unsent) = at_home(voices, source, &url, own, "credentials");
    let tenant = voices.variable(names.tenants).or_else(|| voices.told(|p| p.tenant(source)));
    let (tenant, unnamed) = at_home(voices, source, &url, tenant, "the tenant");
    let (client, unshown) =
        at_home(voices, source, &url, client_files(voices, source, names)?, "the client certificate");
    let certificates = Certificates { ca: ca(voices, source, names), client };
    let left_out = voices.backends.without.contains(&source);
    let target = Target { source, ui_url: ui_url(voices, source)?, tenant, credentials, certificates, left_out, url };
    Ok((target, unsent.into_iter().chain(unnamed).chain(unshown).collect()))
}

fn base_address(
    voices: ConfigLayers<'_>,
    source: Source,
    names: &BackendNames,
    flag: Option<&SecretString>,
) -> Result<Sourced<Address>, Error> {
    let flag = flag.map(|url| Sourced::flag(url.clone(), names.flag));
    let variable = || voices.variable(names.urls).map(|told| told.map(SecretString::from));
    let file = || voices.told(|p| p.url(source)).map(|told| told.map(AddressText::hidden));
    let text = flag.or_else(variable).or_else(file).unwrap_or_else(|| Sourced::default(names.usual.into()));
    let address = address::read(text.value.expose_secret(), &text.origin.to_string())?;
    if let (Origin::Flag(flag), Some(_)) = (&text.origin, &address.user) {
        return Err(Error::usage(
            format!(
                "{flag}: a user name or password on the command line can be read by everybody, in `ps` and the shell's history"
            ),
            format!(
                "set {} to the same address, or say how to sign in with `auth` in your configuration",
                names.urls[0]
            ),
        ));
    }
    Ok(Sourced { value: address, origin: text.origin })
}

/// The address of pages for people. It has no user and goes nowhere but into links.
fn ui_url(voices: ConfigLayers<'_>, source: Source) -> Result<Option<Sourced<Url>>, Error> {
    let Some((layer, told)) = voices.told_in(|p| p.ui_url(source)) else { return Ok(None) };
    let origin = origin(layer, told);
    let url = address::read(told.get_ref(), &origin.to_string())?.url;
    Ok(Some(Sourced { value: url, origin }))
}

fn in_address(address: &Sourced<Address>) -> Result<Option<Sourced<Credentials>>, Error> {
    let Some((username, password)) = &address.value.user else { return Ok(None) };
    if address.origin.is_project() {
        return Err(Error::Config(format!(
            "{}: a project file may not say how to sign in; take the user name and password out of the address",
            address.origin
        )));
    }
    let file = match &address.origin {
        Origin::File { path, .. } => Some(path.clone()),
        _ => None,
    };
    let user = SecretString::from(format!("{username}:{}", password.expose_secret()));
    let credentials =
        Credentials { scheme: Scheme::UserInformation, header: None, secret: SecretLocation::Address(user, file) };
    Ok(Some(Sourced { value: credentials, origin: address.origin.clone() }))
}

/// Our own variables, then logcli's with logcli's rules.
fn from_environment(
    voices: ConfigLayers<'_>,
    source: Source,
    names: &BackendNames,
) -> Result<Option<Sourced<Credentials>>, Error> {
    let own = bearer(voices, names.token, names.token_file)?;
    if own.is_some() || source != Source::Loki {
        return Ok(own);
    }
    let basic = voices.variable(&["LOKI_USERNAME"]).map(|user| {
        let secret = SecretLocation::Variable("LOKI_PASSWORD".to_owned());
        user.map(|user| Credentials { scheme: Scheme::Basic(user), header: None, secret })
    });
    let bearer = bearer(voices, "LOKI_BEARER_TOKEN", "LOKI_BEARER_TOKEN_FILE")?;
    if let (Some(basic), Some(bearer)) = (&basic, &bearer) {
        return Err(two_ways(&basic.origin, &bearer.origin));
    }
    let header = voices.variable(&["LOKI_AUTH_HEADER"]).map(|h| h.value);
    let header = header.filter(|header| !header.eq_ignore_ascii_case("authorization"));
    Ok(basic.or(bearer).map(|told| told.map(|credentials| Credentials { header, ..credentials })))
}

fn bearer(
    voices: ConfigLayers<'_>,
    token: &'static str,
    file: &'static str,
) -> Result<Option<Sourced<Credentials>>, Error> {
    let credentials = |secret| Credentials { scheme: Scheme::Bearer, header: None, secret };
    match (voices.variable(&[token]), voices.variable(&[file])) {
        (Some(one), Some(other)) => Err(two_ways(&one.origin, &other.origin)),
        (Some(told), None) => Ok(Some(told.map(|_| credentials(SecretLocation::Variable(token.to_owned()))))),
        (None, Some(told)) => {
            let folder = &voices.surroundings.cwd;
            Ok(Some(told.map(|path| credentials(SecretLocation::File(folder.join(path))))))
        }
        (None, None) => Ok(None),
    }
}

fn two_ways(one: &Origin, other: &Origin) -> Error {
    Error::usage(format!("{one} and {other} are both set"), "there can be only one way to sign in; unset one of them")
}

fn from_files(voices: ConfigLayers<'_>, source: Source) -> Option<Sourced<Credentials>> {
    let (layer, told) = voices.told_in(|p| p.auth(source))?;
    let folder = layer.path.parent().unwrap_or(&layer.path);
    let credentials = Credentials::from_text(told.get_ref(), folder, voices.surroundings.home.as_deref());
    Some(Sourced { value: credentials, origin: origin(layer, told) })
}

/// Whom to trust beyond the system's roots.
fn ca(voices: ConfigLayers<'_>, source: Source, names: &BackendNames) -> Option<Sourced<PathBuf>> {
    let folder = &voices.surroundings.cwd;
    let flag = voices.backends.ca_cert.as_ref().map(|path| Sourced::flag(folder.join(path), "--ca-cert"));
    let given = flag.or_else(|| voices.variable(names.ca).map(|told| told.map(|path| folder.join(path))));
    given.or_else(|| {
        let (layer, told) = voices.told_in(|p| p.tls(source).filter(|tls| tls.get_ref().ca.is_some()))?;
        let folder = layer.path.parent().unwrap_or(&layer.path);
        let value = placed(told.get_ref().ca.as_ref()?, folder, voices.surroundings.home.as_deref());
        Some(Sourced { value, origin: origin(layer, told) })
    })
}

/// Our own certificate: from variables, else from the user's files.
fn client_files(
    voices: ConfigLayers<'_>,
    source: Source,
    names: &BackendNames,
) -> Result<Option<Sourced<ClientFiles>>, Error> {
    let folder = &voices.surroundings.cwd;
    match (voices.variable(names.certificate), voices.variable(names.key)) {
        (Some(certificate), Some(key)) => {
            let key = folder.join(key.value);
            return Ok(Some(certificate.map(|path| ClientFiles { certificate: folder.join(path), key })));
        }
        (Some(one), None) | (None, Some(one)) => {
            let hint = "a client certificate and its key are needed together; set the other one too";
            return Err(Error::usage(format!("{} is set alone", one.origin), hint));
        }
        (None, None) => {}
    }
    let told = voices.told_in(|p| p.tls(source).filter(|tls| tls.get_ref().client.is_some()));
    let Some((layer, told)) = told else { return Ok(None) };
    let folder = layer.path.parent().unwrap_or(&layer.path);
    let place = |path: &PathBuf| placed(path, folder, voices.surroundings.home.as_deref());
    let files = told.get_ref().client.as_ref();
    Ok(files.map(|(certificate, key)| Sourced {
        value: ClientFiles { certificate: place(certificate), key: place(key) },
        origin: origin(layer, told),
    }))
}

/// A project file chooses an address, but not who gets what is the user's: credentials, or the name of a tenant.
fn at_home<T>(
    voices: ConfigLayers<'_>,
    source: Source,
    url: &Sourced<Url>,
    own: Option<Sourced<T>>,
    what: &str,
) -> (Option<Sourced<T>>, Option<String>) {
    let Some(own) = own else { return (None, None) };
    let is_known = || voices.own_addresses(source).any(|known| known.origin() == url.value.origin());
    if !url.origin.is_project() || own.origin.is_project() || is_known() {
        return (Some(own), None);
    }
    let warning = format!(
        "{}: {what} from {} not sent to {}, which {} chose; name this address in your own configuration to do so",
        source.as_str(),
        own.origin,
        address::plain(&url.value),
        url.origin,
    );
    (None, Some(warning))
}
