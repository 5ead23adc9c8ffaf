//! Resolves all settings: flag > environment > project file > user file > default, each value with its origin.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::error::Error;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::pattern::Pattern;
use crate::model::source::Source;
use crate::model::time::{SECOND, Zone};
use crate::options::address::proxy_credentials;
use crate::options::backend_settings::{BackendSettings, backend_settings};
use crate::options::backends::{APIS, BackendArgs, LimitArgs};
use crate::options::credentials::secret_variables;
use crate::options::environment::Environment;
use crate::options::files::{ActiveProfile, load_files, select_profile};
use crate::options::layers::{ConfigLayers, ConfigSources};
use crate::options::origin::{FileOwner, Origin, Setting};
use crate::options::output::OutputArgs;
use crate::options::phases::PhaseSettings;
use crate::options::profile::{PatternConfig, Profile, Provided};
use crate::query::{Bounds, PanelTemplate, SETTLE};
use crate::source::server::auth::{Auth, Tls};
use crate::source::server::backends::Backends;
use crate::source::server::endpoint::{Endpoint, JaegerApi};

/// Nanoseconds for all requests of a command: several rounds of slow answers, and still a wait at a terminal.
const DEFAULT_TIMEOUT: i64 = 30 * SECOND;
/// Nanoseconds for connecting, TLS included: an unreachable host should not use up the time of the others.
const DEFAULT_CONNECT_TIMEOUT: i64 = 3 * SECOND;
/// Nanoseconds between two pieces of an answer: a server that streams pauses for less.
const DEFAULT_IDLE_TIMEOUT: i64 = 5 * SECOND;
/// Bytes of one unpacked answer: the largest journeys fit, while a runaway answer does not exhaust memory.
const DEFAULT_MAX_ANSWER: usize = 256 << 20;

/// Which configuration to read. Accepted before and after the command's name.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigFileArgs {
    /// The only configuration file to read.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Read this configuration file and no other [env: TRACE_CONFIG]"
    )]
    pub config: Option<PathBuf>,
    /// The profile to use.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help = "Use this profile of the configuration [env: TRACE_PROFILE]"
    )]
    pub profile: Option<String>,
}

