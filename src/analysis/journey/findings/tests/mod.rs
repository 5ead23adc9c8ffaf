mod good_shapes;
mod real_shapes;

use super::baseline::Baseline;
use super::known::Knowledge;
use super::*;
use crate::analysis::journey::sketch;
use crate::model::attribute::Attributes;
use crate::model::finding::{EvidenceFact, FindingDetail, FindingId, FindingKind, Severity};
use crate::model::id::SpanId;
use crate::model::journey::CauseKind;
use crate::query::{Query, Subject};
use crate::source::demo;
use crate::stitch::stitch;

fn findings_with(journey: &Journey, known: &Knowledge, baseline: Option<&Baseline>) -> Vec<Finding> {
    find(journey, &FindingsInput { complete: true, settled: true, looked_up: true, known, baseline }).list
}

fn findings_of(journey: &Journey) -> Vec<Finding> {
    let mut known = Knowledge::default();
    known.learn(journey);
    findings_with(journey, &known, None)
}

/// `severity id[+also]/kind service operation ×count`, joined by commas.
fn summary(findings: &[Finding]) -> String {
    let say = |f: &Finding| {
        let also: String = f.also.iter().map(|id| format!("+{}", id.as_str())).collect();
        let kind = f.kind.map(|kind| format!("/{}", kind.as_str())).unwrap_or_default();
        format!("{} {}{also}{kind} {} {} ×{}", f.severity.as_str(), f.id.as_str(), f.service, f.operation, f.count)
    };
    findings.iter().map(say).collect::<Vec<_>>().join(", ")
}

/// A sketch whose forest and skew are found as with real data.
fn stitched(text: &str) -> Journey {
    let drawn = sketch::journey(text);
    let query = Query::about(Subject::trace(sketch::trace(1)), vec![], sketch::ORIGIN);
    let evidence = crate::model::evidence::Evidence { spans: drawn.spans, logs: drawn.logs, ..Default::default() };
    stitch(evidence, &query)
}

#[test]
fn each_rule_names_what_is_wrong() {
    let table = [
        (
            "a lost parent",
            "a/root 0..100 server\n  ?> b/work 10..20\n    b/db 11..19 client db.system=x",
            "warning orphan b work ×1",
        ),
        (
            "lost parents of one kind are one",
            "a/root 0..100 server\n  ?> b/work 10..20 \n  ?> b/work 30..40",
            "warning orphan b work ×1",
        ),
        ("a lost call in the middle", "a/root 0..100 server\n  ?> b/serve 10..90 server", "warning orphan b serve ×1"),
        (
            "a lost call is not to be seen behind a gateway",
            "?> a/root 0..100 server\n?> b/work 10..20",
            "warning orphan a root ×1",
        ),
        (
            "an endless stream",
            "?> a/round 0..1\n?> a/round 5000..5001\n?> a/round 10000..10001\n?> a/round 15000..15001\n?> a/round 20000..20001",
            "info orphan/never_ended a round ×1",
        ),
        (
            "a callee is down for two callers",
            "a/get 0..100 server error\n  a/call 1..9 client server.address=shop error: Connection refused\nb/get 0..100 server error\n  b/call 20..30 client server.address=shop error: connect ECONNREFUSED 10.0.0.1:80",
            "error error_origin+client_without_server/callee_down a call ×2",
        ),
        (
            "a callee is late",
            "a/get 0..100 server error\n  a/call 1..90 client server.address=shop error: deadline exceeded",
            "error error_origin+client_without_server a call ×1",
        ),
        (
            "a caller gave up before its callee failed",
            "a/call 0..100 client server.address=shop error: deadline exceeded\n  shop/serve 5..400 server error: gone",
            "error error_origin a call ×1, error error_origin shop serve ×1",
        ),
        (
            "a clean-up that fails after the work did",
            "a/work 0..100 error: x\n  a/undo 200..209 client server.address=shop error: Connection refused",
            "error error_origin a work ×1",
        ),
        (
            "the other side is lost once and there twice",
            "a/get 0..100 server\n  a/call 1..9 client peer.service=shop\n    shop/serve 2..8 server\n  a/call 11..19 client peer.service=shop\n    shop/serve 12..18 server\n  a/call 21..29 client peer.service=shop",
            "warning client_without_server+sibling_deviation a shop ×1",
        ),
        (
            "nobody there is traced",
            "a/get 0..100 server\n  a/call 1..9 client peer.service=shop",
            "info client_without_server a shop ×1",
        ),
        (
            "a message waited",
            "a/send 0..2 producer topic=t\n  b/take 45000..45100 consumer topic=t",
            "warning gap/queue_wait b take ×1",
        ),
        (
            "nothing happened",
            "a/job 0..2000\n  a/one 0..500\n?> a/two 9000..9900\n  a/three 9000..9100",
            "warning orphan a two ×1, warning gap a two ×1",
        ),
        (
            "one of six lacks a step",
            "a/root 0..100\n  b/w 0..9\n    b/s 1..2\n  b/w 10..19\n    b/s 11..12\n  b/w 20..29\n    b/s 21..22\n  b/w 30..39\n    b/s 31..32\n  b/w 40..49\n    b/s 41..42\n  b/w 50..59",
            "warning sibling_deviation b w ×1",
        ),
        (
            "cousins are compared, and the topmost step tells",
            "a/root 0..100\n  a/p 0..2\n    b/w 3..9\n      b/s 4..8\n        b/db 5..6\n  a/p 10..12\n    b/w 13..19\n      b/s 14..18\n        b/db 15..16\n  a/p 20..22\n    b/w 23..29",
            "warning sibling_deviation b w ×1",
        ),
        (
            "an error, and one that was retried",
            "a/get 0..100 server\n  a/try 1..9 client error: version 3\n  a/try 11..19 client error: version 4\n  a/try 21..29 client",
            "info error_origin/recovered a try ×2",
        ),
    ];
    for (name, text, expected) in table {
        assert_eq!(summary(&findings_of(&sketch::journey(text))), expected, "{name}");
    }
}

