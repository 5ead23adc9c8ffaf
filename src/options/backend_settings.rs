//! The settings of one backend: its address, and which credentials may be sent there.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::Error;
use crate::model::source::Source;
use crate::options::address::{self, Address};
use crate::options::certificates::{Certificates, ClientFiles};
use crate::options::credentials::{Credentials, Scheme, SecretLocation, resolve_path};
use crate::options::layers::ConfigLayers;
use crate::options::origin::{Origin, Setting};
use crate::options::profile::AddressConfig;

/// One backend as configured.
#[derive(Clone, Debug)]
pub(crate) struct BackendSettings {
    /// Which backend.
    pub(crate) source: Source,
    /// The base URL of its API.
    pub(crate) url: Setting<Url>,
    /// The URL of its web pages, for links.
    pub(crate) ui_url: Option<Setting<Url>>,
    /// The tenant header's value; none to send no such header.
    pub(crate) tenant: Option<Setting<String>>,
    /// How to sign in; the secret itself has not been read yet.
    pub(crate) credentials: Option<Setting<Credentials>>,
    /// Extra certificate authorities and the client certificate; not read yet.
    pub(crate) certificates: Certificates,
    /// Whether `--without` excludes it.
    pub(crate) excluded: bool,
}

/// The flag and the environment variables that configure one backend; of several variables the first set one wins.
struct BackendNames {
    flag: &'static str,
    urls: &'static [&'static str],
    tenants: &'static [&'static str],
    token: &'static str,
    token_file: &'static str,
    ca: &'static [&'static str],
    certificate: &'static [&'static str],
    key: &'static [&'static str],
    default_url: &'static str,
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
    default_url: "http://localhost:16686",
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
    default_url: "http://localhost:3100",
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
    default_url: "http://localhost:9090",
};

/// Resolves the settings of one backend. The strings are warnings about credentials that will not be sent.
pub(crate) fn backend_settings(
    layers: ConfigLayers<'_>,
    source: Source,
) -> Result<(BackendSettings, Vec<String>), Error> {
    let (names, flag) = match source {
        Source::Loki => (&LOKI, &layers.backends.loki_url),
        Source::Prometheus => (&PROMETHEUS, &layers.backends.prometheus_url),
        Source::Jaeger | Source::File | Source::Demo => (&JAEGER, &layers.backends.jaeger_url),
    };
    let address = base_address(layers, source, names, flag.as_ref())?;
    let configured = match credentials_in_address(&address)? {
        Some(credentials) => Some(credentials),
        None => credentials_from_environment(layers, source, names)?.or_else(|| credentials_from_files(layers, source)),
    };
    let url = address.map(|address| address.url);
    let (credentials, unsent) = if_address_is_trusted(layers, source, &url, configured, "credentials");
    let tenant = layers.in_environment(names.tenants).or_else(|| layers.in_files(|p| p.tenant(source)));
    let (tenant, unnamed) = if_address_is_trusted(layers, source, &url, tenant, "the tenant");
    let (client, unshown) =
        if_address_is_trusted(layers, source, &url, client_files(layers, source, names)?, "the client certificate");
    let certificates = Certificates { ca: ca(layers, source, names), client };
    let excluded = layers.backends.without.contains(&source);
    let settings =
        BackendSettings { source, ui_url: ui_url(layers, source)?, tenant, credentials, certificates, excluded, url };
    Ok((settings, unsent.into_iter().chain(unnamed).chain(unshown).collect()))
}

