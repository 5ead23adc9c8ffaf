//! The run of one batch of essays: registered, spell-checked, stored, assessed. Each fault changes it in one place.

use std::ops::Range;

use serde_json::json;

use super::metrics::{SpellCheck, SpellCheckTally};
use super::recorder::{
    ASSESSMENT, BATCH, ESSAY, ErrorDraft, LogDraft, MS, Message, Pace, PythonException, Recorder, SPELL, SpanCause,
    SpanDraft, SpanRef,
};
use super::truth::Fault;
use crate::model::attribute::Value;
use crate::model::log::Level;
use crate::model::span::SpanKind;

/// Topic of requests to the spell checker.
const CHECK_REQUEST: &str = "huleedu.spell_checker.check_request.v1";
/// Topic of the spell checker's results.
const CHECK_COMPLETE: &str = "huleedu.spell_checker.check_complete.v1";
/// Topic of requests to the comparative assessment.
const ASSESSMENT_REQUEST: &str = "huleedu.cj_assessment.assessment_request.v1";
/// The HTTP call that begins every run.
const REGISTER: &str = "POST /api/v1/batches/register";
/// The step that this platform must not miss.
const STORAGE_UPDATE: &str = "storage_reference_update";

/// How many essays the fan-out has, and which of them (from 0) gets lost.
const ESSAYS: usize = 12;
const LOST_ESSAY: usize = 7;
/// The essay of every other run.
const ONLY_ESSAY: &str = "essay-001";

/// Records the run with this fault.
pub(super) fn run(fault: Fault, r: &mut Recorder) -> SpellCheckTally {
    let mut tally = SpellCheckTally::default();
    if fault == Fault::FanOutLost {
        fan_out(r, &mut tally);
        return tally;
    }
    let batch = format!("batch-{:04x}", r.random.below(0x1_0000));
    let asked = register(r, &batch);
    let Some(checked) = spell_check(fault, r, &mut tally, &asked) else { return tally };
    let Some(assessment_request) = store_result(fault, r, &mut tally, &checked, &batch) else { return tally };
    if fault == Fault::LostMessage {
        r.plant(assessment_request.publish, "the message was published and never consumed", "publish_without_consume");
        return tally;
    }
    assess(fault, r, &mut tally, &assessment_request, &batch);
    tally
}

/// The batch orchestrator takes the batch in and asks for the spell check.
fn register(r: &mut Recorder, batch: &str) -> Message {
    let (root, at) = accept(r, 120);
    r.log(root, at.at(5), LogDraft::new(Level::Info, "Batch registration received", &[("batch_id", json!(batch))]));
    let insert = query(r, BATCH, "INSERT batches", root, at.at(10)..at.at(40));
    r.log(insert, at.at(41), LogDraft::new(Level::Debug, "Batch stored", &[("batch_id", json!(batch))]));
    let message = r.publish(BATCH, CHECK_REQUEST, root, at.at(60));
    log_published(r, &message, "Spell check requested");
    message
}

/// The HTTP call that begins a run.
fn accept(r: &mut Recorder, lasting_ms: i64) -> (SpanRef, Pace) {
    let at = r.pace(r.origin);
    let mut attributes = r.correlation_tag();
    attributes.push(("http.method", text("POST")));
    attributes.push(("http.route", text("/api/v1/batches/register")));
    attributes.push(("http.status_code", Value::Int(200)));
    let root = r.span(SpanDraft {
        service: BATCH,
        kind: SpanKind::Server,
        name: REGISTER.to_owned(),
        cause: SpanCause::Nothing,
        from: at.at(0),
        to: at.at(lasting_ms),
        attributes,
    });
    (root, at)
}

fn log_published(r: &mut Recorder, message: &Message, event: &str) {
    let more = [("topic", json!(message.topic)), ("event_id", json!(message.event_id))];
    r.log(message.publish, message.publish.to, LogDraft::new(Level::Info, event, &more));
}

