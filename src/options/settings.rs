//! What is in force: flag > environment > project file > user file > default, each value with its origin.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::error::Error;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::evidence::Source;
use crate::model::pattern::Pattern;
use crate::model::time::{SECOND, Zone};
use crate::options::address::proxy_users;
use crate::options::backends::{APIS, BackendArgs, LimitArgs};
use crate::options::credentials::secret_variables;
use crate::options::environment::Environment;
use crate::options::files::{Chosen, Owner, choose, read_all};
use crate::options::layers::{ConfigLayers, ConfigSources, origin};
use crate::options::origin::{Origin, Sourced};
use crate::options::output::OutputArgs;
use crate::options::phases::PhaseSettings;
use crate::options::profile::{PatternText, Profile, Provided};
use crate::options::target::{Target, target};
use crate::query::{Bounds, PanelTemplate, SETTLE};
use crate::source::server::{Auth, Backends, Endpoint, JaegerApi, Tls};

/// How long asking may take unless told otherwise.
const TIMEOUT: i64 = 30 * SECOND;
/// How long a connection may take to stand.
const CONNECT: i64 = 3 * SECOND;
/// How long an answer may pause.
const IDLE: i64 = 5 * SECOND;
/// How much one answer may hold.
const ANSWER: usize = 256 << 20;

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

