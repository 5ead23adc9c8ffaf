//! How real instrumentations draw good runs, each beside the fault that it must not hide.

use super::{findings_with, summary};
use crate::analysis::journey::findings::known::Knowledge;
use crate::analysis::journey::sketch;
use crate::model::attribute::Value;
use crate::model::evidence::Evidence;
use crate::model::finding::Severity;
use crate::model::journey::Journey;
use crate::query::{Query, Subject};
use crate::stitch::stitch;

/// A sketch stitched as real data is, its traces joined by the ID on what begins them.
fn stitched(drawn: Journey) -> Journey {
    let (id, key) = (drawn.correlation_id.unwrap_or_default(), "correlation_id");
    let mut spans = drawn.spans;
    for root in drawn.forest.roots {
        spans[root].attributes.push(key, Value::Text(id.clone()));
    }
    let evidence = Evidence { spans, logs: drawn.logs, ..Evidence::default() };
    stitch(evidence, &Query::about(Subject::correlation(id), vec![key.to_owned()], sketch::ORIGIN))
}

/// What is above info, of the journey as drawn; stitched anew it must be the same.
fn above_info(text: &str, known: &Knowledge) -> String {
    let [drawn, stitched] = [sketch::journey(text), stitched(sketch::journey(text))].map(|journey| {
        let mut known = known.clone();
        known.learn(&journey);
        let mut found = findings_with(&journey, &known, None);
        found.retain(|finding| finding.severity > Severity::Info);
        summary(&found)
    });
    assert_eq!(drawn, stitched, "{text}");
    drawn
}