/// All settings, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The selected profile and where it was selected; none if only the top level of the files applies.
    pub(crate) profile: Option<(String, String)>,
    /// The files that were read, the project's first.
    pub(crate) files: Vec<(FileOwner, PathBuf)>,
    /// The span backend.
    pub(crate) jaeger: BackendSettings,
    /// The log backend.
    pub(crate) loki: BackendSettings,
    /// The metrics backend.
    pub(crate) prometheus: BackendSettings,
    /// Which of Jaeger's APIs to use.
    pub(crate) jaeger_api: Setting<JaegerApi>,
    /// The Loki stream selector; none to detect one.
    pub(crate) loki_selector: Option<Setting<String>>,
    /// Attribute keys that may hold the correlation ID, likeliest first.
    pub(crate) keys: Setting<Vec<String>>,
    /// Services to search where a backend can search only by service; empty means all.
    pub(crate) services: Setting<Vec<String>>,
    /// Charts to show.
    pub(crate) panels: Setting<Vec<PanelTemplate>>,
    /// What `trace phases` queries.
    pub(crate) phases: PhaseSettings,
    /// Topics whose consumers are not traced.
    pub(crate) external_topics: Setting<Vec<Pattern>>,
    /// Hosts that are not traced.
    pub(crate) external_hosts: Setting<Vec<Pattern>>,
    /// The share of traces that is stored, above 0 and up to 1.
    pub(crate) sampling: Setting<f64>,
    /// The zone in which times are shown and parsed.
    pub(crate) zone: Setting<Zone>,
    /// Nanoseconds for all requests of a command.
    pub(crate) timeout_ns: Setting<i64>,
    /// Nanoseconds for connecting, TLS included.
    pub(crate) connect_timeout_ns: Setting<i64>,
    /// Nanoseconds an answer that has begun may pause.
    pub(crate) idle_timeout_ns: Setting<i64>,
    /// Maximum bytes of one unpacked answer.
    pub(crate) max_answer: Setting<usize>,
    /// Nanoseconds after its last span until a journey counts as finished.
    pub(crate) settle_ns: Setting<i64>,
    /// Limits on requests and on what is kept.
    pub(crate) bounds: Bounds,
    /// The limits that have flags, by their names in `trace config`.
    pub(crate) limits: [(&'static str, Setting<usize>); 8],
    /// Warnings for the user.
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    /// Resolves all settings. Reads no secret and sends nothing.
    ///
    /// # Errors
    /// Config: an error in a file. Usage: in a flag or variable.
    pub(crate) fn load(
        sources: ConfigSources,
        config: &ConfigFileArgs,
        output: &OutputArgs,
        backends: &BackendArgs,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let profile = match sources {
            ConfigSources::FilesAndEnvironment => {
                let files = load_files(config.config.as_deref(), environment)?;
                select_profile(files, config.profile.as_deref(), environment)?
            }
            ConfigSources::FlagsOnly => ActiveProfile::default(),
        };
        ConfigLayers { sources, backends, output, environment, profile: &profile }.settings()
    }

    /// The three backends: spans, logs, metrics.
    pub(crate) fn backend_settings(&self) -> [&BackendSettings; 3] {
        [&self.jaeger, &self.loki, &self.prometheus]
    }

    /// The backends with their credentials. Reads secret files and runs programs that print tokens, for all backends at
    /// the same time. A secret that cannot be read affects only its backend.
    pub(crate) fn backends(&self, environment: &Environment) -> Backends {
        let credentials = self.backend_settings().into_iter().filter_map(|backend| backend.credentials.as_ref());
        let variables = secret_variables(credentials.map(|credentials| &credentials.value));
        let timeout = Duration::from_nanos(self.timeout_ns.value.unsigned_abs());
        let identity = |backend: &BackendSettings| {
            let auth = match &backend.credentials {
                Some(credentials) => credentials.value.resolve(environment, &variables, timeout)?,
                None => Auth::None,
            };
            Ok::<_, Error>((auth, backend.certificates.read()?))
        };
        let mut identities: BTreeMap<Source, (Auth, Tls)> = thread::scope(|scope| {
            let included = self.backend_settings().into_iter().filter(|backend| !backend.excluded);
            let threads: Vec<_> = included
                .map(|backend| (backend.source, thread::Builder::new().spawn_scoped(scope, || identity(backend))))
                .collect();
            let identities = threads.into_iter().map(|(source, thread)| {
                let identity = thread.map(|thread| thread.join().unwrap_or_else(|bug| resume_unwind(bug)));
                let identity =
                    identity.unwrap_or_else(|why| Err(Error::Secret(format!("the secret cannot be read: {why}"))));
                (source, identity.unwrap_or_else(|why| (Auth::Missing(why.to_string()), Tls::default())))
            });
            identities.collect()
        });
        let mut backends = self.backends_with(|backend| identities.remove(&backend.source).unwrap_or_default());
        backends.mask(&proxy_credentials(environment));
        backends
    }

    /// The backends for a recording, which needs no credentials.
    pub(crate) fn backends_without_credentials(&self) -> Backends {
        self.backends_with(|_| (Auth::None, Tls::default()))
    }

    fn backends_with(&self, mut identity: impl FnMut(&BackendSettings) -> (Auth, Tls)) -> Backends {
        let mut endpoint = |backend: &BackendSettings| {
            if backend.excluded {
                return None;
            }
            let (auth, tls) = identity(backend);
            Some(Endpoint {
                source: backend.source,
                url: backend.url.value.clone(),
                url_from: backend.url.origin.to_string(),
                // Credentials for the default address show that a backend is meant to be there.
                configured: backend.url.origin != Origin::Default || backend.credentials.is_some(),
                auth,
                tls,
                backends_at_origin: self.backends_at_origin(backend),
                mask: Arc::default(),
                tenant: backend.tenant.as_ref().map(|tenant| tenant.value.clone()),
            })
        };
        Backends {
            spans: endpoint(&self.jaeger),
            logs: endpoint(&self.loki),
            metrics: endpoint(&self.prometheus),
            jaeger_api: self.jaeger_api.value,
            streams: self.loki_selector.as_ref().map(|selector| selector.value.clone()),
        }
    }

    /// How many backends have the same origin as this one, itself included: they share its limit of requests in flight.
    fn backends_at_origin(&self, backend: &BackendSettings) -> usize {
        let origin = backend.url.value.origin();
        self.backend_settings()
            .into_iter()
            .filter(|other| !other.excluded && other.url.value.origin() == origin)
            .count()
    }
}

impl<'a> ConfigLayers<'a> {
    fn settings(self) -> Result<Settings, Error> {
        let mut warnings = self.profile.warnings.clone();
        let mut backend = |source| -> Result<BackendSettings, Error> {
            let (settings, unsent) = backend_settings(self, source)?;
            warnings.extend(unsent);
            Ok(settings)
        };
        let (jaeger, loki, prometheus) =
            (backend(Source::Jaeger)?, backend(Source::Loki)?, backend(Source::Prometheus)?);
        if jaeger.excluded && loki.excluded && prometheus.excluded {
            return Err(Error::usage("--without leaves nobody to ask", "leave one of jaeger, loki, prometheus in"));
        }
        self.check_ca_cert()?;
        let limits = limits(&self.backends.limits);
        Ok(Settings {
            profile: self.profile.name.clone(),
            files: self.files(),
            jaeger,
            loki,
            prometheus,
            jaeger_api: self.jaeger_api()?,
            loki_selector: self.loki_selector()?,
            keys: self.keys()?,
            services: self.list(|p| &p.services),
            panels: self.panels()?,
            phases: self.phases()?,
            external_topics: self.patterns(|p| &p.external_topics),
            external_hosts: self.patterns(|p| &p.external_hosts),
            sampling: self
                .in_files(|p| p.sampling.as_ref())
                .map_or(Setting::default(1.0), |setting| setting.map(|share| share.0)),
            zone: self.zone()?,
            timeout_ns: duration_setting(self.backends.timeout, "--timeout", DEFAULT_TIMEOUT),
            connect_timeout_ns: duration_setting(
                self.backends.connect_timeout,
                "--connect-timeout",
                DEFAULT_CONNECT_TIMEOUT,
            ),
            idle_timeout_ns: duration_setting(self.backends.idle_timeout, "--idle-timeout", DEFAULT_IDLE_TIMEOUT),
            max_answer: self
                .backends
                .limits
                .max_answer
                .map_or(Setting::default(DEFAULT_MAX_ANSWER), |bytes| Setting::flag(bytes, "--max-answer")),
            settle_ns: duration_setting(self.backends.settle, "--settle", SETTLE),
            bounds: bounds(&limits),
            limits,
            warnings,
        })
    }

    /// The file that the flag names must exist, even if no backend uses TLS: a typo must not pass unnoticed.
    fn check_ca_cert(self) -> Result<(), Error> {
        let Some(path) = &self.backends.ca_cert else { return Ok(()) };
        let why = match std::fs::metadata(self.environment.cwd.join(path)) {
            Ok(metadata) if metadata.is_file() => return Ok(()),
            Ok(_) => "it is no file".to_owned(),
            Err(e) => e.to_string(),
        };
        Err(Error::usage(format!("--ca-cert {}: {why}", path.display()), "name a file with certificates in PEM"))
    }

    fn files(self) -> Vec<(FileOwner, PathBuf)> {
        let layers = self.profile.layers.iter().map(|layer| (layer.owner, layer.path.clone()));
        layers.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn jaeger_api(self) -> Result<Setting<JaegerApi>, Error> {
        if let Some(api) = self.backends.jaeger_api {
            return Ok(Setting::flag(api, "--jaeger-api"));
        }
        if let Some(name) = self.in_environment(&["TRACE_JAEGER_API"]) {
            let api = APIS.iter().find(|(known, _)| *known == name.value).map(|(_, api)| *api);
            let wrong =
                || Error::usage(format!("TRACE_JAEGER_API: {:?} is no API", name.value), "write auto, v1 or v3");
            return Ok(Setting::variable(api.ok_or_else(wrong)?, "TRACE_JAEGER_API"));
        }
        let api = self.in_files(|p| p.jaeger.api.as_ref());
        Ok(api.unwrap_or(Setting::default(JaegerApi::Auto)))
    }

    fn loki_selector(self) -> Result<Option<Setting<String>>, Error> {
        let flag = self.backends.loki_selector.clone().map(|s| Setting::flag(s, "--loki-selector"));
        if let Some(selector) = flag.or_else(|| self.in_environment(&["TRACE_LOKI_SELECTOR"])) {
            let wrong = |why| Error::usage(format!("{}: {why}", selector.origin), SELECTOR_HINT);
            return check_selector_syntax(&selector.value).map_err(wrong).map(|()| Some(selector));
        }
        let Some((layer, selector)) = self.entry_in_files(|p| p.loki.selector.as_ref()) else { return Ok(None) };
        check_selector_syntax(selector.get_ref()).map_err(|why| layer.error_at(selector, why))?;
        Ok(Some(layer.setting(selector)))
    }

    fn keys(self) -> Result<Setting<Vec<String>>, Error> {
        let split = |text: String| text.split(',').map(|key| key.trim().to_owned()).collect();
        let flag = (!self.backends.key.is_empty()).then(|| Setting::flag(self.backends.key.clone(), "--key"));
        let keys = flag.or_else(|| self.in_environment(&["TRACE_KEYS"]).map(|setting| setting.map(split)));
        let keys = keys.or_else(|| self.in_files(|p| p.keys.as_ref()));
        let keys = keys.unwrap_or_else(|| Setting::default(CORRELATION_KEYS.map(str::to_owned).to_vec()));
        if keys.value.is_empty() || keys.value.iter().any(|key| key.trim().is_empty()) {
            return Err(Error::usage(
                format!("{}: a key is empty", keys.origin),
                "write the attribute's name, such as correlation_id",
            ));
        }
        Ok(keys)
    }

    fn list(self, pick: impl Fn(&'a Profile) -> &'a Provided<Vec<String>>) -> Setting<Vec<String>> {
        self.in_files(|p| pick(p).as_ref()).unwrap_or(Setting::default(vec![]))
    }

    fn patterns(self, pick: impl Fn(&'a Profile) -> &'a Provided<Vec<PatternConfig>>) -> Setting<Vec<Pattern>> {
        let patterns = |texts: Vec<PatternConfig>| texts.into_iter().map(|text| text.0).collect();
        self.in_files(|p| pick(p).as_ref()).map_or(Setting::default(vec![]), |setting| setting.map(patterns))
    }

    fn panels(self) -> Result<Setting<Vec<PanelTemplate>>, Error> {
        let entry = self.profile.layers.iter().find_map(|layer| layer.profile.panels.as_ref().map(|p| (layer, p)));
        let Some((layer, panels)) = entry else { return Ok(Setting::default(vec![])) };
        for panel in panels {
            let template = PanelTemplate::from(panel.get_ref());
            if template.name.trim().is_empty() || template.query.trim().is_empty() {
                return Err(layer.error_at(panel, "a panel needs a name and a query"));
            }
        }
        let origin = panels.first().map_or(Origin::Default, |first| layer.origin(first));
        Ok(Setting { value: panels.iter().map(|panel| panel.get_ref().into()).collect(), origin })
    }

    fn zone(self) -> Result<Setting<Zone>, Error> {
        if let Some((zone, flag)) = self.output.zone() {
            return Ok(Setting::flag(zone, flag));
        }
        if let Some(name) = self.in_environment(&["TRACE_TIMEZONE"]) {
            let wrong =
                || Error::usage(format!("TRACE_TIMEZONE: {:?} is no zone", name.value), "write local, utc or +02:00");
            return Ok(Setting::variable(Zone::parse(&name.value).ok_or_else(wrong)?, "TRACE_TIMEZONE"));
        }
        let zone = self.in_files(|p| p.timezone.as_ref()).map(|setting| setting.map(|zone| zone.0));
        Ok(zone.unwrap_or(Setting::default(Zone::Local)))
    }
}

fn duration_setting(flag: Option<i64>, name: &'static str, default: i64) -> Setting<i64> {
    flag.map_or(Setting::default(default), |ns| Setting::flag(ns, name))
}

const SELECTOR_HINT: &str = "write a LogQL stream selector such as '{namespace=\"shop\"}'";

fn check_selector_syntax(selector: &str) -> Result<(), &'static str> {
    let inner = selector.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match inner {
        None => Err("a stream selector stands in braces"),
        Some(inner) if inner.trim().is_empty() => Err("a stream selector needs at least one matcher"),
        Some(inner) if closes_early(inner) => Err("a stream selector ends at its first closing brace"),
        Some(_) => Ok(()),
    }
}

/// Whether a brace outside quotes closes the selector before its end, or a quote is never closed.
fn closes_early(inner: &str) -> bool {
    let mut quote = None;
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some('"'), '\\') => drop(rest.next()),
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '`') => quote = Some(c),
            (None, '{' | '}') => return true,
            _ => {}
        }
    }
    quote.is_some()
}

