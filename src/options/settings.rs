//! What is in force: flag > environment > project file > user file > default, each value with its origin.

use std::path::PathBuf;

use clap::Args;

use crate::backend::{Auth, Backends, Endpoint, JaegerApi};
use crate::error::Error;
use crate::model::conventions::CORRELATION_KEYS;
use crate::model::evidence::Source;
use crate::model::pattern::Pattern;
use crate::model::time::{SECOND, Zone};
use crate::options::backends::{APIS, BackendArgs, LimitArgs};
use crate::options::files::{Chosen, Owner, choose, read_all};
use crate::options::origin::{Origin, Sourced};
use crate::options::output::OutputArgs;
use crate::options::profile::{PatternText, Profile, Told};
use crate::options::surroundings::Surroundings;
use crate::options::target::{Target, target};
use crate::options::voices::{Reading, Voices, origin};
use crate::query::{Bounds, PanelTemplate, SETTLE};

/// How long asking may take unless told otherwise.
const TIMEOUT: i64 = 30 * SECOND;

/// Which configuration to read. Accepted before and after the command's name.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigArgs {
    /// Read this configuration file and no other [env: TRACE_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use this profile of the configuration [env: TRACE_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Everything that can be configured, decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The profile in force; none for the files' top level.
    pub profile: Option<(String, String)>,
    /// The files that were read, and whose they are.
    pub files: Vec<(Owner, PathBuf)>,
    /// Where spans are.
    pub jaeger: Target,
    /// Where lines are.
    pub loki: Target,
    /// Where metrics are.
    pub prometheus: Target,
    /// Which of Jaeger's APIs.
    pub jaeger_api: Sourced<JaegerApi>,
    /// The LogQL stream selector; none to find one out.
    pub loki_selector: Option<Sourced<String>>,
    /// Attribute keys under which a correlation ID may stand, likeliest first.
    pub keys: Sourced<Vec<String>>,
    /// Services to ask where services must be asked one by one; empty means all.
    pub services: Sourced<Vec<String>>,
    /// Charts to show.
    pub panels: Sourced<Vec<PanelTemplate>>,
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
    /// How long after its last span a journey counts as finished, in nanoseconds.
    pub settle_ns: Sourced<i64>,
    /// How much may be asked and kept.
    pub bounds: Bounds,
    /// The bounds that have flags, under their names.
    pub limits: [(&'static str, Sourced<usize>); 6],
    /// Sentences that the user should read.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Decides everything, reads no secret and asks nobody.
    ///
    /// # Errors
    /// Config: a file that is wrong. Usage: a flag or variable that is.
    pub fn load(
        reading: Reading,
        config: &ConfigArgs,
        output: &OutputArgs,
        backends: &BackendArgs,
        surroundings: &Surroundings,
    ) -> Result<Self, Error> {
        let chosen = match reading {
            Reading::Configuration => {
                let files = read_all(config.config.as_deref(), surroundings)?;
                choose(files, config.profile.as_deref(), surroundings)?
            }
            Reading::Nothing => Chosen::default(),
        };
        Voices { reading, backends, output, surroundings, chosen: &chosen }.settings()
    }

    /// The three targets, in their usual order.
    pub fn targets(&self) -> [&Target; 3] {
        [&self.jaeger, &self.loki, &self.prometheus]
    }

    /// The backends with their credentials: reads secret files and runs programs that tell tokens.
    ///
    /// # Errors
    /// Secret: one that cannot be had.
    pub fn backends(&self, surroundings: &Surroundings) -> Result<Backends, Error> {
        self.backends_with(|target| match &target.credentials {
            Some(credentials) => credentials.value.resolve(surroundings),
            None => Ok(Auth::None),
        })
    }

    /// The backends for a recording, which needs no credentials.
    ///
    /// # Errors
    /// None so far; the type is that of [`Settings::backends`].
    pub fn backends_without_credentials(&self) -> Result<Backends, Error> {
        self.backends_with(|_| Ok(Auth::None))
    }

    fn backends_with(&self, auth: impl Fn(&Target) -> Result<Auth, Error>) -> Result<Backends, Error> {
        let endpoint = |target: &Target| -> Result<Option<Endpoint>, Error> {
            if target.left_out {
                return Ok(None);
            }
            Ok(Some(Endpoint {
                source: target.source,
                url: target.url.value.clone(),
                url_from: target.url.origin.to_string(),
                configured: target.url.origin != Origin::Default,
                auth: auth(target)?,
                tenant: target.tenant.as_ref().map(|tenant| tenant.value.clone()),
            }))
        };
        Ok(Backends {
            jaeger: endpoint(&self.jaeger)?,
            loki: endpoint(&self.loki)?,
            prometheus: endpoint(&self.prometheus)?,
            jaeger_api: self.jaeger_api.value,
            loki_selector: self.loki_selector.as_ref().map(|selector| selector.value.clone()),
        })
    }
}

impl<'a> Voices<'a> {
    fn settings(self) -> Result<Settings, Error> {
        let mut warnings = vec![];
        let mut one = |source| -> Result<Target, Error> {
            let (target, warning) = target(self, source)?;
            warnings.extend(warning);
            Ok(target)
        };
        let (jaeger, loki, prometheus) = (one(Source::Jaeger)?, one(Source::Loki)?, one(Source::Prometheus)?);
        if jaeger.left_out && loki.left_out && prometheus.left_out {
            return Err(Error::usage("--without leaves nobody to ask", "leave one of jaeger, loki, prometheus in"));
        }
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
            external_topics: self.patterns(|p| &p.external_topics),
            external_hosts: self.patterns(|p| &p.external_hosts),
            sampling: self
                .told(|p| p.sampling.as_ref())
                .map_or(Sourced::default(1.0), |told| told.map(|share| share.0)),
            zone: self.zone()?,
            timeout_ns: self.length(self.backends.timeout, "--timeout", TIMEOUT),
            settle_ns: self.length(self.backends.settle, "--settle", SETTLE),
            bounds: bounds(&limits),
            limits,
            warnings,
        })
    }

    fn files(self) -> Vec<(Owner, PathBuf)> {
        let mut once = vec![];
        for file in self.chosen.layers.iter().map(|layer| (layer.owner, layer.path.clone())) {
            if !once.contains(&file) {
                once.push(file);
            }
        }
        once
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

    fn list(self, pick: impl Fn(&'a Profile) -> &'a Told<Vec<String>>) -> Sourced<Vec<String>> {
        self.told(|p| pick(p).as_ref()).unwrap_or(Sourced::default(vec![]))
    }

    fn patterns(self, pick: impl Fn(&'a Profile) -> &'a Told<Vec<PatternText>>) -> Sourced<Vec<Pattern>> {
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

    fn length(self, flag: Option<i64>, name: &'static str, default: i64) -> Sourced<i64> {
        flag.map_or(Sourced::default(default), |ns| Sourced::flag(ns, name))
    }
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

fn limits(flags: &LimitArgs) -> [(&'static str, Sourced<usize>); 6] {
    let usual = Bounds::default();
    [
        ("max_traces", "--max-traces", flags.max_traces, usual.traces),
        ("max_spans", "--max-spans", flags.max_spans, usual.spans),
        ("max_lines", "--max-lines", flags.max_lines, usual.lines),
        ("max_requests", "--max-requests", flags.max_requests, usual.requests),
        ("page_size", "--page-size", flags.page_size, usual.page),
        ("search_limit", "--search-limit", flags.search_limit, usual.search_limit),
    ]
    .map(|(name, flag, told, usual)| {
        let told = told.and_then(|n| usize::try_from(n).ok());
        (name, told.map_or(Sourced::default(usual), |n| Sourced::flag(n, flag)))
    })
}

fn bounds(limits: &[(&'static str, Sourced<usize>); 6]) -> Bounds {
    let [traces, spans, lines, requests, page, search_limit] = limits.each_ref().map(|(_, limit)| limit.value);
    Bounds { traces, spans, lines, requests, page, search_limit, ..Bounds::default() }
}
