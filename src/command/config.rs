//! `trace config show`: what is configured, and where each value came from.

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::command::{Context, Outcome, printable};
use crate::error::Error;
use crate::model::time::{Human, Zone};
use crate::options::address::plain;
use crate::options::backends::{APIS, BackendArgs};
use crate::options::origin::{Origin, Sourced};
use crate::options::settings::Settings;
use crate::options::target::Target;
use crate::render::Format;

/// Flags.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the configuration.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Action {
    /// Every value in force and where it came from; secrets never
    Show(ShowArgs),
}

/// Flags of `show`: those of a command that asks, to see what they would do.
#[derive(clap::Args, Clone, Debug)]
pub struct ShowArgs {
    /// Whom to ask.
    #[command(flatten)]
    pub backends: BackendArgs,
}

impl Args {
    /// The flags that say whom to ask.
    pub fn backends(&self) -> &BackendArgs {
        let Action::Show(args) = &self.action;
        &args.backends
    }
}

/// Runs it.
///
/// # Errors
/// None of its own; a broken configuration is told before.
#[expect(clippy::unused_async, reason = "every command runs in the same way")]
pub async fn run(_: &Args, context: &Context) -> Result<Outcome, Error> {
    let values = values(&context.settings);
    Ok(Outcome::answered(match context.format() {
        Format::Table => table(&context.settings, &values),
        Format::Json => format!("{:#}\n", document(&context.settings, &values)),
    }))
}

/// One value: its name, itself for machines, itself for people, and where it came from.
struct Shown {
    name: String,
    value: Value,
    text: String,
    origin: Origin,
}

fn shown<T>(name: impl Into<String>, told: &Sourced<T>, value: impl Into<Value>, text: impl Into<String>) -> Shown {
    Shown { name: name.into(), value: value.into(), text: text.into(), origin: told.origin.clone() }
}

fn values(settings: &Settings) -> Vec<Shown> {
    let mut all: Vec<Shown> = settings.targets().into_iter().flat_map(target).collect();
    let api = APIS.iter().find(|(_, api)| *api == settings.jaeger_api.value).map_or("auto", |(word, _)| word);
    all.push(shown("jaeger.api", &settings.jaeger_api, api, api));
    all.extend(settings.loki_selector.iter().map(|s| text("loki.selector", s, &s.value)));
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
    all.push(length("timeout", &settings.timeout_ns));
    all.push(length("settle", &settings.settle_ns));
    all.extend(settings.limits.iter().map(|(name, limit)| shown(*name, limit, limit.value, limit.value.to_string())));
    all
}

fn target(target: &Target) -> Vec<Shown> {
    let name = |key| format!("{}.{key}", target.source.word());
    let url = plain(&target.url.value);
    let url_text = if target.left_out { format!("{url} (left out by --without)") } else { url.to_owned() };
    let mut all = vec![shown(name("url"), &target.url, url, url_text)];
    all.extend(target.tenant.iter().map(|tenant| text(name("tenant"), tenant, &tenant.value)));
    all.extend(target.credentials.iter().map(|c| text(name("auth"), c, &c.value.to_string())));
    all.extend(target.ui_url.iter().map(|ui| text(name("ui_url"), ui, plain(&ui.value))));
    all
}

fn text<T>(name: impl Into<String>, told: &Sourced<T>, text: &str) -> Shown {
    shown(name, told, text, text)
}

fn list<T: ToString>(name: &str, told: &Sourced<Vec<T>>) -> Shown {
    let texts: Vec<String> = told.value.iter().map(ToString::to_string).collect();
    let text = if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
    shown(name, told, texts, text)
}

fn panels(settings: &Settings) -> Shown {
    let panels = &settings.panels.value;
    let names: Vec<&str> = panels.iter().map(|panel| panel.name.as_str()).collect();
    let text = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let all: Vec<Value> = panels.iter().map(|p| json!({ "name": p.name, "query": p.query })).collect();
    shown("panels", &settings.panels, all, text)
}

fn length(name: &str, told: &Sourced<i64>) -> Shown {
    Shown { value: json!(told.value), ..text(name, told, &Human(told.value).to_string()) }
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

fn table(settings: &Settings, values: &[Shown]) -> String {
    let profile = settings.profile.as_ref().map(|(name, from)| format!("{name} (from {from})"));
    let mut lines = vec![format!("profile  {}", printable(profile.as_deref().unwrap_or("none")))];
    lines.extend(
        settings
            .files
            .iter()
            .map(|(owner, path)| format!("file     {} ({})", printable(&path.display().to_string()), owner.word())),
    );
    if settings.files.is_empty() {
        lines.push("file     none".to_owned());
    }
    lines.push(String::new());
    let rows: Vec<[String; 3]> =
        values.iter().map(|v| [v.name.clone(), printable(&v.text), printable(&v.origin.to_string())]).collect();
    let widest = |column: usize| rows.iter().map(|row| row[column].width()).filter(|w| *w <= 60).max().unwrap_or(0);
    let (names, texts) = (widest(0), widest(1));
    lines.extend(rows.iter().map(|[name, text, origin]| {
        let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
        format!("{name}{}  {text}{}  {origin}", pad(name, names), pad(text, texts))
    }));
    lines.join("\n") + "\n"
}

fn document(settings: &Settings, values: &[Shown]) -> Value {
    let profile = settings.profile.as_ref().map(|(name, from)| json!({ "name": name, "from": from }));
    let files: Vec<Value> =
        settings.files.iter().map(|(o, p)| json!({ "owner": o.word(), "path": p.display().to_string() })).collect();
    let values: Vec<Value> = values
        .iter()
        .map(|v| json!({ "name": v.name, "value": v.value, "origin": v.origin.word(), "from": v.origin.to_string() }))
        .collect();
    json!({
        "schema_version": 1,
        "report": "config",
        "profile": profile,
        "files": files,
        "values": values,
        "warnings": settings.warnings,
    })
}
