//! The command line: the app, its commands, and which one runs.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::command::{
    Context, Outcome, alerts, completions, config, demo, diff, doctor, errors, find, hotspots, latency, learn_pipeline,
    logs, map, missing, phases, schema, span, timeline, verify_pipeline, why,
};
use crate::error::Error;
use crate::options::backends::BackendArgs;
use crate::options::environment::Environment;
use crate::options::layers::ConfigSources;
use crate::options::output::OutputArgs;
use crate::options::settings::ConfigFileArgs;

/// Examples before flags: most people look for a line to copy.
const LAYOUT: &str = "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{all-args}{after-help}";

const EXAMPLES: &str = "\
Examples:
  trace demo                              a tour on embedded data; needs nothing
  trace find req-42                       the story of one correlation ID
  trace find req-42 --since 2h -o json    the same for machines
  trace timeline req-42                   every span, queue wait and line of it
  trace missing req-42                    what did not happen and should have
  trace doctor                            whom would be asked, and are they well?

  trace verify-pipeline pipeline.yaml --correlation-id req-42 --wait 60s      a gate for CI";

const EXIT_CODES: &str = "\
Exit codes:
    0  asked and answered
    1  a negative answer: a failed gate, a finding at --fail-on, nothing found with --fail-empty
    2  usage or configuration; nothing was sent
    3  cannot tell: the answer is not complete (--allow-partial makes it 0)
    4  a person must act: sign-in, TLS, no such API, unsafe file permissions
   70  a bug
   74  the output could not be written
  130  interrupted (Ctrl-C)
  143  terminated";

const MORE: &str = "\
Environment (a flag wins, a configuration file loses):
  TRACE_JAEGER_URL, JAEGER_QUERY_URL       TRACE_JAEGER_TOKEN[_FILE]      TRACE_JAEGER_TENANT
  TRACE_LOKI_URL, LOKI_ADDR                TRACE_LOKI_TOKEN[_FILE]        TRACE_LOKI_TENANT, LOKI_ORG_ID
  TRACE_PROMETHEUS_URL, PROMETHEUS_URL     TRACE_PROMETHEUS_TOKEN[_FILE]  TRACE_PROMETHEUS_TENANT
  LOKI_USERNAME, LOKI_PASSWORD, LOKI_BEARER_TOKEN[_FILE], LOKI_AUTH_HEADER as logcli has them
  TRACE_<BACKEND>_CA_CERT, _CLIENT_CERT, _CLIENT_KEY (PEM files); LOKI_CA_CERT_PATH and so on; SSL_CERT_FILE
  HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY; loopback never goes through a proxy
  TRACE_CONFIG, TRACE_PROFILE, TRACE_JAEGER_API, TRACE_LOKI_SELECTOR, TRACE_KEYS, TRACE_TIMEZONE
  NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, COLUMNS, FORCE_HYPERLINK

Configuration: .trace.toml, searched upward, then ~/.config/trace/config.toml; `trace config show` lists all.";

/// One correlation ID, one story: what Jaeger, Loki and Prometheus know of it, stitched together.
#[derive(Parser, Clone, Debug)]
#[command(
    name = "trace",
    version,
    about = "One correlation ID, one story: what Jaeger, Loki and Prometheus know of it",
    long_about = None,
    before_help = EXAMPLES,
    after_help = "`trace --help` lists exit codes and variables.",
    after_long_help = format!("{EXIT_CODES}\n\n{MORE}"),
    help_template = LAYOUT,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 120
)]
pub struct App {
    /// Which command.
    #[command(subcommand)]
    pub command: Command,
    /// How to show.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Which configuration.
    #[command(flatten)]
    pub config: ConfigFileArgs,
}