fn limits(flags: &LimitArgs) -> [(&'static str, Setting<usize>); 8] {
    let defaults = Bounds::default();
    [
        ("max_traces", "--max-traces", flags.max_traces, defaults.traces),
        ("max_spans", "--max-spans", flags.max_spans, defaults.spans),
        ("max_lines", "--max-lines", flags.max_lines, defaults.lines),
        ("max_requests", "--max-requests", flags.max_requests, defaults.requests),
        ("page_size", "--page-size", flags.page_size, defaults.page),
        ("search_limit", "--search-limit", flags.search_limit, defaults.search_limit),
        ("max_rounds", "--max-rounds", flags.max_rounds, defaults.rounds),
        ("in_flight", "--in-flight", flags.in_flight, defaults.in_flight),
    ]
    .map(|(name, flag, value, default)| {
        let value = value.and_then(|n| usize::try_from(n).ok());
        (name, value.map_or(Setting::default(default), |n| Setting::flag(n, flag)))
    })
}

fn bounds(limits: &[(&'static str, Setting<usize>); 8]) -> Bounds {
    let [traces, spans, lines, requests, page, search_limit, rounds, in_flight] =
        limits.each_ref().map(|(_, limit)| limit.value);
    Bounds { rounds, traces, spans, lines, requests, in_flight, search_limit, page }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use crate::options::address::without_trailing_slash;
    use secrecy::ExposeSecret;
    use std::fs;

    /// A home with a user file, and a project below it.
    struct TestSetup {
        root: tempfile::TempDir,
        environment: Environment,
        config: ConfigFileArgs,
        flags: BackendArgs,
    }

    impl TestSetup {
        fn new(user: &str, project: &str, vars: &[(&str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let cwd = root.path().join("shop");
            fs::create_dir_all(&cwd).unwrap();
            fs::create_dir_all(root.path().join(".config/trace")).unwrap();
            fs::write(root.path().join(".config/trace/config.toml"), user).unwrap();
            if !project.is_empty() {
                fs::write(cwd.join(".trace.toml"), project).unwrap();
            }
            let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let home = Some(root.path().to_path_buf());
            let environment = Environment { vars, cwd, home, ..Environment::default() };
            Self { root, environment, config: ConfigFileArgs::default(), flags: BackendArgs::default() }
        }

        fn settings(&self) -> Result<Settings, Error> {
            self.load(ConfigSources::FilesAndEnvironment)
        }

        fn load(&self, sources: ConfigSources) -> Result<Settings, Error> {
            Settings::load(sources, &self.config, &OutputArgs::default(), &self.flags, &self.environment)
        }

        fn jaeger(&self) -> String {
            let jaeger = self.settings().unwrap().jaeger.url;
            let from = jaeger.origin.to_string().replace(&self.root.path().display().to_string(), "~");
            format!("{} {from}", without_trailing_slash(&jaeger.value))
        }
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_project_beats_the_user() {
        let user = "[jaeger]\nurl = \"user:1\"\n";
        let project = "\n[jaeger]\nurl = \"project:1\"\n";
        let both = [("JAEGER_QUERY_URL", "field:1"), ("TRACE_JAEGER_URL", "own:1")];
        let mut environment = TestSetup::new(user, project, &both);
        assert_eq!(environment.jaeger(), "http://own:1 TRACE_JAEGER_URL");
        environment.flags.jaeger_url = Some("flag:1".into());
        assert_eq!(environment.jaeger(), "http://flag:1 --jaeger-url");
        assert_eq!(TestSetup::new(user, project, &both[..1]).jaeger(), "http://field:1 JAEGER_QUERY_URL");
        assert_eq!(
            TestSetup::new(user, project, &[("TRACE_JAEGER_URL", "")]).jaeger(),
            "http://project:1 ~/shop/.trace.toml:3"
        );
        assert_eq!(TestSetup::new(user, "", &[]).jaeger(), "http://user:1 ~/.config/trace/config.toml:2");
        assert_eq!(TestSetup::new("", "", &[]).jaeger(), "http://localhost:16686 default");
        let backends = TestSetup::new("", "", &[]).settings().unwrap().backends_without_credentials();
        assert!(!backends.spans.unwrap().configured);
        let demo = TestSetup::new("broken", "", &[("TRACE_JAEGER_URL", "a b")]).load(ConfigSources::FlagsOnly).unwrap();
        assert_eq!(demo.jaeger.url.origin, Origin::Default, "the demo reads neither files nor variables");
    }

    #[test]
    fn a_named_profile_beats_the_top_level_of_any_file() {
        let user = "[jaeger]\nurl = \"user:1\"\n[profiles.prod.jaeger]\nurl = \"prod:1\"\n";
        let mut environment = TestSetup::new(user, "[jaeger]\nurl = \"project:1\"\n", &[]);
        assert!(environment.jaeger().starts_with("http://project:1"));
        environment.config.profile = Some("prod".into());
        assert!(environment.jaeger().starts_with("http://prod:1"));
        environment.config.profile = Some("prd".into());
        let error = environment.settings().unwrap_err();
        assert_eq!((error.hint(), error.exit()), ("did you mean `prod`?", Exit::Usage));
        let chosen = TestSetup::new(&format!("default_profile = \"prod\"\n{user}"), "", &[]);
        assert!(chosen.jaeger().starts_with("http://prod:1"));
    }

    #[test]
    fn a_named_file_is_the_only_one_read_and_must_exist() {
        let mut environment = TestSetup::new("[jaeger]\nurl = \"user:1\"", "[jaeger]\nurl = \"project:1\"", &[]);
        environment.environment.vars.insert("TRACE_CONFIG".into(), "gone.toml".into());
        assert_eq!(environment.settings().unwrap_err().exit(), Exit::Usage);
        fs::write(environment.root.path().join("shop/other.toml"), "keys = [\"order\"]").unwrap();
        environment.config.config = Some("other.toml".into());
        let settings = environment.settings().unwrap();
        assert_eq!(settings.keys.value, ["order"]);
        assert_eq!(settings.jaeger.url.origin, Origin::Default);
    }

    #[test]
    fn a_project_file_cannot_send_the_users_credentials_elsewhere() {
        let user = "[loki]\nurl = \"https://loki.example.com\"\nauth = { bearer_env = \"SECRET\" }\n";
        let project = |url: &str| format!("[loki]\nurl = \"{url}\"\n");
        let table = [
            ("https://loki.example.com/other/path", true),
            ("https://loki.example.com:443", true),
            ("http://loki.example.com", false),
            ("https://loki.example.com:8443", false),
            ("https://loki.example.com.evil.net", false),
            ("http://169.254.169.254/", false),
        ];
        for (url, sent) in table {
            let settings = TestSetup::new(user, &project(url), &[("SECRET", "s3cret")]).settings().unwrap();
            assert_eq!(settings.loki.credentials.is_some(), sent, "{url}");
            assert_eq!(settings.warnings.len(), usize::from(!sent), "{url}");
            assert!(settings.warnings.iter().all(|w| w.contains(url.trim_end_matches('/')) && !w.contains("s3cret")));
        }
        let by_variable = TestSetup::new("", &project("https://evil.net"), &[("LOKI_BEARER_TOKEN", "s3cret")]);
        assert!(by_variable.settings().unwrap().loki.credentials.is_none());
        let own_choice = [("LOKI_BEARER_TOKEN", "s3cret"), ("LOKI_ADDR", "https://mine.net")];
        let settings = TestSetup::new("", &project("https://evil.net"), &own_choice).settings().unwrap();
        assert!(settings.loki.credentials.is_some() && settings.warnings.is_empty());
        let error = TestSetup::new("", &project("https://u:p4ss@evil.net"), &[]).settings().unwrap_err().to_string();
        assert!(error.contains("may not say how to sign in") && !error.contains("p4ss"), "{error}");
    }

    #[test]
    fn loki_is_signed_in_to_as_logcli_would() {
        let auth = |vars: &[(&str, &str)]| {
            let environment = TestSetup::new("", "", vars);
            let backends = environment.settings()?.backends(&environment.environment);
            Ok::<_, Error>(backends.logs.map(|loki| (loki.auth, loki.tenant)).unwrap())
        };
        let (basic, tenant) =
            auth(&[("LOKI_USERNAME", "u"), ("LOKI_PASSWORD", "p"), ("LOKI_ORG_ID", "team-a")]).unwrap();
        assert!(
            matches!(basic, Auth::Basic { username, password } if username == "u" && password.expose_secret() == "p")
        );
        assert_eq!(tenant.as_deref(), Some("team-a"));
        let (header, _) = auth(&[("LOKI_BEARER_TOKEN", "t"), ("LOKI_AUTH_HEADER", "X-Auth")]).unwrap();
        assert!(
            matches!(header, Auth::Header { name, value } if name == "X-Auth" && value.expose_secret() == "Bearer t")
        );
        let (own, _) = auth(&[("LOKI_BEARER_TOKEN", "t"), ("TRACE_LOKI_TOKEN", "own")]).unwrap();
        assert!(matches!(own, Auth::Bearer(token) if token.expose_secret() == "own"));
        let two = auth(&[("LOKI_BEARER_TOKEN", "t"), ("LOKI_USERNAME", "u")]).unwrap_err();
        assert_eq!(two.to_string(), "LOKI_USERNAME and LOKI_BEARER_TOKEN are both set");
        let (missing, _) = auth(&[("LOKI_USERNAME", "u")]).unwrap();
        assert!(matches!(missing, Auth::Missing(_)), "{missing:?}");
    }

    #[test]
    fn secrets_are_not_read_before_they_are_needed() {
        let user = "[jaeger]\nauth = { command = [\"/no/such/program\", \"s3cret\"] }\n[loki]\nauth = { bearer_file = \"gone\" }\n";
        let environment = TestSetup::new(user, "", &[]);
        let settings = environment.settings().unwrap();
        let loki = settings.backends(&environment.environment).logs.unwrap();
        assert!(matches!(loki.auth, Auth::Missing(_)), "{:?}", loki.auth);
        let unsigned = settings.backends_without_credentials().spans.unwrap();
        assert!(matches!(unsigned.auth, Auth::None));
        let shown = settings.jaeger.credentials.unwrap().value.to_string();
        assert_eq!(shown, "bearer token set (from the program `/no/such/program`)");
    }

    #[test]
    fn flags_and_files_are_validated_alike() {
        let usage = |change: fn(&mut BackendArgs)| {
            let mut environment = TestSetup::new("", "", &[]);
            change(&mut environment.flags);
            environment.settings().unwrap_err().to_string()
        };
        assert_eq!(
            usage(|f| f.loki_selector = Some("app".into())),
            "--loki-selector: a stream selector stands in braces"
        );
        assert!(usage(|f| f.loki_selector = Some("{}".into())).contains("at least one matcher"));
        assert!(usage(|f| f.loki_selector = Some(r#"{a="}"} | json {"}"#.into())).contains("first closing brace"));
        assert!(
            usage(|f| f.without = vec![Source::Jaeger, Source::Loki, Source::Prometheus]).contains("nobody to ask")
        );
        assert!(usage(|f| f.key = vec![" ".into()]).starts_with("--key: a key is empty"));
        assert!(usage(|f| f.jaeger_url = Some("ftp://x".into())).starts_with("--jaeger-url: "));
        let file = TestSetup::new("[loki]\nselector = \"app\"", "", &[]).settings().unwrap_err().to_string();
        assert!(file.contains("config.toml:2:12: a stream selector stands in braces\n  |\n2 | selector"), "{file}");
        let file = TestSetup::new("[loki]\nurl = \"ftp://x\"", "", &[]).settings().unwrap_err().to_string();
        assert!(file.contains("config.toml:2: `ftp://x` is no address"), "{file}");
    }
}
