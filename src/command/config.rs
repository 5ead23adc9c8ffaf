//! `trace config show`: what is configured, and where each value came from.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::command::{Context, Outcome, Subcommand};
use crate::error::Error;
use crate::model::provenance::Provenance;
use crate::model::time::{Human, Zone};
use crate::options::address::without_trailing_slash;
use crate::options::backend_settings::BackendSettings;
use crate::options::backends::{APIS, BackendArgs};
use crate::options::layers::ConfigSources;
use crate::options::origin::{FileOwner, Origin, Setting};
use crate::options::settings::Settings;
use crate::report::Report;
use crate::report::config::{ConfigFileRecord, ConfigProfile, ConfigReport, ConfigValue};
use crate::source::server::transport::format_size;

/// The flags of the command.
#[derive(clap::Args, Clone, Debug)]
pub struct ConfigArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What to do with the configuration.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum ConfigAction {
    /// Every value in force and where it came from; secrets never
    Show(ConfigShowArgs),
}

/// Flags of `show`: those of a command that asks, to see what they would do.
#[derive(clap::Args, Clone, Debug)]
pub struct ConfigShowArgs {
    /// The backends.
    #[command(flatten)]
    pub backends: BackendArgs,
}

impl Subcommand for ConfigArgs {
    const EXAMPLES: Option<&'static str> = None;

    fn backends(&self) -> Option<&BackendArgs> {
        let ConfigAction::Show(args) = &self.action;
        Some(&args.backends)
    }

    fn config_sources(&self) -> ConfigSources {
        ConfigSources::FilesAndEnvironment
    }

    async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let config = report(&context.settings, values(&context.settings));
        Ok(context.show_without_session(&Report::new(Provenance::default(), config)))
    }
}

/// One value: its name, itself for machines, itself for people, and where it came from.
struct ShownValue {
    name: String,
    value: Value,
    text: String,
    origin: Origin,
}

fn shown<T>(
    name: impl Into<String>,
    setting: &Setting<T>,
    value: impl Into<Value>,
    text: impl Into<String>,
) -> ShownValue {
    ShownValue { name: name.into(), value: value.into(), text: text.into(), origin: setting.origin.clone() }
}

fn values(settings: &Settings) -> Vec<ShownValue> {
    let mut all: Vec<ShownValue> = settings.backend_settings().into_iter().flat_map(target).collect();
    let api = APIS.iter().find(|(_, api)| *api == settings.jaeger_api.value).map_or("auto", |(word, _)| word);
    all.push(shown("jaeger.api", &settings.jaeger_api, api, api));
    all.push(maybe("loki.selector", settings.loki_selector.as_ref(), String::clone));
    // The backends' values together, in the order of their names.
    all.sort_by_key(|one| one.name.split('.').next().unwrap_or_default().to_owned());
    all.push(list("keys", &settings.keys));
    all.push(list("services", &settings.services));
    all.push(list("external_topics", &settings.external_topics));
    all.push(list("external_hosts", &settings.external_hosts));
    all.push(shown("sampling", &settings.sampling, settings.sampling.value, settings.sampling.value.to_string()));
    let zone = zone(settings.zone.value);
    all.push(text("timezone", &settings.zone, &zone));
    all.push(panels(settings));
    all.extend(settings.phases.keyed_settings().map(|(name, setting)| text(name, setting, &setting.value)));
    all.push(list("phases.in_progress", &settings.phases.in_progress));
    all.push(list("phases.order", &settings.phases.order));
    all.push(length("timeout", &settings.timeout_ns));
    all.push(length("connect_timeout", &settings.connect_timeout_ns));
    all.push(length("idle_timeout", &settings.idle_timeout_ns));
    all.push(length("settle", &settings.settle_ns));
    all.extend(settings.limits.iter().map(|(name, limit)| shown(*name, limit, limit.value, limit.value.to_string())));
    all.push(shown(
        "max_answer",
        &settings.max_answer,
        settings.max_answer.value,
        format_size(settings.max_answer.value),
    ));
    all
}

fn target(target: &BackendSettings) -> Vec<ShownValue> {
    let name = |key| format!("{}.{key}", target.source.as_str());
    let url = without_trailing_slash(&target.url.value);
    let url_text = if target.excluded { format!("{url} (left out by --without)") } else { url.to_owned() };
    let mut all = vec![shown(name("url"), &target.url, url, url_text)];
    all.push(maybe(name("tenant"), target.tenant.as_ref(), String::clone));
    all.push(maybe(name("auth"), target.credentials.as_ref(), ToString::to_string));
    if let Some(ca) = &target.certificates.ca {
        all.push(text(name("tls.ca"), ca, &ca.value.display().to_string()));
    }
    if let Some(client) = &target.certificates.client {
        all.push(text(name("tls.cert"), client, &client.value.certificate.display().to_string()));
        all.push(text(name("tls.key"), client, &client.value.key.display().to_string()));
    }
    all.push(maybe(name("ui_url"), target.ui_url.as_ref(), |url| without_trailing_slash(url).to_owned()));
    all
}

/// A value that may not be set.
fn maybe<T>(name: impl Into<String>, setting: Option<&Setting<T>>, say: impl Fn(&T) -> String) -> ShownValue {
    match setting {
        Some(setting) => text(name, setting, &say(&setting.value)),
        None => shown(name, &Setting::default(()), Value::Null, "none"),
    }
}

fn text<T>(name: impl Into<String>, setting: &Setting<T>, text: &str) -> ShownValue {
    shown(name, setting, text, text)
}

fn list<T: ToString>(name: &str, setting: &Setting<Vec<T>>) -> ShownValue {
    let texts: Vec<String> = setting.value.iter().map(ToString::to_string).collect();
    let text = if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
    shown(name, setting, texts, text)
}

fn panels(settings: &Settings) -> ShownValue {
    let panels = &settings.panels.value;
    let names: Vec<&str> = panels.iter().map(|panel| panel.name.as_str()).collect();
    let text = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let all: Vec<Value> = panels.iter().map(|p| json!({ "name": p.name, "query": p.query })).collect();
    shown("panels", &settings.panels, all, text)
}

fn length(name: &str, setting: &Setting<i64>) -> ShownValue {
    ShownValue { value: json!(setting.value), ..text(name, setting, &Human(setting.value).to_string()) }
}

fn zone(zone: Zone) -> String {
    match zone {
        Zone::Local => "local".to_owned(),
        Zone::Utc => "utc".to_owned(),
        Zone::Offset(seconds) => {
            let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    }
}

fn report(settings: &Settings, values: Vec<ShownValue>) -> ConfigReport {
    let value = |shown: ShownValue| ConfigValue {
        name: shown.name,
        value: shown.value,
        text: shown.text,
        origin: shown.origin.as_str().to_owned(),
        from: shown.origin.to_string(),
    };
    let file = |(owner, path): &(FileOwner, PathBuf)| ConfigFileRecord {
        owner: owner.as_str().to_owned(),
        path: path.display().to_string(),
    };
    ConfigReport {
        profile: settings.profile.clone().map(|(name, from)| ConfigProfile { name, from }),
        files: settings.files.iter().map(file).collect(),
        values: values.into_iter().map(value).collect(),
        warnings: settings.warnings.clone(),
    }
}
