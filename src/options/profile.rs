//! What a configuration file may say: one strict shape, every value with its place in the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use toml::Spanned;

use crate::model::evidence::Source;
use crate::model::pattern::Pattern;
use crate::model::time::Zone;
use crate::options::phases::PhasesPart;
use crate::query::PanelTemplate;
use crate::source::server::JaegerApi;

/// A value and where in its file it stands.
pub type Provided<T> = Option<Spanned<T>>;

/// The settings of one profile; the top level of a file is one too.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// Attribute keys under which a correlation ID may stand.
    pub keys: Provided<Vec<String>>,
    /// Services to ask where services must be asked one by one.
    pub services: Provided<Vec<String>>,
    /// Topics that nobody here consumes.
    pub external_topics: Provided<Vec<PatternText>>,
    /// Hosts that are not ours.
    pub external_hosts: Provided<Vec<PatternText>>,
    /// The share of traces that is kept, above 0 and up to 1.
    pub sampling: Provided<SamplingShare>,
    /// In which zone times are shown and read.
    pub timezone: Provided<ZoneText>,
    /// Where spans are.
    pub jaeger: JaegerPart,
    /// Where lines are.
    pub loki: LokiPart,
    /// Where metrics are.
    pub prometheus: PrometheusPart,
    /// What is asked about phases.
    pub phases: PhasesPart,
    /// Charts to show.
    pub panels: Option<Vec<Spanned<PanelText>>>,
}

/// `[jaeger]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JaegerPart {
    /// Base address.
    pub url: Provided<AddressText>,
    /// Which of its APIs.
    pub api: Provided<ApiText>,
    /// Address of its pages, for links.
    pub ui_url: Provided<String>,
    /// `x-tenant`.
    pub tenant: Provided<String>,
    /// Who is asking.
    pub auth: Provided<AuthText>,
    /// Certificates.
    pub tls: Provided<TlsText>,
}

/// `[loki]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LokiPart {
    /// Base address.
    pub url: Provided<AddressText>,
    /// Stream selector.
    pub selector: Provided<String>,
    /// `X-Scope-OrgID`.
    pub tenant: Provided<String>,
    /// Address of pages that show lines, for links.
    pub ui_url: Provided<String>,
    /// Who is asking.
    pub auth: Provided<AuthText>,
    /// Certificates.
    pub tls: Provided<TlsText>,
}

/// `[prometheus]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrometheusPart {
    /// Base address.
    pub url: Provided<AddressText>,
    /// `X-Scope-OrgID`.
    pub tenant: Provided<String>,
    /// Address of its pages, for links.
    pub ui_url: Provided<String>,
    /// Who is asking.
    pub auth: Provided<AuthText>,
    /// Certificates.
    pub tls: Provided<TlsText>,
}

