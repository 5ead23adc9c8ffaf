//! Actions in words, and commands as a shell takes them.

use std::borrow::Cow;

use crate::model::action::{
    About, Action, Argument, AskingMode, Carrier, CommandName, ConfigItem, Invocation, Limit, LogTime, LookAt,
    Narrowing, Purpose,
};
use crate::model::filter::Filters;
use crate::model::pattern::Pattern;
use crate::report::wording::SameData;
use crate::report::wording::advice::advice;
use crate::report::wording::shell::{filter_flags, flag, quoted};

/// A command of this program as a shell takes it: `trace logs req-42 --service shop --input run.json`.
pub(crate) fn command(run: &Invocation, data: &SameData) -> String {
    let mut words = vec!["trace".to_owned(), name(run.command).to_owned()];
    words.extend(subject(&run.about, data));
    if run.about == About::Question {
        words.push(filter_flags(&filters_of(run, data)));
    }
    words.extend(run.arguments.iter().filter_map(|given| argument(given, &run.about)));
    words.push(if run.about == About::Installation { data.installation_flags() } else { data.flags() });
    let is_measured = matches!(run.command, CommandName::Hotspots | CommandName::Latency | CommandName::Map);
    if is_measured && !run.arguments.contains(&Argument::FromSpans) {
        words.extend(data.via().map(|via| format!("--via {via}")));
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// An action as a sentence without a full stop.
pub(crate) fn action(action: &Action, data: &SameData) -> String {
    match action {
        Action::Run(run, purpose) => may_show(&command(run, data), *purpose),
        Action::Raise(limit @ (Limit::Sample | Limit::Rows)) => format!("{} raises it", limit.flag()),
        Action::Raise(limit) => format!("raise {}", limit.flag()),
        Action::Lower(limit) => format!("lower {}", limit.flag()),
        Action::Narrow(by) => narrow(by),
        Action::Configure(setting) => configure(*setting),
        Action::Use(mode) => asking(*mode).to_owned(),
        Action::LookAt(what) => look_at(what),
        Action::Advise(what) => advice(what).into_owned(),
        Action::EndSpanEachRound => "end that span for each round, or begin a trace for each".to_owned(),
    }
}

/// What may be done, in one line. Of several actions any one helps.
pub(crate) fn hint(actions: &[Action], data: &SameData) -> String {
    // A limit that is a part of the question is named by its flag, and so is what narrows it then.
    let by_flag = match actions {
        [Action::Raise(Limit::Sample | Limit::Rows), ..] | [Action::Narrow(_), Action::Advise(_)] => true,
        [Action::Narrow(by)] => by == &[Narrowing::Service],
        _ => false,
    };
    let said = actions.iter().map(|one| match one {
        Action::Narrow(by) if by_flag => narrowed_by(by),
        other => action(other, data),
    });
    said.collect::<Vec<_>>().join(if by_flag { "; " } else { ", or " })
}

fn name(command: CommandName) -> &'static str {
    match command {
        CommandName::Alerts => "alerts",
        CommandName::Doctor => "doctor",
        CommandName::Errors => "errors",
        CommandName::Find => "find",
        CommandName::Hotspots => "hotspots",
        CommandName::Latency => "latency",
        CommandName::Logs => "logs",
        CommandName::Map => "map",
        CommandName::Missing => "missing",
        CommandName::Span => "span",
        CommandName::Timeline => "timeline",
        CommandName::Why => "why",
    }
}

fn subject(about: &About, data: &SameData) -> Option<String> {
    match about {
        About::Subject | About::Question => data.subject().map(id),
        About::Id(subject) => Some(id(subject)),
        About::Trace(trace) => Some(format!("--trace-id {trace}")),
        About::Everything | About::Installation => None,
    }
}

/// An ID as an argument. One that begins with a dash would be taken for a flag.
fn id(id: &str) -> String {
    if id.starts_with('-') { flag("--correlation-id", id) } else { quoted(id) }
}

/// The filters of the answer, those of the arguments in place of their kind.
fn filters_of<'a>(run: &Invocation, data: &SameData<'a>) -> Cow<'a, Filters> {
    let mut filters = Cow::Borrowed(data.filters());
    for given in &run.arguments {
        match given {
            Argument::Service(service) => filters.to_mut().services = vec![Pattern::exact(service)],
            Argument::Operation(operation) => filters.to_mut().operations = vec![Pattern::exact(operation)],
            _ => {}
        }
    }
    filters
}