/// What can be asked.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// The story of one ID in one screen
    #[command(before_help = find::EXAMPLES, help_template = LAYOUT)]
    Find(find::FindArgs),
    /// Every span, queue wait, error and line of one ID, in time
    #[command(before_help = timeline::EXAMPLES, help_template = LAYOUT)]
    Timeline(timeline::TimelineArgs),
    /// One span whole: attributes, events, stack trace, links, lines
    #[command(before_help = span::EXAMPLES, help_template = LAYOUT)]
    Span(span::SpanArgs),
    /// Every line of one ID, over all services, in time order
    #[command(before_help = logs::EXAMPLES, help_template = LAYOUT)]
    Logs(logs::LogsArgs),
    /// What did not happen and should have, and what went wrong, each with its evidence
    #[command(before_help = missing::EXAMPLES, help_template = LAYOUT)]
    Missing(missing::MissingArgs),
    /// How long calls take, and what users wait for: p50 to max, own time, queues, critical path
    #[command(before_help = latency::EXAMPLES, help_template = LAYOUT)]
    Latency(latency::LatencyArgs),
    /// Who calls whom: services, topics, databases, hosts, with calls, errors and lengths
    #[command(before_help = map::EXAMPLES, help_template = LAYOUT)]
    Map(map::MapArgs),
    /// Where errors come from: the worst services and operations, new, worse or gone
    #[command(before_help = hotspots::EXAMPLES, help_template = LAYOUT)]
    Hotspots(Box<hotspots::HotspotsArgs>),
    /// The newest errors, whole: what they say, where, in which journeys
    #[command(before_help = errors::EXAMPLES, help_template = LAYOUT)]
    Errors(Box<errors::ErrorsArgs>),
    /// Did every expected step happen, in order, in time? A gate for CI
    #[command(before_help = verify_pipeline::EXAMPLES, help_template = LAYOUT)]
    VerifyPipeline(Box<verify_pipeline::VerifyPipelineArgs>),
    /// From good runs a spec for verify-pipeline, with the figures it rests on
    #[command(before_help = learn_pipeline::EXAMPLES, help_template = LAYOUT)]
    LearnPipeline(Box<learn_pipeline::LearnPipelineArgs>),
    /// How the phases of the pipeline stand, and which are stuck, from metrics
    #[command(before_help = phases::EXAMPLES, help_template = LAYOUT)]
    Phases(Box<phases::PhasesArgs>),
    /// Alerts of a time, since when, and the journeys that show them; the rules behind them
    #[command(before_help = alerts::EXAMPLES, help_template = LAYOUT)]
    Alerts(Box<alerts::AlertsArgs>),
    /// What bad journeys have in common that good ones have not: a host, a version, a tenant
    #[command(before_help = why::EXAMPLES, help_template = LAYOUT)]
    Why(Box<why::WhyArgs>),
    /// Two journeys, or two windows, step by step: added, missing, slower, faster, more, fewer
    #[command(before_help = diff::EXAMPLES, help_template = LAYOUT)]
    Diff(Box<diff::DiffArgs>),
    /// A short guided tour on embedded data
    #[command(help_template = LAYOUT)]
    Demo(demo::DemoArgs),
    /// Whom would be asked, and whether each is well
    #[command(help_template = LAYOUT)]
    Doctor(doctor::DoctorArgs),
    /// What is configured, and where each value came from
    #[command(help_template = LAYOUT, arg_required_else_help = true)]
    Config(config::ConfigArgs),
    /// The JSON Schema of what `-o json` prints
    #[command(help_template = LAYOUT)]
    Schema(schema::SchemaArgs),
    /// A completion script for a shell
    #[command(before_help = completions::EXAMPLES, help_template = LAYOUT)]
    Completions(completions::CompletionsArgs),
}

impl Command {
    /// The flags that say whom to ask, where the command has them.
    fn backends(&self) -> Option<&BackendArgs> {
        match self {
            Self::Find(args) => Some(&args.journey.backends),
            Self::Timeline(args) => Some(&args.journey.backends),
            Self::Span(args) => Some(&args.journey.backends),
            Self::Logs(args) => Some(&args.journey.backends),
            Self::Missing(args) => Some(&args.journey.backends),
            Self::Latency(args) => Some(&args.window.journey.backends),
            Self::Map(args) => Some(&args.window.journey.backends),
            Self::Hotspots(args) => Some(&args.window.journey.backends),
            Self::Errors(args) => Some(&args.journey.backends),
            Self::VerifyPipeline(args) => Some(&args.backends),
            Self::LearnPipeline(args) => Some(&args.backends),
            Self::Phases(args) => Some(&args.window.journey.backends),
            Self::Alerts(args) => Some(&args.window.journey.backends),
            Self::Why(args) => Some(&args.window.journey.backends),
            Self::Diff(args) => Some(&args.window.journey.backends),
            Self::Doctor(args) => Some(&args.backends),
            Self::Config(args) => Some(args.backends()),
            Self::Demo(_) | Self::Schema(_) | Self::Completions(_) => None,
        }
    }