/// The spell checker checks the text and publishes the result; none if it fails before that.
fn spell_check(fault: Fault, r: &mut Recorder, tally: &mut SpellCheckTally, asked: &Message) -> Option<Message> {
    let cause = match fault {
        Fault::OwnTrace => SpanCause::Nothing,
        Fault::LinkedTrace | Fault::StorageError | Fault::UntaggedConsumer => SpanCause::Link(asked.publish),
        _ => SpanCause::Parent(asked.publish),
    };
    if fault == Fault::UntaggedConsumer {
        r.forget_id();
    }
    let mut wait = if fault == Fault::LateConsumer { 45_000 * MS } else { r.jittered(44) };
    if fault == Fault::Redelivery {
        fail_first_delivery(r, asked, wait);
        wait += r.jittered(2_000);
    }
    let at = r.pace(asked.publish.to + wait);
    let rebuilt = if fault == Fault::DictionaryRebuilt { 1_900 } else { 0 };
    let work = r.consume(SPELL, asked, cause, at.at(0)..at.at(210 + rebuilt));
    tally.lag_ns = wait;
    tally.checks.push(SpellCheck::new(r, work));
    plant_arrival(fault, r, asked, work);
    let received = [("event_id", json!(asked.event_id)), ("queue_wait_ms", json!(wait / MS))];
    r.log(work, at.at(2), LogDraft::new(Level::Info, "Spell check request received", &received));
    let dictionary = load_dictionary(r, work, at.at(5), at.at(65 + rebuilt));
    if fault == Fault::DictionaryUnreadable {
        dictionary_is_unreadable(r, work, dictionary, at);
        return None;
    }
    r.library_log(
        dictionary,
        at.at(64 + rebuilt),
        LogDraft::new(Level::Debug, "Dictionary loaded", &[("language", json!("en_GB"))]),
    );
    if fault == Fault::DictionaryRebuilt {
        r.plant(dictionary, "the dictionary was built anew, which took 1.9 s", "");
    }
    let corrections = r.random.below(40);
    r.log(
        work,
        at.at(185 + rebuilt),
        LogDraft::new(Level::Info, "Spell check complete", &[("corrections", json!(corrections))]),
    );
    Some(r.publish(SPELL, CHECK_COMPLETE, work, at.at(190 + rebuilt)))
}

/// The dictionary cannot be read, so the check fails, and the message is not redelivered.
fn dictionary_is_unreadable(r: &mut Recorder, work: SpanRef, dictionary: SpanRef, at: Pace) {
    let failure = PythonException::new(
        "DictionaryFormatError",
        "dictionary en_GB has format 4, this reader knows 5",
        "spell_checker_service/dictionary.py",
        "load_dictionary",
    );
    r.fail(dictionary, &failure);
    r.fail(work, &failure);
    let data = json!({"language": "en_GB", "format": 4, "reader": 5});
    r.error_log(dictionary, at.at(66), &ErrorDraft { event: "Spell check failed", exception: &failure, data: &data });
    r.plant(dictionary, "the dictionary could not be read", "error_origin");
}

fn plant_arrival(fault: Fault, r: &mut Recorder, asked: &Message, work: SpanRef) {
    match fault {
        Fault::OwnTrace => {
            r.plant(work, "the consumer began its own trace, without a link", "broken_propagation");
        }
        Fault::LinkedTrace => r.plant(work, "the consumer began its own trace, joined by a link", ""),
        Fault::UntaggedConsumer => {
            r.plant(work, "the consumer began its own trace, which carries no ID and links to the publish", "");
        }
        Fault::LateConsumer => r.plant(work, "the message waited 45 s in the queue", "gap"),
        Fault::ClockOff => r.plant(work, "the clock of this service is 1.5 s behind", "clock_skew"),
        Fault::Redelivery => r.plant(work, "the message came twice, the first attempt failed", "duplicate_consume"),
        Fault::UntaggedSpans => r.plant(asked.publish, "only the first span carries the ID", ""),
        Fault::LogfmtLogs => r.plant(work, "the lines are logfmt", ""),
        Fault::PlainLogs => r.plant(work, "the lines are plain text", ""),
        Fault::MetadataOnlyLogs => r.plant(work, "the lines have the ID in structured metadata only", ""),
        Fault::HostileId => r.plant(work, "the ID is full of quotes, backslashes and umlauts", ""),
        _ => {}
    }
}

fn load_dictionary(r: &mut Recorder, work: SpanRef, from: i64, to: i64) -> SpanRef {
    r.span(SpanDraft {
        service: SPELL,
        kind: SpanKind::Internal,
        name: "load_dictionary".to_owned(),
        cause: SpanCause::Parent(work),
        from,
        to,
        attributes: vec![],
    })
}