/// Everything that can be configured, decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The profile in force; none for the files' top level.
    pub profile: Option<(String, String)>,
    /// The files that were read, and whose they are; the project's first.
    pub files: Vec<(Owner, PathBuf)>,
    /// Where spans are.
    pub jaeger: Target,
    /// Where lines are.
    pub loki: Target,
    /// Where metrics are.
    pub prometheus: Target,
    /// Which of Jaeger's APIs.
    pub jaeger_api: Sourced<JaegerApi>,
    /// The stream selector; none to find one out.
    pub loki_selector: Option<Sourced<String>>,
    /// Attribute keys under which a correlation ID may stand, likeliest first.
    pub keys: Sourced<Vec<String>>,
    /// Services to ask where services must be asked one by one; empty means all.
    pub services: Sourced<Vec<String>>,
    /// Charts to show.
    pub panels: Sourced<Vec<PanelTemplate>>,
    /// What is asked about phases.
    pub phases: PhaseSettings,
    /// Topics that nobody here consumes.
    pub external_topics: Sourced<Vec<Pattern>>,
    /// Hosts that are not ours.
    pub external_hosts: Sourced<Vec<Pattern>>,
    /// The share of traces that is kept.
    pub sampling: Sourced<f64>,
    /// In which zone times are shown and read.
    pub zone: Sourced<Zone>,
    /// How long asking may take in all, in nanoseconds.
    pub timeout_ns: Sourced<i64>,
    /// How long a connection may take to stand, in nanoseconds.
    pub connect_timeout_ns: Sourced<i64>,
    /// How long an answer may pause, in nanoseconds.
    pub idle_timeout_ns: Sourced<i64>,
    /// How many bytes one answer may hold.
    pub max_answer: Sourced<usize>,
    /// How long after its last span a journey counts as finished, in nanoseconds.
    pub settle_ns: Sourced<i64>,
    /// How much may be asked and kept.
    pub bounds: Bounds,
    /// The bounds that have flags, under their names.
    pub limits: [(&'static str, Sourced<usize>); 8],
    /// Sentences that the user should read.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Decides everything, reads no secret and asks nobody.
    ///
    /// # Errors
    /// Config: a file that is wrong. Usage: a flag or variable that is.
    pub fn load(
        reading: ConfigSources,
        config: &ConfigFileArgs,
        output: &OutputArgs,
        backends: &BackendArgs,
        surroundings: &Environment,
    ) -> Result<Self, Error> {
        let chosen = match reading {
            ConfigSources::Configuration => {
                let read = read_all(config.config.as_deref(), surroundings)?;
                choose(read, config.profile.as_deref(), surroundings)?
            }
            ConfigSources::Nothing => Chosen::default(),
        };
        ConfigLayers { reading, backends, output, surroundings, chosen: &chosen }.settings()
    }

    /// The three targets, in their usual order.
    pub fn targets(&self) -> [&Target; 3] {
        [&self.jaeger, &self.loki, &self.prometheus]
    }

    /// The backends with their credentials: reads secret files and runs programs that tell tokens, all at once and in
    /// the time for asking. A secret that cannot be had is the matter of its backend alone.
    pub fn backends(&self, surroundings: &Environment) -> Backends {
        let all = self.targets().into_iter().filter_map(|target| target.credentials.as_ref());
        let variables = secret_variables(all.map(|credentials| &credentials.value));
        let timeout = Duration::from_nanos(self.timeout_ns.value.unsigned_abs());
        let identity = |target: &Target| {
            let told = target.credentials.as_ref();
            let auth = told.map_or(Ok(Auth::None), |told| told.value.resolve(surroundings, &variables, timeout))?;
            Ok::<_, Error>((auth, target.certificates.read()?))
        };
        let mut identities: BTreeMap<Source, (Auth, Tls)> = thread::scope(|scope| {
            let asked = self.targets().into_iter().filter(|target| !target.left_out);
            let begun: Vec<_> = asked
                .map(|target| (target.source, thread::Builder::new().spawn_scoped(scope, || identity(target))))
                .collect();
            let ended = begun.into_iter().map(|(source, thread)| {
                let told = thread.map(|thread| thread.join().unwrap_or_else(|bug| resume_unwind(bug)));
                let told = told.unwrap_or_else(|why| Err(Error::Secret(format!("the secret cannot be read: {why}"))));
                (source, told.unwrap_or_else(|why| (Auth::Missing(why.to_string()), Tls::default())))
            });
            ended.collect()
        });
        let mut backends = self.backends_with(|target| identities.remove(&target.source).unwrap_or_default());
        backends.mask(&proxy_users(surroundings));
        backends
    }

    /// The backends for a recording, which needs no credentials.
    pub fn backends_without_credentials(&self) -> Backends {
        self.backends_with(|_| (Auth::None, Tls::default()))
    }

    fn backends_with(&self, mut identity: impl FnMut(&Target) -> (Auth, Tls)) -> Backends {
        let mut endpoint = |target: &Target| {
            if target.left_out {
                return None;
            }
            let (auth, tls) = identity(target);
            Some(Endpoint {
                source: target.source,
                url: target.url.value.clone(),
                url_from: target.url.origin.to_string(),
                // Whoever says how to sign in means to be answered, wherever that is.
                configured: target.url.origin != Origin::Default || target.credentials.is_some(),
                auth,
                tls,
                sharing: self.sharing(target),
                mask: Arc::default(),
                tenant: target.tenant.as_ref().map(|tenant| tenant.value.clone()),
            })
        };
        Backends {
            jaeger: endpoint(&self.jaeger),
            loki: endpoint(&self.loki),
            prometheus: endpoint(&self.prometheus),
            jaeger_api: self.jaeger_api.value,
            loki_selector: self.loki_selector.as_ref().map(|selector| selector.value.clone()),
        }
    }
}

impl Settings {
    /// How many backends are asked at the origin of this one.
    fn sharing(&self, target: &Target) -> usize {
        let origin = target.url.value.origin();
        self.targets().into_iter().filter(|other| !other.left_out && other.url.value.origin() == origin).count()
    }
}

impl<'a> ConfigLayers<'a> {
    fn settings(self) -> Result<Settings, Error> {
        let mut warnings = self.chosen.warnings.clone();
        let mut one = |source| -> Result<Target, Error> {
            let (target, warning) = target(self, source)?;
            warnings.extend(warning);
            Ok(target)
        };
        let (jaeger, loki, prometheus) = (one(Source::Jaeger)?, one(Source::Loki)?, one(Source::Prometheus)?);
        if jaeger.left_out && loki.left_out && prometheus.left_out {
            return Err(Error::usage("--without leaves nobody to ask", "leave one of jaeger, loki, prometheus in"));
        }
        self.check_ca_cert()?;
        let limits = limits(&self.backends.limits);
        Ok(Settings {
            profile: self.chosen.name.clone(),
            files: self.files(),
            jaeger,
            loki,
            prometheus,
            jaeger_api: self.jaeger_api()?,
            loki_selector: self.selector()?,
            keys: self.keys()?,
            services: self.list(|p| &p.services),
            panels: self.panels()?,
            phases: self.phases()?,
            external_topics: self.patterns(|p| &p.external_topics),
            external_hosts: self.patterns(|p| &p.external_hosts),
            sampling: self
                .told(|p| p.sampling.as_ref())
                .map_or(Sourced::default(1.0), |told| told.map(|share| share.0)),
            zone: self.zone()?,
            timeout_ns: length(self.backends.timeout, "--timeout", TIMEOUT),
            connect_timeout_ns: length(self.backends.connect_timeout, "--connect-timeout", CONNECT),
            idle_timeout_ns: length(self.backends.idle_timeout, "--idle-timeout", IDLE),
            max_answer: self
                .backends
                .limits
                .max_answer
                .map_or(Sourced::default(ANSWER), |bytes| Sourced::flag(bytes, "--max-answer")),
            settle_ns: length(self.backends.settle, "--settle", SETTLE),
            bounds: bounds(&limits),
            limits,
            warnings,
        })
    }

    /// A file that a flag names must be there, whether or not anybody speaks TLS.
    fn check_ca_cert(self) -> Result<(), Error> {
        let Some(path) = &self.backends.ca_cert else { return Ok(()) };
        let why = match std::fs::metadata(self.surroundings.cwd.join(path)) {
            Ok(there) if there.is_file() => return Ok(()),
            Ok(_) => "it is no file".to_owned(),
            Err(e) => e.to_string(),
        };
        Err(Error::usage(format!("--ca-cert {}: {why}", path.display()), "name a file with certificates in PEM"))
    }

    fn files(self) -> Vec<(Owner, PathBuf)> {
        let layers = self.chosen.layers.iter().map(|layer| (layer.owner, layer.path.clone()));
        layers.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn jaeger_api(self) -> Result<Sourced<JaegerApi>, Error> {
        if let Some(api) = self.backends.jaeger_api {
            return Ok(Sourced::flag(api, "--jaeger-api"));
        }
        if let Some(told) = self.variable(&["TRACE_JAEGER_API"]) {
            let api = APIS.iter().find(|(word, _)| *word == told.value).map(|(_, api)| *api);
            let wrong =
                || Error::usage(format!("TRACE_JAEGER_API: {:?} is no API", told.value), "write auto, v1 or v3");
            return Ok(Sourced::variable(api.ok_or_else(wrong)?, "TRACE_JAEGER_API"));
        }
        let told = self.told(|p| p.jaeger.api.as_ref()).map(|told| told.map(JaegerApi::from));
        Ok(told.unwrap_or(Sourced::default(JaegerApi::Auto)))
    }

    fn selector(self) -> Result<Option<Sourced<String>>, Error> {
        let flag = self.backends.loki_selector.clone().map(|s| Sourced::flag(s, "--loki-selector"));
        if let Some(selector) = flag.or_else(|| self.variable(&["TRACE_LOKI_SELECTOR"])) {
            let wrong = |why| Error::usage(format!("{}: {why}", selector.origin), SELECTOR_HINT);
            return check_selector(&selector.value).map_err(wrong).map(|()| Some(selector));
        }
        let Some((layer, told)) = self.told_in(|p| p.loki.selector.as_ref()) else { return Ok(None) };
        check_selector(told.get_ref()).map_err(|why| layer.wrong(told, why))?;
        Ok(Some(Sourced { value: told.get_ref().clone(), origin: origin(layer, told) }))
    }

    fn keys(self) -> Result<Sourced<Vec<String>>, Error> {
        let listed = |text: String| text.split(',').map(|key| key.trim().to_owned()).collect();
        let flag = (!self.backends.key.is_empty()).then(|| Sourced::flag(self.backends.key.clone(), "--key"));
        let given = flag.or_else(|| self.variable(&["TRACE_KEYS"]).map(|told| told.map(listed)));
        let given = given.or_else(|| self.told(|p| p.keys.as_ref()));
        let keys = given.unwrap_or_else(|| Sourced::default(CORRELATION_KEYS.map(str::to_owned).to_vec()));
        if keys.value.is_empty() || keys.value.iter().any(|key| key.trim().is_empty()) {
            return Err(Error::usage(
                format!("{}: a key is empty", keys.origin),
                "write the attribute's name, such as correlation_id",
            ));
        }
        Ok(keys)
    }

    fn list(self, pick: impl Fn(&'a Profile) -> &'a Provided<Vec<String>>) -> Sourced<Vec<String>> {
        self.told(|p| pick(p).as_ref()).unwrap_or(Sourced::default(vec![]))
    }

    fn patterns(self, pick: impl Fn(&'a Profile) -> &'a Provided<Vec<PatternText>>) -> Sourced<Vec<Pattern>> {
        let plain = |texts: Vec<PatternText>| texts.into_iter().map(|text| text.0).collect();
        self.told(|p| pick(p).as_ref()).map_or(Sourced::default(vec![]), |told| told.map(plain))
    }

    fn panels(self) -> Result<Sourced<Vec<PanelTemplate>>, Error> {
        let told = self.chosen.layers.iter().find_map(|layer| layer.profile.panels.as_ref().map(|p| (layer, p)));
        let Some((layer, panels)) = told else { return Ok(Sourced::default(vec![])) };
        for panel in panels {
            let template = PanelTemplate::from(panel.get_ref());
            if template.name.trim().is_empty() || template.query.trim().is_empty() {
                return Err(layer.wrong(panel, "a panel needs a name and a query"));
            }
        }
        let origin = panels.first().map_or(Origin::Default, |first| origin(layer, first));
        Ok(Sourced { value: panels.iter().map(|panel| panel.get_ref().into()).collect(), origin })
    }

    fn zone(self) -> Result<Sourced<Zone>, Error> {
        if let Some((zone, flag)) = self.output.zone() {
            return Ok(Sourced::flag(zone, flag));
        }
        if let Some(told) = self.variable(&["TRACE_TIMEZONE"]) {
            let wrong =
                || Error::usage(format!("TRACE_TIMEZONE: {:?} is no zone", told.value), "write local, utc or +02:00");
            return Ok(Sourced::variable(Zone::parse(&told.value).ok_or_else(wrong)?, "TRACE_TIMEZONE"));
        }
        let told = self.told(|p| p.timezone.as_ref()).map(|told| told.map(|zone| zone.0));
        Ok(told.unwrap_or(Sourced::default(Zone::Local)))
    }
}

fn length(flag: Option<i64>, name: &'static str, default: i64) -> Sourced<i64> {
    flag.map_or(Sourced::default(default), |ns| Sourced::flag(ns, name))
}

const SELECTOR_HINT: &str = "write a LogQL stream selector such as '{namespace=\"shop\"}'";

fn check_selector(selector: &str) -> Result<(), &'static str> {
    let inner = selector.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match inner {
        None => Err("a stream selector stands in braces"),
        Some(inner) if inner.trim().is_empty() => Err("a stream selector needs at least one matcher"),
        Some(inner) if ends_early(inner) => Err("a stream selector ends at its first closing brace"),
        Some(_) => Ok(()),
    }
}

/// Whether a brace outside quotes closes the selector before its end, or a quote stays open.
fn ends_early(inner: &str) -> bool {
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

fn limits(flags: &LimitArgs) -> [(&'static str, Sourced<usize>); 8] {
    let usual = Bounds::default();
    [
        ("max_traces", "--max-traces", flags.max_traces, usual.traces),
        ("max_spans", "--max-spans", flags.max_spans, usual.spans),
        ("max_lines", "--max-lines", flags.max_lines, usual.lines),
        ("max_requests", "--max-requests", flags.max_requests, usual.requests),
        ("page_size", "--page-size", flags.page_size, usual.page),
        ("search_limit", "--search-limit", flags.search_limit, usual.search_limit),
        ("max_rounds", "--max-rounds", flags.max_rounds, usual.rounds),
        ("in_flight", "--in-flight", flags.in_flight, usual.in_flight),
    ]
    .map(|(name, flag, told, usual)| {
        let told = told.and_then(|n| usize::try_from(n).ok());
        (name, told.map_or(Sourced::default(usual), |n| Sourced::flag(n, flag)))
    })
}

fn bounds(limits: &[(&'static str, Sourced<usize>); 8]) -> Bounds {
    let [traces, spans, lines, requests, page, search_limit, rounds, in_flight] =
        limits.each_ref().map(|(_, limit)| limit.value);
    Bounds { rounds, traces, spans, lines, requests, in_flight, search_limit, page }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use crate::options::address::plain;
    use secrecy::ExposeSecret;
    use std::fs;

    /// A home with a user file, and a project below it.
    struct World {
        root: tempfile::TempDir,
        surroundings: Environment,
        config: ConfigFileArgs,
        flags: BackendArgs,
    }

    impl World {
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
            let surroundings = Environment { vars, cwd, home, ..Environment::default() };
            Self { root, surroundings, config: ConfigFileArgs::default(), flags: BackendArgs::default() }
        }

        fn settings(&self) -> Result<Settings, Error> {
            self.read(ConfigSources::Configuration)
        }

        fn read(&self, reading: ConfigSources) -> Result<Settings, Error> {
            Settings::load(reading, &self.config, &OutputArgs::default(), &self.flags, &self.surroundings)
        }

        fn jaeger(&self) -> String {
            let jaeger = self.settings().unwrap().jaeger.url;
            let from = jaeger.origin.to_string().replace(&self.root.path().display().to_string(), "~");
            format!("{} {from}", plain(&jaeger.value))
        }
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_project_beats_the_user() {
        let user = "[jaeger]\nurl = \"user:1\"\n";
        let project = "\n[jaeger]\nurl = \"project:1\"\n";
        let both = [("JAEGER_QUERY_URL", "field:1"), ("TRACE_JAEGER_URL", "own:1")];
        let mut world = World::new(user, project, &both);
        assert_eq!(world.jaeger(), "http://own:1 TRACE_JAEGER_URL");
        world.flags.jaeger_url = Some("flag:1".into());
        assert_eq!(world.jaeger(), "http://flag:1 --jaeger-url");
        assert_eq!(World::new(user, project, &both[..1]).jaeger(), "http://field:1 JAEGER_QUERY_URL");
        assert_eq!(
            World::new(user, project, &[("TRACE_JAEGER_URL", "")]).jaeger(),
            "http://project:1 ~/shop/.trace.toml:3"
        );
        assert_eq!(World::new(user, "", &[]).jaeger(), "http://user:1 ~/.config/trace/config.toml:2");
        assert_eq!(World::new("", "", &[]).jaeger(), "http://localhost:16686 default");
        let backends = World::new("", "", &[]).settings().unwrap().backends_without_credentials();
        assert!(!backends.jaeger.unwrap().configured);
        let demo = World::new("broken", "", &[("TRACE_JAEGER_URL", "a b")]).read(ConfigSources::Nothing).unwrap();
        assert_eq!(demo.jaeger.url.origin, Origin::Default, "the demo neither reads files nor variables");
    }

    #[test]
    fn a_named_profile_beats_what_is_said_for_all_wherever_it_is_said() {
        let user = "[jaeger]\nurl = \"user:1\"\n[profiles.prod.jaeger]\nurl = \"prod:1\"\n";
        let mut world = World::new(user, "[jaeger]\nurl = \"project:1\"\n", &[]);
        assert!(world.jaeger().starts_with("http://project:1"));
        world.config.profile = Some("prod".into());
        assert!(world.jaeger().starts_with("http://prod:1"));
        world.config.profile = Some("prd".into());
        let error = world.settings().unwrap_err();
        assert_eq!((error.hint(), error.exit()), ("did you mean `prod`?", Exit::Usage));
        let chosen = World::new(&format!("default_profile = \"prod\"\n{user}"), "", &[]);
        assert!(chosen.jaeger().starts_with("http://prod:1"));
    }

    #[test]
    fn a_named_file_is_read_alone_and_must_be_there() {
        let mut world = World::new("[jaeger]\nurl = \"user:1\"", "[jaeger]\nurl = \"project:1\"", &[]);
        world.surroundings.vars.insert("TRACE_CONFIG".into(), "gone.toml".into());
        assert_eq!(world.settings().unwrap_err().exit(), Exit::Usage);
        fs::write(world.root.path().join("shop/other.toml"), "keys = [\"order\"]").unwrap();
        world.config.config = Some("other.toml".into());
        let settings = world.settings().unwrap();
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
            let settings = World::new(user, &project(url), &[("SECRET", "s3cret")]).settings().unwrap();
            assert_eq!(settings.loki.credentials.is_some(), sent, "{url}");
            assert_eq!(settings.warnings.len(), usize::from(!sent), "{url}");
            assert!(settings.warnings.iter().all(|w| w.contains(url.trim_end_matches('/')) && !w.contains("s3cret")));
        }
        let by_variable = World::new("", &project("https://evil.net"), &[("LOKI_BEARER_TOKEN", "s3cret")]);
        assert!(by_variable.settings().unwrap().loki.credentials.is_none());
        let own_choice = [("LOKI_BEARER_TOKEN", "s3cret"), ("LOKI_ADDR", "https://mine.net")];
        let settings = World::new("", &project("https://evil.net"), &own_choice).settings().unwrap();
        assert!(settings.loki.credentials.is_some() && settings.warnings.is_empty());
        let error = World::new("", &project("https://u:p4ss@evil.net"), &[]).settings().unwrap_err().to_string();
        assert!(error.contains("may not say how to sign in") && !error.contains("p4ss"), "{error}");
    }

    #[test]
    fn loki_is_signed_in_to_as_logcli_would() {
        let auth = |vars: &[(&str, &str)]| {
            let world = World::new("", "", vars);
            let backends = world.settings()?.backends(&world.surroundings);
            Ok::<_, Error>(backends.loki.map(|loki| (loki.auth, loki.tenant)).unwrap())
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
        let world = World::new(user, "", &[]);
        let settings = world.settings().unwrap();
        let loki = settings.backends(&world.surroundings).loki.unwrap();
        assert!(matches!(loki.auth, Auth::Missing(_)), "{:?}", loki.auth);
        let unsigned = settings.backends_without_credentials().jaeger.unwrap();
        assert!(matches!(unsigned.auth, Auth::None));
        let told = settings.jaeger.credentials.unwrap().value.to_string();
        assert_eq!(told, "bearer token set (from the program `/no/such/program`)");
    }

    #[test]
    fn flags_and_files_are_checked_alike() {
        let usage = |change: fn(&mut BackendArgs)| {
            let mut world = World::new("", "", &[]);
            change(&mut world.flags);
            world.settings().unwrap_err().to_string()
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
        let file = World::new("[loki]\nselector = \"app\"", "", &[]).settings().unwrap_err().to_string();
        assert!(file.contains("config.toml:2:12: a stream selector stands in braces\n  |\n2 | selector"), "{file}");
        let file = World::new("[loki]\nurl = \"ftp://x\"", "", &[]).settings().unwrap_err().to_string();
        assert!(file.contains("config.toml:2: `ftp://x` is no address"), "{file}");
    }
}