/// An argument as it is typed; none where it is among the filters.
fn argument(given: &Argument, about: &About) -> Option<String> {
    Some(match given {
        Argument::Service(_) | Argument::Operation(_) if *about == About::Question => return None,
        Argument::Service(service) => flag("--service", &Pattern::exact(service).to_string()),
        Argument::Operation(operation) => flag("--operation", &Pattern::exact(operation).to_string()),
        Argument::Span(span) => span.clone(),
        Argument::AllLines => "--logs all".to_owned(),
        Argument::Context(lines) => format!("-C {lines}"),
        Argument::AnotherKey => "--key KEY".to_owned(),
        Argument::LastDays(days) => format!("--since {days}d"),
        Argument::Baseline(runs) => format!("--baseline {runs}"),
        Argument::Rules => "--rules".to_owned(),
        Argument::ByOperation => "--by operation".to_owned(),
        Argument::Histogram => "--histogram".to_owned(),
        Argument::FromSpans => "--via spans".to_owned(),
        Argument::ErrorsAreBad => "--bad error".to_owned(),
        Argument::Mermaid => "-o mermaid".to_owned(),
    })
}

fn may_show(command: &str, purpose: Purpose) -> String {
    let what = match purpose {
        Purpose::BrokerRefusal => "why the broker did not take it",
        Purpose::SpanExport => "whether it exported its spans then",
        Purpose::MessageReceived => "whether it got the message",
        Purpose::MessageSent => "whether it sent the message",
        Purpose::RebalanceOrRestart => "of a rebalance or a restart between the deliveries",
        Purpose::ExporterFailure => "of an exporter that fails",
        Purpose::SendsAboveDeliveries => {
            return format!("see whether the sends are one or two: `{command}` shows them above the deliveries");
        }
        Purpose::TraceStoredSince => return format!("`{command}` asks for it again"),
    };
    format!("`{command}` may tell {what}")
}

/// `--service, --start and --end`.
fn narrowing_flags(by: &[Narrowing]) -> String {
    let flags: Vec<&str> = by
        .iter()
        .flat_map(|by| match by {
            Narrowing::Service => &["--service"][..],
            Narrowing::Since => &["--since"],
            Narrowing::Time => &["--start", "--end"],
        })
        .copied()
        .collect();
    match flags.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => flags.concat(),
    }
}

/// `narrow the time with --start and --end`.
fn narrow(by: &[Narrowing]) -> String {
    let what = if by.contains(&Narrowing::Service) { "question" } else { "time" };
    match by {
        [] => format!("narrow the {what}"),
        by => format!("narrow the {what} with {}", narrowing_flags(by)),
    }
}

/// `--start and --end narrow the time`.
fn narrowed_by(by: &[Narrowing]) -> String {
    let what = if by.contains(&Narrowing::Service) { "it" } else { "the time" };
    let narrow = if matches!(by, [Narrowing::Service | Narrowing::Since]) { "narrows" } else { "narrow" };
    format!("{} {narrow} {what}", narrowing_flags(by))
}

fn configure(setting: ConfigItem) -> String {
    match setting {
        ConfigItem::Address(source) => {
            let (name, variable) = (source.as_str(), source.as_str().to_uppercase());
            format!("set --{name}-url, TRACE_{variable}_URL, or `url` under [{name}] in the configuration")
        }
        ConfigItem::AnyAddress => {
            "set --jaeger-url, --loki-url, --prometheus-url, or see `trace config show`".to_owned()
        }
        ConfigItem::Credentials => "set credentials for this backend; see `trace config show`".to_owned(),
        ConfigItem::Tenant => "set `tenant` in the profile, or LOKI_ORG_ID".to_owned(),
        ConfigItem::Selector => "set `selector` in the profile".to_owned(),
        ConfigItem::ServicesAndKeys => "name services and keys in the profile".to_owned(),
    }
}