/// The first delivery of the message fails, so the broker hands it out again.
fn fail_first_delivery(r: &mut Recorder, asked: &Message, wait: i64) {
    let at = r.pace(asked.publish.to + wait);
    let work = r.consume(SPELL, asked, SpanCause::Parent(asked.publish), at.at(0)..at.at(90));
    let dictionary = load_dictionary(r, work, at.at(5), at.at(85));
    let failure = PythonException::new(
        "TimeoutError",
        "dictionary en_GB was not loaded within 80 ms",
        "spell_checker_service/dictionary.py",
        "load_dictionary",
    );
    r.fail(dictionary, &failure);
    r.fail(work, &failure);
    let data = json!({"event_id": asked.event_id, "attempt": 1});
    r.error_log(
        dictionary,
        at.at(86),
        &ErrorDraft { event: "Spell check failed, message will be redelivered", exception: &failure, data: &data },
    );
}

/// The essay lifecycle stores where the result is, and requests the assessment; none if the database fails.
fn store_result(
    fault: Fault,
    r: &mut Recorder,
    tally: &mut SpellCheckTally,
    checked: &Message,
    batch: &str,
) -> Option<Message> {
    let wait = r.jittered(20);
    let at = r.pace(checked.publish.to + wait);
    let work = r.consume(ESSAY, checked, SpanCause::Parent(checked.publish), at.at(0)..at.at(260));
    r.log(
        work,
        at.at(3),
        LogDraft::new(Level::Info, "Spell check result received", &[("event_id", json!(checked.event_id))]),
    );
    match fault {
        Fault::MissingStorageUpdate => r.plant(work, "storage_reference_update never ran", "usually_followed_by"),
        Fault::StorageError => storage_fails(r, tally, work, batch, at),
        Fault::DatabaseCascade => {
            database_fails(r, tally, work, batch, at);
            return None;
        }
        _ => {
            let update = update_storage(r, work, ONLY_ESSAY, at.at(10), at.at(100));
            tally.updates += 1;
            r.log(
                update,
                at.at(99),
                LogDraft::new(Level::Info, "Storage reference updated", &[("batch_id", json!(batch))]),
            );
        }
    }
    if fault == Fault::ParentNeverStored {
        r.drop_span(work);
        r.plant(work, "the span was never stored, its children name it", "orphan");
    }
    let message = r.publish(ESSAY, ASSESSMENT_REQUEST, work, at.at(170));
    log_published(r, &message, "CJ assessment requested");
    Some(message)
}

/// The span of the step that this platform must not miss.
fn update_storage(r: &mut Recorder, work: SpanRef, essay: &str, from: i64, to: i64) -> SpanRef {
    let mut attributes = r.correlation_tag();
    attributes.push(("essay.id", text(essay)));
    r.span(SpanDraft {
        service: ESSAY,
        kind: SpanKind::Internal,
        name: STORAGE_UPDATE.to_owned(),
        cause: SpanCause::Parent(work),
        from,
        to,
        attributes,
    })
}

/// The update goes on in the background, tries three times, and gives up after its consumer has ended well.
fn storage_fails(r: &mut Recorder, tally: &mut SpellCheckTally, work: SpanRef, batch: &str, at: Pace) {
    let update = update_storage(r, work, ONLY_ESSAY, at.at(10), at.at(350));
    for attempt in 1..=2 {
        let time = at.at(10 + 110 * attempt);
        r.event(update, time, "retry", &[("attempt", attempt)]);
        let more = [("attempt", json!(attempt)), ("batch_id", json!(batch))];
        r.log(update, time, LogDraft::new(Level::Warn, "Storage reference update will be tried again", &more));
    }
    let failure = PythonException::new(
        "StorageReferenceError",
        format!("content store rejected the reference for essay-001 of {batch}: version 3 expected, 2 given"),
        "essay_lifecycle_service/storage.py",
        STORAGE_UPDATE,
    );
    r.fail(update, &failure);
    let data = json!({"essay_id": "essay-001", "batch_id": batch, "attempts": 3, "expected_version": 3});
    r.error_log(
        update,
        at.at(350),
        &ErrorDraft { event: "Storage reference update failed", exception: &failure, data: &data },
    );
    r.plant(update, "the storage reference could not be updated", "error_origin");
    tally.failures += 1;
    tally.failed_at = Some(at.at(350));
}