#[test]
fn good_runs_of_every_shape_give_nothing_above_info() {
    let table = [
        (
            "layers of clients, the server beside the inner one",
            "a/get 0..100 server\n  a/http 1..90 client peer.service=b\n    a/send 2..89 client server.address=b\n    b/serve 3..88 server",
        ),
        ("an unknown database", "a/get 0..100 server\n  a/q 1..90 client db.system=frobnicate server.address=box"),
        ("a cache by name", "a/get 0..100 server\n  a/GET 1..90 client peer.service=redis-cart"),
        ("a third party", "a/get 0..100 server\n  a/pay 1..90 client server.address=api.stripe.com"),
        (
            "steps of a call",
            "a/get 0..100 server\n  a/pay 1..90 client server.address=b\n    a/dns.lookup 2..3 client server.address=b\n    a/tcp.connect 3..4 client server.address=b\n    b/serve 5..80 server",
        ),
        (
            "a server in a trace of its own",
            "a/get 0..100 server\n  a/pay 1..90 client server.address=b\n    ~> b/serve 5..80 server trace=2",
        ),
        ("pollers", "a/POST 0..100 server\na/poll 13000..13010 server trace=2\na/poll 26000..26010 server trace=3"),
        ("one health check", "a/POST 0..100 server\nb/health 23000..23001 trace=2"),
        (
            "a poll loop in one trace",
            "a/root 0..10\n  a/poll 13000..13010 client\n  a/poll 26000..26010 client\n  a/poll 39000..39010 client",
        ),
        ("children that outlive their parent", "a/get 0..10 server\n  a/store 5..400\n    a/flush 300..900"),
        ("behind a gateway", "?> a/get 0..100 server\n  a/q 1..2\n?> a/get 200..300 server"),
        (
            "a remote entry each",
            "?> a/get 0..100 server\n?> b/get 0..50 server trace=2\n?> c/get 60..70 server trace=3",
        ),
        ("tiny inversions", "a/call 1..9 client server.address=b\n  b/serve 0.2..8 server"),
        (
            "a clock that steps by hours",
            "a/call 0..90 client server.address=b\n  b/serve 7200005..7200050 server\n    b/q 7200006..7200007",
        ),
        (
            "and backwards",
            "a/job 8000000..8000090\n  a/call 8000000..8000090 client server.address=b\n    b/serve 5..50 server\n      b/q 6..7",
        ),
        ("a step within a process", "a/job 0..90\n  a/step 7200005..7200050"),
        (
            "a retry that succeeds",
            "a/get 0..100 server\n  a/call 1..9 client server.address=b error: Connection refused\n  a/call 20..29 client server.address=b\n    b/serve 21..28 server",
        ),
        (
            "redirects",
            "a/get 0..100 server\n  a/GET 1..9 client server.address=b http.status_code=302\n    b/old 2..8 server http.status_code=302\n  a/GET 10..19 client server.address=b http.status_code=200\n    b/new 12..18 server",
        ),
        (
            "a cache hit among three",
            "a/get 0..100 server\n  a/look 1..9\n    a/db 2..3 client db.system=x\n  a/look 10..19\n  a/look 20..29",
        ),
        ("a batch of three", "a/get 0..100 server\n  a/send 1..2 producer topic=t\n    b/take 50..90 consumer topic=t"),
        (
            "a swallowed 404",
            "a/get 0..100 server http.status_code=200\n  a/GET 1..9 client server.address=b http.status_code=404",
        ),
    ];
    for (name, text) in table {
        for journey in [sketch::journey(text), stitched(text)] {
            let above_info: Vec<Finding> =
                findings_of(&journey).into_iter().filter(|f| f.severity > Severity::Info).collect();
            assert_eq!(summary(&above_info), "", "{name}");
        }
    }
}

