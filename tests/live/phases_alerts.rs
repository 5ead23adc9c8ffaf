//! `trace phases` and `trace alerts` against the real servers of `tests/stack`: their numbers equal what was served.

use std::time::Duration;

use crate::support::stack::{MetricsPage, address, now, push};
use crate::support::{Trace, trace};
use serde_json::{Value, json};
use trace::model::time::{MINUTE, SECOND, Timestamp};
use trace::source::demo::{MetricKind, Sample, scenarios};

/// The binary, pointed at one of the Prometheuses and at a Jaeger.
fn at(prometheus: &str, command: &str) -> Trace {
    trace()
        .args([command, "--without", "loki", "--since", "2m", "-o", "json"])
        .env("TRACE_JAEGER_URL", &address("STACK_JAEGER1_URL"))
        .env("TRACE_PROMETHEUS_URL", &address(prometheus))
}

fn sample(family: &'static str, kind: MetricKind, labels: &[(&'static str, &str)], value: f64) -> Sample {
    let name = if kind == MetricKind::Counter { format!("{family}_total") } else { family.to_owned() };
    let labels = labels.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Sample { family, kind, name, labels, value, exemplar: None }
}

/// The platform's samples with this many essays spell-checked; storage counts are those of this run alone.
fn page(checked: f64, run: &str) -> Vec<Sample> {
    let phase = |phase, status, value| {
        sample("bos_batch_phase_status", MetricKind::Gauge, &[("phase", phase), ("status", status)], value)
    };
    vec![
        phase("spellcheck", "IN_PROGRESS", 50.0 - checked),
        phase("spellcheck", "COMPLETED", checked),
        phase("cj_assessment", "IN_PROGRESS", 2.0),
        phase("cj_assessment", "COMPLETED", 5.0),
        sample("els_storage_reference_updates", MetricKind::Counter, &[("run", run)], checked),
        sample("els_storage_reference_failures", MetricKind::Counter, &[("run", run)], 0.0),
        sample("spell_checker_queue_lag_seconds", MetricKind::Gauge, &[], 45.0),
    ]
}

fn find<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().and_then(|all| all.iter().find(|one| one[key] == value));
    found.unwrap_or_else(|| panic!("no {value} in {list}"))
}

#[tokio::test]
async fn phases_alerts_and_rules_are_as_served_on_both_generations_of_prometheus() {
    let scenario = scenarios().into_iter().find(|one| one.name == "redelivery").expect("the scenario");
    let run = scenario.run(now().plus(-20 * SECOND), now().0.unsigned_abs());
    push(&run).await;
    let begun = now();
    let served = MetricsPage::serve(&page(10.0, &run.correlation_id));
    tokio::time::sleep(Duration::from_secs(14)).await;
    served.show(&page(40.0, &run.correlation_id));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let counter = |name: &str| {
        format!("sum(rate(els_storage_reference_{name}_total{{run=\"{}\"}}[{{{{ range }}}}]))", run.correlation_id)
    };
    let config =
        format!("[phases]\nstorage_updates = '{}'\nstorage_failures = '{}'\n", counter("updates"), counter("failures"));
    let mut servers = vec!["STACK_PROMETHEUS_URL"];
    servers.extend(std::env::var("STACK_PROMETHEUS3_URL").is_ok().then_some("STACK_PROMETHEUS3_URL"));
    for prometheus in servers {
        let answer = at(prometheus, "phases").file(".trace.toml", &config).args(["--stuck-after", "10s"]).run().json();
        let values = |phase: &str| {
            let phase = find(&answer["phases"], "phase", phase);
            ["IN_PROGRESS", "COMPLETED"].map(|status| find(&phase["statuses"], "status", status)["value"].clone())
        };
        assert_eq!(
            (values("spellcheck"), values("cj_assessment")),
            ([json!(10.0), json!(40.0)], [json!(2.0), json!(5.0)])
        );
        assert!(find(&answer["phases"], "phase", "spellcheck")["stuck"].is_null(), "{prometheus}: {answer}");
        assert!(find(&answer["phases"], "phase", "cj_assessment")["stuck"].is_object(), "{prometheus}: {answer}");
        let last = |name: &str| {
            let samples = &find(&answer["storage"], "name", name)["series"][0]["samples"];
            samples.as_array().and_then(|all| all.last()).and_then(|last| last[1].as_f64()).unwrap_or(f64::NAN)
        };
        // Thirty in five minutes.
        assert!((0.09..0.13).contains(&last("updates/s")), "{prometheus}: {}", last("updates/s"));
        assert!(last("failures/s").abs() < 1e-9, "{prometheus}: {}", last("failures/s"));
        let ids: Vec<&Value> = answer["examples"].as_array().expect("a list").iter().map(|one| &one["id"]).collect();
        assert!(ids.contains(&&json!(run.correlation_id)), "{prometheus}: {ids:?}");

        let answer = at(prometheus, "alerts").args(["--fail-on", "warning"]).run();
        assert_eq!(answer.code, 1, "{prometheus}: {}", answer.stderr);
        let answer = answer.json();
        let lag = find(&answer["alerts"], "name", "SpellCheckerLag");
        let summary = &lag["annotations"]["summary"];
        assert_eq!(summary, "The spell checker lags 45 s behind its queue", "{prometheus}");
        assert_eq!((&lag["state"], &lag["ongoing"]), (&json!("firing"), &json!(true)), "{prometheus}: {lag}");
        assert_eq!(lag["service"], "spell_checker_service");
        let since = lag["since"].as_str().and_then(Timestamp::from_rfc3339).expect("a time");
        assert!(since.since(begun).abs() < 5 * SECOND || since < begun.plus(-MINUTE), "{prometheus}: {lag}");
        find(&lag["examples"], "id", &run.correlation_id);

        let answer = at(prometheus, "alerts").args(["--rules"]).run().json();
        for rule in ["SpellCheckerLag", "StorageReferencePropagationFailure"] {
            let rule = find(&answer["rules"], "name", rule);
            assert_eq!((&rule["health"], &rule["data"]), (&json!("ok"), &json!("some")), "{prometheus}: {rule}");
        }
        assert_eq!(find(&answer["rules"], "name", "SpellCheckerLag")["state"], "firing", "{prometheus}");
    }
}
