//! Recordings: every exchange of a run in one file of JSON lines, to be replayed as if the servers were there.
//!
//! A recording holds no header that was sent, hence no credentials, and what servers echoed of them is masked before it
//! comes here. It does hold everything else that the servers said, and so is readable by its owner only. Its first line has
//! the time of the run, which is the current time of a replay, so that it sends the same requests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Error;
use crate::model::advice::Advice;
use crate::model::source::Source;
use crate::model::time::Timestamp;
use crate::save::{self, Access};
use crate::source::failure::{Failure, FailureKind};
use crate::source::server::request::{Request, Response};

/// The name of the file in its folder.
const FILE: &str = "exchanges.jsonl";

/// The recorded outcome of a request.
pub(crate) type RecordedAnswer = Result<Response, Failure>;

/// A recording that is made or replayed.
pub enum Recording {
    /// Neither.
    Off,
    /// Being made; written by `Recording::save`.
    Recording {
        /// The folder.
        folder: PathBuf,
        /// Time of the run.
        now: Timestamp,
        /// The exchanges so far, by request.
        exchanges: RefCell<BTreeMap<String, RecordedAnswer>>,
    },
    /// Being replayed.
    Replaying(BTreeMap<String, RecordedAnswer>),
}

impl Recording {
    /// Reads a recording, and the time at which it was made.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Timestamp), Error> {
        let path = folder.join(FILE);
        let shown = path.display().to_string();
        let wrong = |message: String| Error::Input { path: shown.clone(), message };
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
        let mut now = None;
        let mut exchanges = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let value: Value = serde_json::from_str(line).map_err(|e| wrong(format!("line {}: {e}", number + 1)))?;
            if let Some(at) = value["recorded_at"].as_str().and_then(Timestamp::from_rfc3339) {
                now = Some(at);
            } else if let (Some(key), Some(outcome)) = (value["request"].as_str(), outcome(&value)) {
                exchanges.insert(key.to_owned(), outcome);
            } else {
                return Err(wrong(format!("line {}: not an exchange", number + 1)));
            }
        }
        let now = now.ok_or_else(|| wrong("no line tells when it was recorded".into()))?;
        Ok((Self::Replaying(exchanges), now))
    }

    /// A recording to be made in this folder.
    pub(crate) fn record(folder: PathBuf, now: Timestamp) -> Self {
        Self::Recording { folder, now, exchanges: RefCell::default() }
    }

    /// Whether the answers come from a recording.
    pub(crate) fn is_replaying(&self) -> bool {
        matches!(self, Self::Replaying(_))
    }

    /// The recorded outcome of a request; none unless replaying.
    pub(crate) fn played(&self, source: Source, request: &Request) -> Option<RecordedAnswer> {
        let Self::Replaying(exchanges) = self else { return None };
        let key = key(source, request);
        Some(exchanges.get(&key).cloned().unwrap_or_else(|| {
            Err(Failure::new(FailureKind::Unreachable, "the recording has no answer to some of what was asked")
                .with_actions(Advice::ReplayWithSameFlags))
        }))
    }

    /// Keeps an exchange, if a recording is being made.
    pub(crate) fn keep(&self, source: Source, request: &Request, outcome: &RecordedAnswer) {
        if let Self::Recording { exchanges, .. } = self {
            exchanges.borrow_mut().insert(key(source, request), outcome.clone());
        }
    }

    /// Writes the recording atomically.
    pub(crate) fn save(&self) -> Result<(), Error> {
        let Self::Recording { folder, now, exchanges } = self else { return Ok(()) };
        let path = folder.join(FILE);
        let shown = path.display().to_string();
        let wrong = |e: std::io::Error| Error::Output { path: shown.clone(), message: e.to_string() };
        let mut text = format!(
            "{}\n",
            json!({ "recorded_at": now.rfc3339(), "by": concat!("trace ", env!("CARGO_PKG_VERSION")) })
        );
        for (key, outcome) in exchanges.borrow().iter() {
            text += &format!("{}\n", line(key, outcome));
        }
        std::fs::create_dir_all(folder).map_err(wrong)?;
        save::write_atomically(&path, text.as_bytes(), Access::Private).map_err(wrong)
    }
}