impl Profile {
    /// A backend's address.
    pub fn url(&self, source: Source) -> Option<&Spanned<AddressText>> {
        match source {
            Source::Jaeger => self.jaeger.url.as_ref(),
            Source::Loki => self.loki.url.as_ref(),
            Source::Prometheus => self.prometheus.url.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// The address of a backend's pages.
    pub fn ui_url(&self, source: Source) -> Option<&Spanned<String>> {
        match source {
            Source::Jaeger => self.jaeger.ui_url.as_ref(),
            Source::Loki => self.loki.ui_url.as_ref(),
            Source::Prometheus => self.prometheus.ui_url.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// A backend's tenant.
    pub fn tenant(&self, source: Source) -> Option<&Spanned<String>> {
        match source {
            Source::Jaeger => self.jaeger.tenant.as_ref(),
            Source::Loki => self.loki.tenant.as_ref(),
            Source::Prometheus => self.prometheus.tenant.as_ref(),
            Source::File | Source::Demo => None,
        }
    }

    /// How to prove who is asking a backend.
    pub fn auth(&self, source: Source) -> Option<&Spanned<AuthText>> {
        match source {
            Source::Jaeger => self.jaeger.auth.as_ref(),
            Source::Loki => self.loki.auth.as_ref(),
            Source::Prometheus => self.prometheus.auth.as_ref(),
            Source::File | Source::Demo => None,
        }
    }
}

impl Profile {
    /// A backend's certificates.
    pub fn tls(&self, source: Source) -> Option<&Spanned<TlsText>> {
        match source {
            Source::Jaeger => self.jaeger.tls.as_ref(),
            Source::Loki => self.loki.tls.as_ref(),
            Source::Prometheus => self.prometheus.tls.as_ref(),
            Source::File | Source::Demo => None,
        }
    }
}

/// A file's own choice of profile, and its profiles by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Head {
    /// Which profile unless one is asked for.
    pub default_profile: Provided<String>,
    /// What the named profiles say over the top level.
    pub profiles: BTreeMap<String, Profile>,
}

/// How to prove who is asking; never the secret itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthText {
    /// User name and password.
    Basic(BasicText),
    /// A bearer token in a file.
    BearerFile(PathBuf),
    /// A bearer token in a variable.
    BearerEnv(String),
    /// Some header.
    Header(HeaderText),
    /// A program that prints a bearer token.
    Command(CommandText),
}

/// `{ ca, cert, key }`: files in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "TlsFields")]
pub struct TlsText {
    /// One's own authorities.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFields {
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TryFrom<TlsFields> for TlsText {
    type Error = &'static str;
    fn try_from(fields: TlsFields) -> Result<Self, Self::Error> {
        let client = match (fields.cert, fields.key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return Err("`cert` and `key` are needed together"),
        };
        Ok(Self { ca: fields.ca, client })
    }
}

/// Where a secret is.
#[derive(Clone, Debug)]
pub enum SecretText {
    /// In a file.
    File(PathBuf),
    /// In a variable.
    Env(String),
}

/// `{ username, password_file | password_env }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BasicFields")]
pub struct BasicText {
    /// The user name.
    pub username: String,
    /// Where the password is.
    pub password: SecretText,
}

/// `{ name, value_file | value_env }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "HeaderFields")]
pub struct HeaderText {
    /// The header's name.
    pub name: String,
    /// Where its value is.
    pub value: SecretText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasicFields {
    username: String,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderFields {
    name: String,
    value_file: Option<PathBuf>,
    value_env: Option<String>,
}

impl TryFrom<BasicFields> for BasicText {
    type Error = &'static str;
    fn try_from(fields: BasicFields) -> Result<Self, Self::Error> {
        let password = one_place(fields.password_file, fields.password_env)
            .ok_or("exactly one of `password_file` and `password_env` is needed")?;
        Ok(Self { username: fields.username, password })
    }
}

impl TryFrom<HeaderFields> for HeaderText {
    type Error = &'static str;
    fn try_from(fields: HeaderFields) -> Result<Self, Self::Error> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if fields.name.is_empty() || !fields.name.chars().all(is_token) {
            return Err("`name` is no header name");
        }
        let value = one_place(fields.value_file, fields.value_env)
            .ok_or("exactly one of `value_file` and `value_env` is needed")?;
        Ok(Self { name: fields.name, value })
    }
}

fn one_place(file: Option<PathBuf>, env: Option<String>) -> Option<SecretText> {
    match (file, env) {
        (Some(file), None) => Some(SecretText::File(file)),
        (None, Some(env)) => Some(SecretText::Env(env)),
        _ => None,
    }
}

/// A program and its arguments; never a shell.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct CommandText(pub Vec<String>);

impl TryFrom<Vec<String>> for CommandText {
    type Error = &'static str;
    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_none_or(String::is_empty) { Err("a command needs a program") } else { Ok(Self(words)) }
    }
}

/// An address in a file: it may hold a password, and so it does not print.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub struct AddressText(SecretString);

impl From<String> for AddressText {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl AddressText {
    /// The address as it stands there, to be read and not to be shown.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The same, still hidden.
    pub fn hidden(self) -> SecretString {
        self.0
    }
}

/// A [`Pattern`] in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct PatternText(pub Pattern);

impl TryFrom<String> for PatternText {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Pattern::parse(&text).map(Self)
    }
}

/// A share above 0 and up to 1.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "f64")]
pub struct SamplingShare(pub f64);

impl TryFrom<f64> for SamplingShare {
    type Error = &'static str;
    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if share > 0.0 && share <= 1.0 { Ok(Self(share)) } else { Err("a share is above 0 and at most 1") }
    }
}

/// A [`Zone`] in a file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct ZoneText(pub Zone);

impl TryFrom<String> for ZoneText {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Zone::parse(&text).map(Self).ok_or("a time zone is `local`, `utc` or an offset such as `+02:00`")
    }
}

/// `auto`, `v1` or `v3`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiText {
    /// Whichever answers.
    Auto,
    /// `/api/traces`.
    V1,
    /// `/api/v3/traces`.
    V3,
}

impl From<ApiText> for JaegerApi {
    fn from(text: ApiText) -> Self {
        match text {
            ApiText::Auto => Self::Auto,
            ApiText::V1 => Self::V1,
            ApiText::V3 => Self::V3,
        }
    }
}

/// `[[panels]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelText {
    name: String,
    query: String,
}

impl From<&PanelText> for PanelTemplate {
    fn from(text: &PanelText) -> Self {
        Self { name: text.name.clone(), query: text.query.clone() }
    }
}