    /// The demo is the same everywhere, and a broken file must not break a shell's start.
    fn reading(&self) -> ConfigSources {
        let is_demo = match self {
            Self::Find(args) => args.journey.sources.demo.is_some(),
            Self::Timeline(args) => args.journey.sources.demo.is_some(),
            Self::Span(args) => args.journey.sources.demo.is_some(),
            Self::Logs(args) => args.journey.sources.demo.is_some(),
            Self::Missing(args) => args.journey.sources.demo.is_some(),
            Self::Latency(args) => args.window.journey.sources.demo.is_some(),
            Self::Map(args) => args.window.journey.sources.demo.is_some(),
            Self::Hotspots(args) => args.window.journey.sources.demo.is_some(),
            Self::Errors(args) => args.journey.sources.demo.is_some(),
            Self::VerifyPipeline(args) => args.sources.demo.is_some() || args.check,
            Self::LearnPipeline(args) => args.sources.demo.is_some(),
            Self::Phases(args) => args.window.journey.sources.demo.is_some(),
            Self::Alerts(args) => args.window.journey.sources.demo.is_some(),
            Self::Why(args) => args.window.journey.sources.demo.is_some(),
            Self::Diff(args) => args.window.journey.sources.demo.is_some(),
            Self::Doctor(args) => args.demo,
            Self::Config(_) => false,
            Self::Demo(_) | Self::Schema(_) | Self::Completions(_) => true,
        };
        if is_demo { ConfigSources::FlagsOnly } else { ConfigSources::FilesAndEnvironment }
    }
}

/// What to say instead of clap's words to somebody who wants to put a secret on the command line: none to others.
pub fn advice(words: &clap::Error) -> Option<Error> {
    const WORDS: [&str; 8] = ["token", "password", "passwd", "secret", "bearer", "auth", "header", "user"];
    let Some(ContextValue::String(flag)) = words.get(ContextKind::InvalidArg) else { return None };
    let flag = flag.split('=').next().unwrap_or_default();
    let is_secret = words.kind() == ErrorKind::UnknownArgument && WORDS.iter().any(|word| flag.contains(word));
    is_secret.then(|| {
        Error::usage(
            format!("{flag} does not exist: a secret on the command line can be read by everybody, in `ps` and the shell's history"),
            "set TRACE_JAEGER_TOKEN_FILE, TRACE_LOKI_TOKEN_FILE or TRACE_PROMETHEUS_TOKEN_FILE, or `auth` in your configuration",
        )
    })
}