#[test]
fn reused_ids_and_other_journeys_are_not_checked_as_trees() {
    let mut journey = sketch::journey("a/root 0..100 server\n  a/x 1..2\n  a/y 3..4\n    ?> b/z 4..5");
    let reused = journey.spans[1].span_id;
    journey.spans[2].span_id = reused;
    journey.spans[3].parent_id = Some(reused);
    assert_eq!(summary(&findings_of(&journey)), "");
    let mut journey = sketch::journey("a/root 0..100 server\n  ?> b/z 4..5 error: x");
    journey.is_own[1] = false;
    assert_eq!(summary(&findings_of(&journey)), "");
}

#[test]
fn clocks_that_differ_are_one_finding_for_each_pair() {
    let pair = |n: usize| format!("  a/call {n}1..{n}9 client server.address=b\n    b/serve {n}12..{n}18 server\n");
    let text = format!("a/root 0..2000 server\n{}{}{}", pair(1), pair(2), pair(3));
    let findings = findings_of(&stitched(&text));
    let skews: Vec<Finding> = findings.into_iter().filter(|f| f.id == FindingId::ClockSkew).collect();
    assert_eq!((summary(&skews).as_str(), skews[0].confidence), ("info clock_skew a b ×3", Confidence::High));
    let mut journey = sketch::journey("a/root 0..2000 server");
    let event = |at| crate::model::span::Event { time: at, name: "x".into(), attributes: Attributes::default() };
    journey.spans[0].events = vec![event(sketch::ORIGIN.plus(7_200_000_000_000))];
    assert_eq!(summary(&findings_of(&journey)), "info clock_skew a  ×1");
}

fn scenario(name: &str, seed: u64) -> (demo::DemoRun, Journey) {
    let scenario = demo::scenarios().into_iter().find(|s| s.name == name).unwrap();
    let run = scenario.run(demo::NOW.plus(-120_000_000_000), seed);
    let keys = vec!["correlation_id".to_owned()];
    let query = Query::about(Subject::correlation(run.correlation_id.clone()), keys, demo::NOW);
    let journey = stitch(demo::evidence(&run), &query);
    (run, journey)
}

#[test]
fn twenty_good_runs_show_what_is_missing() {
    let mut baseline = Baseline::default();
    for seed in 100..120 {
        baseline.add(&scenario("complete", seed).1);
    }
    baseline.add(&scenario("storage-error", 7).1);
    assert_eq!(baseline.runs(), 20);
    let with = |name: &str| {
        let journey = scenario(name, 1).1;
        let mut known = Knowledge::default();
        known.learn(&journey);
        summary(&findings_with(&journey, &known, Some(&baseline)))
    };
    assert_eq!(with("complete"), "");
    assert_eq!(
        with("missing-storage-update"),
        "warning usually_followed_by essay_lifecycle_service storage_reference_update ×1"
    );
    assert!(!with("database-cascade").contains("usually"), "{}", with("database-cascade"));
    assert!(with("late-consumer").starts_with("warning gap/queue_wait"));
    assert!(!with("callee-down").contains("unusual"), "what an error explains is no finding of its own");
    let few = scenario("missing-storage-update", 1).1;
    assert_eq!(summary(&findings_with(&few, &Knowledge::default(), Some(&Baseline::default()))), "");
}