/// The database refuses, so the update fails, so the consumer fails, and no assessment is requested.
fn database_fails(r: &mut Recorder, tally: &mut SpellCheckTally, work: SpanRef, batch: &str, at: Pace) {
    let update = update_storage(r, work, ONLY_ESSAY, at.at(10), at.at(250));
    let statement = query(r, ESSAY, "UPDATE essays", update, at.at(15)..at.at(240));
    let refused = PythonException::new(
        "asyncpg.exceptions.TooManyConnectionsError",
        "remaining connection slots are reserved for superuser connections",
        "asyncpg/connect_utils.py",
        "connect",
    );
    let not_stored = PythonException::new(
        "StorageReferenceError",
        format!("reference of {batch} could not be stored"),
        "essay_lifecycle_service/storage.py",
        STORAGE_UPDATE,
    );
    let not_handled = PythonException::new(
        "EventProcessingError",
        format!("event {CHECK_COMPLETE} was not processed"),
        "essay_lifecycle_service/consumer.py",
        "handle_message",
    );
    for (span, failure) in [(statement, &refused), (update, &not_stored), (work, &not_handled)] {
        r.fail(span, failure);
    }
    let database = json!({"db.host": "essay-db", "db.name": "essays", "pool_size": 20});
    r.error_log(
        statement,
        at.at(241),
        &ErrorDraft { event: "Database refused the connection", exception: &refused, data: &database },
    );
    r.error_log(
        update,
        at.at(251),
        &ErrorDraft {
            event: "Storage reference update failed",
            exception: &not_stored,
            data: &json!({"batch_id": batch}),
        },
    );
    r.error_log(
        work,
        at.at(259),
        &ErrorDraft {
            event: "Message could not be processed",
            exception: &not_handled,
            data: &json!({"batch_id": batch}),
        },
    );
    r.plant(statement, "the database refused, and everything above it failed", "error_origin");
    tally.failures += 1;
    tally.failed_at = Some(at.at(251));
}

/// The comparative assessment reads the essays and scores them.
fn assess(fault: Fault, r: &mut Recorder, tally: &mut SpellCheckTally, asked: &Message, batch: &str) {
    let wait = r.jittered(46);
    let at = r.pace(asked.publish.to + wait);
    let (scored, ended) = if fault == Fault::CalleeDown { (90, 100) } else { (410, 500) };
    let work = r.consume(ASSESSMENT, asked, SpanCause::Parent(asked.publish), at.at(0)..at.at(ended));
    r.log(
        work,
        at.at(2),
        LogDraft::new(Level::Info, "CJ assessment request received", &[("event_id", json!(asked.event_id))]),
    );
    let score = span_of_scoring(r, work, at.at(10), at.at(scored));
    let select = query(r, ASSESSMENT, "SELECT essays", score, at.at(20)..at.at(70));
    r.library_log(select, at.at(70), LogDraft::new(Level::Debug, "Essays read", &[("rows", json!(1))]));
    if fault == Fault::CalleeDown {
        return callee_is_down(r, work, score, at);
    }
    let result = r.random.below(1_000) as f64 / 1_000.0;
    r.log(score, at.at(405), LogDraft::new(Level::Info, "Essays scored", &[("score", json!(result))]));
    r.log(work, at.at(495), LogDraft::new(Level::Info, "CJ assessment complete", &[("batch_id", json!(batch))]));
    tally.completed = true;
    if fault == Fault::LogsOnlyService {
        r.plant(work, "the service writes lines and has no spans", "log_without_span");
    }
}

fn span_of_scoring(r: &mut Recorder, work: SpanRef, from: i64, to: i64) -> SpanRef {
    let attributes = r.correlation_tag();
    r.span(SpanDraft {
        service: ASSESSMENT,
        kind: SpanKind::Internal,
        name: "score_essays".to_owned(),
        cause: SpanCause::Parent(work),
        from,
        to,
        attributes,
    })
}

