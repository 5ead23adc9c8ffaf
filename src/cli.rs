//! The command line: the app, its commands, and which one runs.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::command::{
    Context, Outcome, Subcommand, alerts, completions, config, demo, diff, doctor, errors, find, hotspots, latency,
    learn_pipeline, logs, map, missing, phases, schema, span, timeline, verify_pipeline, why,
};
use crate::error::Error;
use crate::options::backends::BackendArgs;
use crate::options::environment::Environment;
use crate::options::layers::ConfigSources;
use crate::options::output::OutputArgs;
use crate::options::settings::{ConfigFileArgs, Settings};

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

/// The commands: one line each, with what the help says of it.
macro_rules! commands {
    ($($(#[$setting:meta])? $name:ident($args:ty): $help:literal,)*) => {
        /// A command with its flags.
        #[derive(clap::Subcommand, Clone, Debug)]
        pub enum Command {
            $(
                #[doc = $help]
                #[command(before_help = <$args as Subcommand>::EXAMPLES, help_template = LAYOUT)]
                $(#[$setting])?
                $name(Box<$args>),
            )*
        }

        impl Command {
            /// The flags for the backends; none where the command never asks them.
            fn backends(&self) -> Option<&BackendArgs> {
                match self {
                    $(Self::$name(args) => args.backends(),)*
                }
            }

            fn config_sources(&self) -> ConfigSources {
                match self {
                    $(Self::$name(args) => args.config_sources(),)*
                }
            }

            async fn run(&self, context: &Context) -> Result<Outcome, Error> {
                match self {
                    $(Self::$name(args) => Box::pin(args.run(context)).await,)*
                }
            }
        }
    };
}

commands! {
    Find(find::FindArgs): "The story of one ID in one screen",
    Timeline(timeline::TimelineArgs): "Every span, queue wait, error and line of one ID, in time",
    Span(span::SpanArgs): "One span whole: attributes, events, stack trace, links, lines",
    Logs(logs::LogsArgs): "Every line of one ID, over all services, in time order",
    Missing(missing::MissingArgs): "What did not happen and should have, and what went wrong, each with its evidence",
    Latency(latency::LatencyArgs): "How long calls take, and what users wait for: p50 to max, own time, queues, critical path",
    Map(map::MapArgs): "Who calls whom: services, topics, databases, hosts, with calls, errors and lengths",
    Hotspots(hotspots::HotspotsArgs): "Where errors come from: the worst services and operations, new, worse or gone",
    Errors(errors::ErrorsArgs): "The newest errors, whole: what they say, where, in which journeys",
    VerifyPipeline(verify_pipeline::VerifyPipelineArgs): "Did every expected step happen, in order, in time? A gate for CI",
    LearnPipeline(learn_pipeline::LearnPipelineArgs): "From good runs a spec for verify-pipeline, with the figures it rests on",
    Phases(phases::PhasesArgs): "How the phases of the pipeline stand, and which are stuck, from metrics",
    Alerts(alerts::AlertsArgs): "Alerts of a time, since when, and the journeys that show them; the rules behind them",
    Why(why::WhyArgs): "What bad journeys have in common that good ones have not: a host, a version, a tenant",
    Diff(diff::DiffArgs): "Two journeys, or two windows, step by step: added, missing, slower, faster, more, fewer",
    Demo(demo::DemoArgs): "A short guided tour on embedded data",
    Doctor(doctor::DoctorArgs): "Whom would be asked, and whether each is well",
    #[command(arg_required_else_help = true)]
    Config(config::ConfigArgs): "What is configured, and where each value came from",
    Schema(schema::SchemaArgs): "The JSON Schema of what `-o json` prints",
    Completions(completions::CompletionsArgs): "A completion script for a shell",
}

/// The error for a flag that would put a secret on the command line, in place of clap's; none for other errors.
pub fn secret_flag_error(words: &clap::Error) -> Option<Error> {
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
pub async fn run(app: App, environment: Environment) -> Result<Outcome, Error> {
    if app.output.format().is_graph() && !matches!(app.command, Command::Map(_)) {
        return Err(Error::usage(
            "-o mermaid and -o dot draw graphs, and only `trace map` is one",
            "-o table, json, jsonl, csv or markdown",
        ));
    }
    let no_flags = BackendArgs::default();
    let backends = app.command.backends().unwrap_or(&no_flags);
    let sources = app.command.config_sources();
    let settings = Settings::load(sources, &app.config, &app.output, backends, &environment)?;
    let view = app.output.view(&environment, settings.zone.value);
    let (output, config) = (app.output, app.config);
    let context = Context { environment, settings, config, output, view, app: App::command };
    let outcome = app.command.run(&context).await?;
    Ok(outcome.with_warnings(&context))
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
            let error = secret_flag_error(&parse(line).unwrap_err()).unwrap();
            let text = format!("{error} {}", error.hint());
            assert!(text.contains("_TOKEN_FILE") && !text.contains("hunter2"), "{text}");
        }
        assert!(secret_flag_error(&parse("trace find x --sinse 2h").unwrap_err()).is_none());
    }
}