type DrawnHit = (FindingId, Option<FindingKind>, &'static [usize]);

#[test]
fn what_one_cause_showed_as_is_one_finding() {
    use FindingId::{
        BrokenPropagation, ClientWithoutServer, ClockSkew, DuplicateConsume, ErrorOrigin, Gap, LogWithoutSpan, Orphan,
        PublishWithoutConsume, SiblingDeviation, UsuallyFollowedBy,
    };
    let journey = sketch::journey("a/x 0..9");
    let known = Knowledge::default();
    let input = FindingsInput { complete: true, settled: true, looked_up: true, known: &known, baseline: None };
    let context = RuleContext::new(&journey, &input);
    let hit = |(id, kind, spans): &DrawnHit| {
        let severity = if *id == Orphan { Severity::Warning } else { Severity::Info };
        let mut finding = Finding::new(*id, severity, Confidence::High, FindingDetail::LogWithoutSpan);
        finding.kind = *kind;
        finding.evidence = vec![context.evidence(0, EvidenceFact::Answered)];
        RuleHit { finding, spans: spans.to_vec() }
    };
    let table: [(&[DrawnHit], &str); 12] = [
        (
            &[(ClientWithoutServer, None, &[1, 2]), (ErrorOrigin, None, &[1, 9]), (ErrorOrigin, None, &[2])],
            "error_origin+client_without_server ×2",
        ),
        (&[(ErrorOrigin, None, &[1]), (ErrorOrigin, None, &[1, 2])], "error_origin ×1, error_origin ×1"),
        (&[(Orphan, None, &[3]), (PublishWithoutConsume, None, &[1, 3])], "publish_without_consume+orphan ×1"),
        (&[(Orphan, None, &[4]), (PublishWithoutConsume, None, &[1, 3])], "orphan ×1, publish_without_consume ×1"),
        (
            &[(PublishWithoutConsume, None, &[1]), (Gap, Some(FindingKind::QueueWait), &[1, 2])],
            "publish_without_consume+gap/queue_wait ×1",
        ),
        (&[(PublishWithoutConsume, None, &[1]), (Gap, None, &[1, 2])], "publish_without_consume ×1, gap ×1"),
        (
            &[(DuplicateConsume, None, &[1, 2]), (ErrorOrigin, Some(FindingKind::Recovered), &[3, 1])],
            "duplicate_consume+error_origin ×1",
        ),
        (&[(DuplicateConsume, None, &[1, 2]), (ErrorOrigin, None, &[3, 1])], "duplicate_consume ×1, error_origin ×1"),
        (
            &[
                (PublishWithoutConsume, None, &[1]),
                (Orphan, None, &[2]),
                (BrokenPropagation, None, &[1, 2]),
                (SiblingDeviation, None, &[1]),
            ],
            "broken_propagation+publish_without_consume+orphan+sibling_deviation ×1",
        ),
        (&[(PublishWithoutConsume, None, &[1]), (UsuallyFollowedBy, None, &[1])], "publish_without_consume ×1"),
        (&[(LogWithoutSpan, None, &[]), (UsuallyFollowedBy, None, &[1])], "log_without_span+usually_followed_by ×1"),
        (
            &[(SiblingDeviation, None, &[1, 2]), (PublishWithoutConsume, None, &[1]), (ClockSkew, None, &[1])],
            "sibling_deviation ×1, publish_without_consume ×1, clock_skew ×1",
        ),
    ];
    for (drawn, findings) in table {
        let merged = merge::merge(&context, drawn.iter().map(hit).collect());
        let say = |f: &Finding| {
            let also: String = f.also.iter().map(|id| format!("+{}", id.as_str())).collect();
            let kind = if f.kind == Some(FindingKind::QueueWait) { "/queue_wait" } else { "" };
            assert_eq!(f.evidence.len(), 1, "the same evidence is there once");
            assert_eq!(f.severity == Severity::Warning, f.is(Orphan), "the highest severity counts");
            format!("{}{also}{kind} ×{}", f.id.as_str(), f.count)
        };
        assert_eq!(merged.iter().map(say).collect::<Vec<_>>().join(", "), findings);
    }
}

/// Many spans in a row, or side by side, every third of them failed.
#[test]
fn the_deepest_and_the_widest_journeys_are_analysed() {
    let count = 50_000;
    let deep = sketch::chain(count);
    let mut wide = sketch::chain(count);
    for (index, span) in wide.spans.iter_mut().enumerate().skip(1) {
        span.parent_id = SpanId::from_u64(1);
        wide.forest.cause[index] = Some((0, CauseKind::Parent));
        wide.forest.effects[index].clear();
    }
    wide.forest.effects[0] = (1..count).collect();
    for mut journey in [deep, wide] {
        for span in journey.spans.iter_mut().skip(1).step_by(3) {
            span.status.code = crate::model::span::StatusCode::Error;
            span.kind = crate::model::span::SpanKind::Client;
        }
        findings_of(&journey);
    }
}