/// The content service does not listen, so the scoring fails, so the consumer fails.
fn callee_is_down(r: &mut Recorder, work: SpanRef, score: SpanRef, at: Pace) {
    let mut attributes = r.correlation_tag();
    attributes.extend([
        ("http.method", text("GET")),
        ("http.url", text("http://content_service:8001/v1/content/essay-001")),
        ("net.peer.name", text("content_service")),
        ("net.peer.port", Value::Int(8001)),
    ]);
    let call = r.span(SpanDraft {
        service: ASSESSMENT,
        kind: SpanKind::Client,
        name: "GET /v1/content/{content_id}".to_owned(),
        cause: SpanCause::Parent(score),
        from: at.at(80),
        to: at.at(83),
        attributes,
    });
    let refused = PythonException::new(
        "aiohttp.client_exceptions.ClientConnectorError",
        "Cannot connect to host content_service:8001 ssl:default [Connection refused]",
        "aiohttp/connector.py",
        "_wrap_create_connection",
    );
    let no_text = PythonException::new(
        "ContentUnavailableError",
        "text of essay-001 could not be read",
        "cj_assessment_service/scoring.py",
        "score_essays",
    );
    for (span, failure) in [(call, &refused), (score, &no_text), (work, &no_text)] {
        r.fail(span, failure);
    }
    let data = json!({"host": "content_service", "port": 8001, "essay_id": "essay-001"});
    r.error_log(
        call,
        at.at(84),
        &ErrorDraft { event: "Content could not be fetched", exception: &refused, data: &data },
    );
    r.error_log(
        score,
        at.at(91),
        &ErrorDraft { event: "CJ assessment failed", exception: &no_text, data: &json!({"essay_id": "essay-001"}) },
    );
    r.plant(call, "nobody listens at content_service:8001", "client_without_server");
}

/// Twelve essays of one batch, each checked and stored; the request of one gets lost.
fn fan_out(r: &mut Recorder, tally: &mut SpellCheckTally) {
    let (root, at) = accept(r, 180);
    r.log(root, at.at(5), LogDraft::new(Level::Info, "Batch registration received", &[("essays", json!(ESSAYS))]));
    query(r, BATCH, "INSERT batches", root, at.at(10)..at.at(40));
    for n in 0..ESSAYS {
        let essay = format!("essay-{:03}", n + 1);
        let asked = r.publish(BATCH, CHECK_REQUEST, root, at.at(50 + 10 * n as i64));
        let more = [("essay_id", json!(essay)), ("event_id", json!(asked.event_id))];
        r.log(asked.publish, asked.publish.to, LogDraft::new(Level::Info, "Spell check requested", &more));
        if n == LOST_ESSAY {
            r.plant(asked.publish, "one of twelve messages was never consumed", "publish_without_consume");
            continue;
        }
        let checked = check_essay(r, tally, &asked, &essay);
        store_essay(r, tally, &checked, &essay);
    }
}

fn check_essay(r: &mut Recorder, tally: &mut SpellCheckTally, asked: &Message, essay: &str) -> Message {
    let wait = r.jittered(44);
    let at = r.pace(asked.publish.to + wait);
    let work = r.consume(SPELL, asked, SpanCause::Parent(asked.publish), at.at(0)..at.at(80));
    tally.lag_ns = tally.lag_ns.max(wait);
    tally.checks.push(SpellCheck::new(r, work));
    let corrections = r.random.below(40);
    let more = [("essay_id", json!(essay)), ("corrections", json!(corrections))];
    r.log(work, at.at(60), LogDraft::new(Level::Info, "Spell check complete", &more));
    r.publish(SPELL, CHECK_COMPLETE, work, at.at(70))
}

fn store_essay(r: &mut Recorder, tally: &mut SpellCheckTally, checked: &Message, essay: &str) {
    let wait = r.jittered(20);
    let at = r.pace(checked.publish.to + wait);
    let work = r.consume(ESSAY, checked, SpanCause::Parent(checked.publish), at.at(0)..at.at(60));
    let update = update_storage(r, work, essay, at.at(5), at.at(50));
    tally.updates += 1;
    r.log(update, at.at(49), LogDraft::new(Level::Info, "Storage reference updated", &[("essay_id", json!(essay))]));
}

/// A call to a database.
fn query(r: &mut Recorder, service: &'static str, name: &str, parent: SpanRef, time: Range<i64>) -> SpanRef {
    let Range { start: from, end: to } = time;
    let mut attributes = r.correlation_tag();
    attributes.push(("db.system", text("postgresql")));
    r.span(SpanDraft {
        service,
        kind: SpanKind::Client,
        name: name.to_owned(),
        cause: SpanCause::Parent(parent),
        from,
        to,
        attributes,
    })
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}