fn asking(mode: AskingMode) -> &'static str {
    match mode {
        AskingMode::Record => "--record DIR keeps the answers as they came, to look at them",
        AskingMode::ShowQueries => "--show-queries prints what was asked, to try it by hand",
        AskingMode::FromSpans => "--via spans reads all",
        AskingMode::OneAtATime => "--in-flight 1 asks one thing at a time",
    }
}

fn look_at(what: &LookAt) -> String {
    match what {
        LookAt::Logs { services, when } => {
            let when = match when {
                LogTime::Around => "around this span",
                LogTime::After => "after this span",
                LogTime::Between => "between the two",
            };
            let their = if services.len() == 1 { "its" } else { "their" };
            format!("read what {} wrote in {their} lines {when}", services.join(" and "))
        }
        LookAt::LogsAndLoad { service } => format!("look at the lines and the load of {service} at this time"),
        LookAt::LogsAndDroppedSpans { service } => {
            format!("look at the lines of {service}, and at dropped spans of its exporter")
        }
        LookAt::DroppedSpansAndRestarts { service } => {
            format!("look at dropped spans and restarts of {service} at this time")
        }
        LookAt::RestartsAndDroppedSpansOfCallers { service } => {
            format!("look at restarts, and at dropped spans of the exporter, of {service} and its callers at this time")
        }
        LookAt::SameFailureElsewhere { operation } => {
            format!("see whether other runs fail at {operation} too, and since when")
        }
        LookAt::FirstOccurrence { service } => format!("see since when {service} does this"),
        LookAt::RunningAndResolvable { service, callers } => {
            let callers = callers.join(", ");
            format!("see whether {service} was running then, and whether its name resolves from {callers}")
        }
        LookAt::ReceivedCalls { service } => {
            format!("see whether {service} got the call: its lines, its count of requests")
        }
        LookAt::Instrumentation { service } => format!("see whether {service} makes spans at all"),
        LookAt::ConsumerLag { topic } => {
            format!("look at the consumer lag of {}, and at its dead letters", topic_or_its(topic.as_deref()))
        }
        LookAt::LagOf { service } => {
            format!("look at the lag of {service} on this topic, and at its restarts, at this time")
        }
        LookAt::LinkingConsumers { topic } => {
            format!("look for consumers of {} that link to the sending span", topic_or_its(topic.as_deref()))
        }
        LookAt::ArrivingContext { carrier, service } => {
            let what = match carrier {
                Carrier::Message => "the message",
                Carrier::Call => "the call",
            };
            format!("see whether {what} carries a `traceparent` header when it reaches {service}")
        }
        LookAt::Upstream { service } => format!("see what stands in front of {service}"),
        LookAt::RetentionAndSampling => "see how long spans are kept, and what share of traces is".to_owned(),
        LookAt::SiblingDifference { operation } => {
            format!("compare the attributes and lines of one that has {operation} with one that has not")
        }
        LookAt::GoodRun => "compare with a good run of the same operation".to_owned(),
        LookAt::HostClocks { services: [one, other] } => format!("compare the time of the hosts of {one} and {other}"),
        LookAt::ClockSetting { service } => format!("see when the host of {service} last set its time"),
    }
}