fn base_address(
    layers: ConfigLayers<'_>,
    source: Source,
    names: &BackendNames,
    flag: Option<&SecretString>,
) -> Result<Setting<Address>, Error> {
    let flag = flag.map(|url| Setting::flag(url.clone(), names.flag));
    let variable = || layers.in_environment(names.urls).map(|setting| setting.map(SecretString::from));
    let file = || layers.in_files(|p| p.url(source)).map(|setting| setting.map(AddressConfig::into_secret));
    let text = flag.or_else(variable).or_else(file).unwrap_or_else(|| Setting::default(names.default_url.into()));
    let address = address::parse(text.value.expose_secret(), &text.origin.to_string())?;
    if let (Origin::Flag(flag), Some(_)) = (&text.origin, &address.credentials) {
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
    Ok(Setting { value: address, origin: text.origin })
}

/// The URL of the web pages. User information in it is dropped: it is only ever printed, in links.
fn ui_url(layers: ConfigLayers<'_>, source: Source) -> Result<Option<Setting<Url>>, Error> {
    let Some((layer, text)) = layers.entry_in_files(|p| p.ui_url(source)) else { return Ok(None) };
    let origin = layer.origin(text);
    let url = address::parse(text.get_ref(), &origin.to_string())?.url;
    Ok(Some(Setting { value: url, origin }))
}

fn credentials_in_address(address: &Setting<Address>) -> Result<Option<Setting<Credentials>>, Error> {
    let Some((username, password)) = &address.value.credentials else { return Ok(None) };
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
    let user_info = SecretString::from(format!("{username}:{}", password.expose_secret()));
    let credentials =
        Credentials { scheme: Scheme::UserInfo, header: None, secret: SecretLocation::Address(user_info, file) };
    Ok(Some(Setting { value: credentials, origin: address.origin.clone() }))
}

/// From our own variables, else from logcli's with logcli's rules.
fn credentials_from_environment(
    layers: ConfigLayers<'_>,
    source: Source,
    names: &BackendNames,
) -> Result<Option<Setting<Credentials>>, Error> {
    let own = bearer_token(layers, names.token, names.token_file)?;
    if own.is_some() || source != Source::Loki {
        return Ok(own);
    }
    let basic = layers.in_environment(&["LOKI_USERNAME"]).map(|user| {
        let secret = SecretLocation::Variable("LOKI_PASSWORD".to_owned());
        user.map(|user| Credentials { scheme: Scheme::Basic(user), header: None, secret })
    });
    let bearer = bearer_token(layers, "LOKI_BEARER_TOKEN", "LOKI_BEARER_TOKEN_FILE")?;
    if let (Some(basic), Some(bearer)) = (&basic, &bearer) {
        return Err(both_set(&basic.origin, &bearer.origin));
    }
    let header = layers.in_environment(&["LOKI_AUTH_HEADER"]).map(|h| h.value);
    let header = header.filter(|header| !header.eq_ignore_ascii_case("authorization"));
    Ok(basic.or(bearer).map(|setting| setting.map(|credentials| Credentials { header, ..credentials })))
}

fn bearer_token(
    layers: ConfigLayers<'_>,
    token: &'static str,
    file: &'static str,
) -> Result<Option<Setting<Credentials>>, Error> {
    let credentials = |secret| Credentials { scheme: Scheme::Bearer, header: None, secret };
    match (layers.in_environment(&[token]), layers.in_environment(&[file])) {
        (Some(token), Some(file)) => Err(both_set(&token.origin, &file.origin)),
        (Some(setting), None) => Ok(Some(setting.map(|_| credentials(SecretLocation::Variable(token.to_owned()))))),
        (None, Some(setting)) => {
            let folder = &layers.environment.cwd;
            Ok(Some(setting.map(|path| credentials(SecretLocation::File(folder.join(path))))))
        }
        (None, None) => Ok(None),
    }
}

fn both_set(first: &Origin, second: &Origin) -> Error {
    Error::usage(
        format!("{first} and {second} are both set"),
        "there can be only one way to sign in; unset one of them",
    )
}

fn credentials_from_files(layers: ConfigLayers<'_>, source: Source) -> Option<Setting<Credentials>> {
    let (layer, auth) = layers.entry_in_files(|p| p.auth(source))?;
    let folder = layer.path.parent().unwrap_or(&layer.path);
    let credentials = Credentials::from_config(auth.get_ref(), folder, layers.environment.home.as_deref());
    Some(Setting { value: credentials, origin: layer.origin(auth) })
}

/// The file with certificate authorities to trust beyond the system's.
fn ca(layers: ConfigLayers<'_>, source: Source, names: &BackendNames) -> Option<Setting<PathBuf>> {
    let folder = &layers.environment.cwd;
    let flag = layers.backends.ca_cert.as_ref().map(|path| Setting::flag(folder.join(path), "--ca-cert"));
    let given = flag.or_else(|| layers.in_environment(names.ca).map(|setting| setting.map(|path| folder.join(path))));
    given.or_else(|| {
        let (layer, tls) = layers.entry_in_files(|p| p.tls(source).filter(|tls| tls.get_ref().ca.is_some()))?;
        let folder = layer.path.parent().unwrap_or(&layer.path);
        let value = resolve_path(tls.get_ref().ca.as_ref()?, folder, layers.environment.home.as_deref());
        Some(Setting { value, origin: layer.origin(tls) })
    })
}

/// The client certificate: from variables, else from the configuration files.
fn client_files(
    layers: ConfigLayers<'_>,
    source: Source,
    names: &BackendNames,
) -> Result<Option<Setting<ClientFiles>>, Error> {
    let folder = &layers.environment.cwd;
    match (layers.in_environment(names.certificate), layers.in_environment(names.key)) {
        (Some(certificate), Some(key)) => {
            let key = folder.join(key.value);
            return Ok(Some(certificate.map(|path| ClientFiles { certificate: folder.join(path), key })));
        }
        (Some(alone), None) | (None, Some(alone)) => {
            let hint = "a client certificate and its key are needed together; set the other one too";
            return Err(Error::usage(format!("{} is set alone", alone.origin), hint));
        }
        (None, None) => {}
    }
    let entry = layers.entry_in_files(|p| p.tls(source).filter(|tls| tls.get_ref().client.is_some()));
    let Some((layer, tls)) = entry else { return Ok(None) };
    let folder = layer.path.parent().unwrap_or(&layer.path);
    let resolved = |path: &PathBuf| resolve_path(path, folder, layers.environment.home.as_deref());
    let files = tls.get_ref().client.as_ref();
    Ok(files.map(|(certificate, key)| Setting {
        value: ClientFiles { certificate: resolved(certificate), key: resolved(key) },
        origin: layer.origin(tls),
    }))
}

/// The user's credentials (or tenant, or certificate), unless a project file chose the address: a checked-out
/// repository must not be able to have them sent to its author. Addresses that the user's own files name are trusted.
/// The string is a warning about what will not be sent, described by `what`.
fn if_address_is_trusted<T>(
    layers: ConfigLayers<'_>,
    source: Source,
    url: &Setting<Url>,
    configured: Option<Setting<T>>,
    what: &str,
) -> (Option<Setting<T>>, Option<String>) {
    let Some(configured) = configured else { return (None, None) };
    let is_known = || layers.user_addresses(source).any(|known| known.origin() == url.value.origin());
    if !url.origin.is_project() || configured.origin.is_project() || is_known() {
        return (Some(configured), None);
    }
    let warning = format!(
        "{}: {what} from {} not sent to {}, which {} chose; name this address in your own configuration to do so",
        source.as_str(),
        configured.origin,
        address::without_trailing_slash(&url.value),
        url.origin,
    );
    (None, Some(warning))
}