#[test]
fn good_runs_stay_silent_and_the_faults_beside_them_do_not() {
    let table = [
        (
            "a batch listener that receives, then processes each by its link",
            "a/POST 0..40 server\n  a/t publish 5..8 producer topic=t messaging.system=kafka\n  \
             a/t publish 9..12 producer topic=t messaging.system=kafka\n\
             b/t receive 30..80 consumer topic=t trace=2 messaging.operation=receive\n  \
             b/t process 31..50 consumer topic=t messaging.operation=process link=2\n  \
             b/t process 51..79 consumer topic=t messaging.operation=process link=3",
            "",
        ),
        (
            "a task that asks to be run again",
            "a/POST 0..20 server\n  a/apply 5..9 producer topic=celery messaging.message.id=0a1b2c3d\n    \
             b/run 20..60 consumer topic=celery messaging.message.id=0a1b2c3d\n      \
             b/apply 55..58 producer topic=celery messaging.message.id=0a1b2c3d\n        \
             b/run 1080..1120 consumer topic=celery messaging.message.id=0a1b2c3d",
            "",
        ),
        (
            "a job in layers, the outer one named otherwise",
            "a/POST 0..20 server\n  a/Mail publish 5..12 producer topic=default messaging.message_id=aj-00000001\n    \
             a/default publish 6..10 producer topic=default messaging.message_id=jid-0000001\n      \
             ~> b/default process 30..60 consumer trace=2 topic=default messaging.message_id=jid-0000001\n        \
             b/Mail process 31..59 consumer topic=default messaging.message_id=aj-00000001",
            "",
        ),
        (
            "tried again after a pause",
            "a/POST 0..20 server\n  a/q publish 5..9 producer topic=q messaging.message_id=0a1b2c3d\n    \
             ~> b/q process 40..90 consumer trace=2 topic=q messaging.message_id=0a1b2c3d error: smtp\n    \
             ~> b/q process 18040..18090 consumer trace=3 topic=q messaging.message_id=0a1b2c3d",
            "",
        ),
        (
            "told to every instance",
            "a/POST 0..40 server\n  a/send 5..7 producer topic=t messaging.message.id=mmmm-0001\n    \
             b/take 12..14 consumer topic=t messaging.message.id=mmmm-0001 @service.instance.id=1\n    \
             b/take 13..16 consumer topic=t messaging.message.id=mmmm-0001 @service.instance.id=2",
            "",
        ),
        (
            "given to another instance when the first did not finish",
            "a/POST 0..40000 server\n  a/send 5..7 producer topic=t messaging.message.id=mmmm-0001\n    \
             b/take 12..39000 consumer topic=t messaging.message.id=mmmm-0001 @service.instance.id=1\n    \
             b/take 30013..30016 consumer topic=t messaging.message.id=mmmm-0001 @service.instance.id=2",
            "warning duplicate_consume b take ×1",
        ),
        (
            "an outbox and its relay",
            "a/POST 0..50 server\n  a/INSERT 10..14 client db.system=postgresql\n  \
             r/t publish 4800..4804 producer topic=t\n    b/take 4850..4900 consumer topic=t",
            "",
        ),
        (
            "a relay that polls in a trace of its own",
            "a/POST 0..50 server\n  a/INSERT 10..14 client db.system=postgresql\nr/poll 1790..1806 trace=2\n  \
             r/t publish 1800..1804 producer topic=t link=2\n    b/take 1850..1900 consumer topic=t",
            "",
        ),
        (
            "a relay that hangs",
            "a/POST 0..50 server\n  r/t publish 9800..9804 producer topic=t\n    b/take 9850..9900 consumer topic=t",
            "warning gap r t publish ×1",
        ),
        (
            "an answer to a queue of one's own",
            "a/POST 0..90 server\n  a/ask 5..7 producer topic=rpc\n    b/rpc process 10..40 consumer topic=rpc\n      \
             b/reply 30..31 producer topic=amq.gen-JzTY20BRgKO-HjmUJj0wLg\n      \
             b/reply 35..37 producer topic=x messaging.destination.temporary=true",
            "",
        ),
        (
            "the journal of a store",
            "a/send 0..4 producer topic=t\n  b/take 9..20 consumer topic=t\n    \
             b/keep 11..12 producer topic=app-sum-changelog",
            "",
        ),
        ("a page that asks two services at once", "a/GET 0..100 server lost=7\nb/GET 50..120 server lost=8", ""),
        (
            "the one calls the other elsewhere",
            "s/GET 0..100 server lost=7\np/GET 50..120 server lost=8",
            "warning orphan p GET ×1",
        ),
        (
            "somebody reads the page, which has the rest in its cache",
            "w/load 0..800 @telemetry.sdk.language=webjs\n  \
             w/GET 5..120 client server.address=a @telemetry.sdk.language=webjs\n    a/GET 20..100 server\n\
             w/click 20000..20150 trace=2 @telemetry.sdk.language=webjs\n  \
             w/GET 20001..20002 client server.address=a @telemetry.sdk.language=webjs\n  \
             w/POST 20005..20140 client server.address=a @telemetry.sdk.language=webjs\n    a/POST 20020..20130 server",
            "",
        ),
        (
            "a probe before the call",
            "a/POST 0..90 server\n  a/GET 1..5 client server.address=b url.full=http://b:80/healthz\n  \
             a/Check 5..6 client server.address=b rpc.service=grpc.health.v1.Health\n  \
             a/GET 6..50 client server.address=b url.full=http://b:80/x\n    b/GET 8..40 server",
            "",
        ),
        (
            "a cache that spares one the lookup",
            "a/POST 0..400 server\n  a/price 0..30\n    a/SELECT 3..9 client db.system=postgresql\n    \
             a/SET 10..11 client db.system=redis\n  a/price 40..70\n    a/SELECT 43..49 client db.system=postgresql\n    \
             a/SET 50..51 client db.system=redis\n  a/price 80..83",
            "",
        ),
        (
            "one that was not written",
            "a/POST 0..400 server\n  a/price 0..30\n    a/INSERT 3..9 client db.system=postgresql\n  a/price 40..70\n    \
             a/INSERT 43..49 client db.system=postgresql\n  a/price 80..83",
            "warning sibling_deviation a price ×1",
        ),
        (
            "a connection that was open already",
            "a/POST 0..400 server\n  a/GET 0..30 client server.address=b\n    a/tcp.connect 1..2\n    b/x 5..20 server\n  \
             a/GET 40..60 client server.address=b\n    b/x 45..50 server\n  a/GET 61..90 client server.address=b\n    \
             a/tcp.connect 62..64\n    b/x 67..88 server",
            "",
        ),
        (
            "a hedged call, the slower one called off",
            "a/GET 0..60 server\n  a/quote 5..50 client server.address=b error: CANCELLED\n    \
             b/quote 8..70 server error: context canceled\n  a/quote 20..48 client server.address=b\n    \
             b/quote 24..44 server",
            "",
        ),
        (
            "a socket that stays open",
            "a/GET 0..8 client server.address=b\n  b/GET 2..6 server http.status_code=101\n    \
             b/message 7000..7004 server\n    b/message 40000..40004 server",
            "",
        ),
        (
            "sidecars on both sides",
            "a/GET 0..100 client server.address=b\n  a-proxy/b:80 2..98 client peer.address=10.1.1.1\n    \
             b-proxy/b:80 4..96 server\n      b/GET 6..94 server",
            "",
        ),
        (
            "a cold start",
            "a/POST 0..50 server\n  a/q publish 10..20 producer topic=q messaging.system=aws_sqs\n    \
             ~> f/q process 3400..3500 consumer topic=q trace=2",
            "",
        ),
    ];
    let known = Knowledge { served: [("s".to_owned(), "p".to_owned())].into(), ..Knowledge::default() };
    for (shape, text, expected) in table {
        assert_eq!(above_info(text, &known), expected, "{shape}");
    }
}