/// Runs the command. Warnings about the settings go before whatever it says on standard error.
///
/// # Errors
/// Whatever kept the command from running at all.
pub async fn run(app: App, surroundings: Environment) -> Result<Outcome, Error> {
    if app.output.format().is_graph() && !matches!(app.command, Command::Map(_)) {
        return Err(Error::usage(
            "-o mermaid and -o dot draw graphs, and only `trace map` is one",
            "-o table, json, jsonl, csv or markdown",
        ));
    }
    let unasked = BackendArgs::default();
    let backends = app.command.backends().unwrap_or(&unasked);
    let context = Context::new(app.command.reading(), &app.config, app.output, backends, surroundings)?;
    let outcome = match &app.command {
        Command::Find(args) => find::run(args, &context).await,
        Command::Timeline(args) => timeline::run(args, &context).await,
        Command::Span(args) => span::run(args, &context).await,
        Command::Logs(args) => logs::run(args, &context).await,
        Command::Missing(args) => missing::run(args, &context).await,
        Command::Latency(args) => Box::pin(latency::run(args, &context)).await,
        Command::Map(args) => Box::pin(map::run(args, &context)).await,
        Command::Hotspots(args) => Box::pin(hotspots::run(args, &context)).await,
        Command::Errors(args) => Box::pin(errors::run(args, &context)).await,
        Command::VerifyPipeline(args) => Box::pin(verify_pipeline::run(args, &context)).await,
        Command::LearnPipeline(args) => Box::pin(learn_pipeline::run(args, &context)).await,
        Command::Phases(args) => Box::pin(phases::run(args, &context)).await,
        Command::Alerts(args) => Box::pin(alerts::run(args, &context)).await,
        Command::Why(args) => Box::pin(why::run(args, &context)).await,
        Command::Diff(args) => Box::pin(diff::run(args, &context)).await,
        Command::Demo(args) => demo::run(args, &context).await,
        Command::Doctor(args) => Box::pin(doctor::run(args, &context)).await,
        Command::Config(args) => config::run(args, &context).await,
        Command::Schema(args) => schema::run(args, &context).await,
        Command::Completions(args) => Ok(completions::run(args, App::command())),
    };
    outcome.map(|outcome| outcome.warned(&context))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<App, clap::Error> {
        App::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_app_is_sound() {
        App::command().debug_assert();
    }

    #[test]
    fn flags_of_all_commands_stand_before_or_after_the_name() {
        for line in ["trace find x -o json --utc --profile p", "trace -o json --utc --profile p find x"] {
            let app = parse(line).unwrap();
            assert!(
                app.output.utc && app.output.output.is_some() && app.config.profile.as_deref() == Some("p"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_span_may_stand_alone_where_the_journey_is_known() {
        let span = |line| match parse(line).unwrap().command {
            Command::Span(args) => (args.journey.subject.id, args.span),
            other => panic!("{other:?}"),
        };
        assert_eq!(span("trace span req-42 e127"), (Some("req-42".into()), "e127".into()));
        assert_eq!(span("trace span --demo e127"), (None, "e127".into()));
        assert_eq!(span("trace span --trace-id ab e127"), (None, "e127".into()));
    }

    #[test]
    fn words_that_make_no_sense_are_usage_errors() {
        let table = [
            ("trace", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("trace config", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("trace fnid x", ErrorKind::InvalidSubcommand),
            ("trace find x --sinse 2h", ErrorKind::UnknownArgument),
            ("trace find x --since 2h --start now", ErrorKind::ArgumentConflict),
            ("trace find x --trace-id y", ErrorKind::ArgumentConflict),
            ("trace find --demo --input f", ErrorKind::ArgumentConflict),
            ("trace find x --record a --replay b", ErrorKind::ArgumentConflict),
            ("trace find x --timeout 5M", ErrorKind::ValueValidation),
            ("trace find x --timeout 0s", ErrorKind::ValueValidation),
            ("trace find x --tag novalue", ErrorKind::ValueValidation),
            ("trace find x --service re:(", ErrorKind::ValueValidation),
            ("trace find x --without jager", ErrorKind::InvalidValue),
            ("trace find x --width 10", ErrorKind::ValueValidation),
            ("trace find x -o yaml", ErrorKind::InvalidValue),
            ("trace find x -v -q", ErrorKind::ArgumentConflict),
        ];
        for (line, kind) in table {
            let error = parse(line).unwrap_err();
            assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{line}: {error}");
        }
        assert!(parse("trace fnid x").unwrap_err().to_string().contains("'find'"));
        for line in
            ["trace find x --token hunter2", "trace find x --loki-password=hunter2", "trace --header=a:hunter2 find x"]
        {
            let error = advice(&parse(line).unwrap_err()).unwrap();
            let told = format!("{error} {}", error.hint());
            assert!(told.contains("_TOKEN_FILE") && !told.contains("hunter2"), "{told}");
        }
        assert!(advice(&parse("trace find x --sinse 2h").unwrap_err()).is_none());
    }
}