fn topic_or_its(topic: Option<&str>) -> &str {
    topic.unwrap_or("its topic")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::TraceId;
    use crate::model::provenance::{DataSelection, Provenance, Supply};
    use crate::model::source::Source;

    fn shown(run: &Invocation, subject: Option<&str>, supply: Supply) -> String {
        let filters = Filters { services: vec![Pattern::exact("a")], errors_only: true, ..Filters::default() };
        let subject = subject.map(str::to_owned);
        let data = DataSelection { supply, ..DataSelection::default() };
        let provenance = Provenance { subject, data, filters, ..Provenance::default() };
        command(run, &SameData::new(&provenance))
    }

    #[test]
    fn a_command_is_about_the_same_data_as_the_answer() {
        let new = Invocation::new;
        let trace = TraceId::from_hex("ab").expect("a trace ID");
        let table = [
            (new(CommandName::Timeline), "trace timeline 'a b' --input x"),
            (new(CommandName::Span).with(Argument::Span("e127".into())), "trace span 'a b' e127 --input x"),
            (
                new(CommandName::Logs).about(About::Id("-7".into())).with(Argument::Service("s*".into())),
                r"trace logs --correlation-id=-7 --service 's\*' --input x",
            ),
            (
                new(CommandName::Timeline).about(About::Trace(trace)),
                "trace timeline --trace-id 000000000000000000000000000000ab --input x",
            ),
            (
                new(CommandName::Map).about(About::Question).with(Argument::Mermaid),
                "trace map 'a b' --service a --error -o mermaid --input x",
            ),
            (
                new(CommandName::Latency)
                    .about(About::Question)
                    .with(Argument::Service("b".into()))
                    .with(Argument::Operation("GET /x".into()))
                    .with(Argument::Histogram),
                "trace latency 'a b' --service b --operation 'GET /x' --error --histogram --input x",
            ),
            (new(CommandName::Find).about(About::Everything), "trace find --input x"),
            (new(CommandName::Doctor).about(About::Installation), "trace doctor"),
        ];
        for (run, text) in table {
            assert_eq!(shown(&run, Some("a b"), Supply::Files(vec!["x".into()])), text);
        }
        let demo = Supply::Demo(Some("lost".to_owned()));
        assert_eq!(shown(&new(CommandName::Missing), Some("id"), demo), "trace missing --demo=lost");
        assert_eq!(shown(&new(CommandName::Missing), None, Supply::Backends), "trace missing");
    }

    #[test]
    fn hints_say_what_may_be_raised_or_narrowed() {
        use Narrowing::{Service, Since, Time};
        let raise = Action::Raise;
        let narrow = |by: &[Narrowing]| Action::Narrow(by.to_vec());
        let table = [
            (vec![raise(Limit::Rounds)], "raise --max-rounds"),
            (vec![raise(Limit::Sample)], "--limit raises it"),
            (vec![raise(Limit::Sample), narrow(&[Time])], "--limit raises it; --start and --end narrow the time"),
            (
                vec![raise(Limit::Sample), narrow(&[Service, Time])],
                "--limit raises it; --service, --start and --end narrow it",
            ),
            (vec![narrow(&[Service])], "--service narrows it"),
            (vec![narrow(&[Time])], "narrow the time with --start and --end"),
            (vec![narrow(&[Service, Time])], "narrow the question with --service, --start and --end"),
            (
                vec![raise(Limit::Spans), narrow(&[Service, Time])],
                "raise --max-spans, or narrow the question with --service, --start and --end",
            ),
            (vec![raise(Limit::Timeout), narrow(&[Since])], "raise --timeout, or narrow the time with --since"),
            (vec![Action::Lower(Limit::Answer), narrow(&[])], "lower --max-answer, or narrow the time"),
            (
                vec![raise(Limit::Requests), Action::Configure(ConfigItem::ServicesAndKeys)],
                "raise --max-requests, or name services and keys in the profile",
            ),
            (
                vec![Action::Configure(ConfigItem::Address(Source::Prometheus))],
                "set --prometheus-url, TRACE_PROMETHEUS_URL, or `url` under [prometheus] in the configuration",
            ),
            (vec![Action::Use(AskingMode::Record)], "--record DIR keeps the answers as they came, to look at them"),
        ];
        let provenance = Provenance::default();
        for (actions, text) in table {
            assert_eq!(hint(&actions, &SameData::new(&provenance)), text);
        }
    }
}