fn key(source: Source, request: &Request) -> String {
    format!("{} {}", source.as_str(), request.to_line())
}

fn line(key: &str, outcome: &RecordedAnswer) -> Value {
    match outcome {
        Ok(answer) => json!({
            "request": key,
            "status": answer.status,
            "date": answer.date.map(Timestamp::rfc3339),
            "after_ms": u64::try_from(answer.after.as_millis()).unwrap_or(0),
            "body": String::from_utf8_lossy(&answer.body),
        }),
        Err(failure) => json!({
            "request": key,
            "failure": kind_name(failure.kind),
            "message": failure.message,
            "summary": failure.summary,
            "actions": failure.actions,
            "was_asked": failure.was_sent,
        }),
    }
}

/// The names of the kinds in a recording. Other names, an interruption among them, replay as a server that did not answer.
const KINDS: [(FailureKind, &str); 7] = [
    (FailureKind::Absent, "Absent"),
    (FailureKind::Unreachable, "Unreachable"),
    (FailureKind::NoSuchApi, "NoSuchApi"),
    (FailureKind::ActionNeeded, "MustAct"),
    (FailureKind::Rejected, "Rejected"),
    (FailureKind::Malformed, "Malformed"),
    (FailureKind::LimitReached, "OutOfBounds"),
];

fn kind_name(kind: FailureKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("Interrupted", |(_, name)| name)
}

fn outcome(value: &Value) -> Option<RecordedAnswer> {
    let text = |name: &str| value[name].as_str().map(ToOwned::to_owned);
    if let Some(message) = text("message") {
        let name = value["failure"].as_str()?;
        let kind = KINDS.iter().find(|(_, known)| *known == name).map_or(FailureKind::Unreachable, |(kind, _)| *kind);
        // Recordings of version 0.1 have the words of a hint.
        let hint = text("hint").filter(|hint| !hint.is_empty()).map(|hint| Vec::from(Advice::Quote(hint)));
        let actions = hint.or_else(|| serde_json::from_value(value["actions"].clone()).ok());
        let failure = Failure::new(kind, message).with_actions(actions.unwrap_or_default());
        return Some(Err(Failure { summary: text("summary"), was_sent: value["was_asked"] != false, ..failure }));
    }
    Some(Ok(Response {
        status: u16::try_from(value["status"].as_u64()?).ok()?,
        date: value["date"].as_str().and_then(Timestamp::from_rfc3339),
        after: Duration::from_millis(value["after_ms"].as_u64().unwrap_or(0)),
        body: text("body")?.into_bytes(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::{Action, ConfigItem, Limit, Narrowing};

    #[test]
    fn a_failure_is_replayed_with_its_actions() {
        let failure = |actions: Vec<Action>| Failure::new(FailureKind::Rejected, "no").with_actions(actions);
        let replayed = |line: &Value| outcome(line).and_then(Result::err);
        for actions in [
            vec![],
            Advice::CheckPort.into(),
            Advice::NameAddress(Source::Loki).into(),
            Advice::KnownServices(vec!["a".to_owned()]).into(),
            vec![Action::Raise(Limit::Timeout), Action::Narrow(vec![Narrowing::Since, Narrowing::Service])],
            vec![Action::Configure(ConfigItem::Address(Source::Jaeger))],
        ] {
            let failure = failure(actions);
            assert_eq!(replayed(&line("jaeger GET /", &Err(failure.clone()))), Some(failure));
        }
        let old = json!({ "failure": "Rejected", "message": "no", "hint": "is it on?", "was_asked": true });
        assert_eq!(replayed(&old), Some(failure(Advice::Quote("is it on?".to_owned()).into())));
    }
}
