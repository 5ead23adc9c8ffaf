//! Prometheus' rules, from `/api/v1/rules`.
//!
//! Source: `web/api/v1/api.go` of Prometheus 2.42 to 3.x. Thanos and Mimir answer in the same shape.

use crate::model::rule::{Rule, RuleKind};
use crate::model::time::Timestamp;
use crate::wire::json::Json;
use crate::wire::prometheus_json::{PrometheusReply, envelope};
use crate::wire::{Malformed, Skips};

/// Every rule of every group, sorted by group and name.
pub(crate) fn rules(bytes: &[u8]) -> Result<PrometheusReply<Vec<Rule>>, Malformed> {
    let decode = |data: &Json, skips: &mut Skips| {
        let groups = data.get(&["groups"]);
        let mut rules = Vec::new();
        for group in groups.list() {
            for json in group.get(&["rules"]).list() {
                match rule(json, &group.get(&["name"]).owned_text()) {
                    Some(rule) => rules.push(rule),
                    None => skips.add("it is neither alerting nor recording"),
                }
            }
        }
        rules.sort();
        (matches!(groups, Json::List(_) | Json::Null)).then_some(rules)
    };
    envelope(bytes, decode, ("rule", "rules"))
}

fn rule(json: &Json, group: &str) -> Option<Rule> {
    let kind = match json.get(&["type"]).str()? {
        "alerting" => RuleKind::Alerting,
        "recording" => RuleKind::Recording,
        _ => return None,
    };
    let evaluated = json.get(&["lastEvaluation"]).str().and_then(Timestamp::from_rfc3339);
    Some(Rule {
        group: group.to_owned(),
        name: json.get(&["name"]).owned_text(),
        kind,
        query: json.get(&["query"]).owned_text(),
        health: json.get(&["health"]).text().unwrap_or("unknown".into()).into_owned(),
        last_error: json.get(&["lastError"]).text().unwrap_or_default().into_owned(),
        // A rule that was never evaluated has Go's zero time, in the year 1.
        last_evaluation: evaluated.filter(|at| at.is_sane()),
        state: json.get(&["state"]).text().map(|state| state.into_owned()),
        labels: json.get(&["labels"]).labels(),
        annotations: json.get(&["annotations"]).labels(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_prometheus_2_42_and_3_are_read() {
        let answer = br#"{"status":"success","data":{"groups":[{"name":"b","file":"rules.yml","rules":[
            {"state":"firing","name":"Lag","query":"lag \u003e 30","duration":0,"labels":{"severity":"warning"},"annotations":{"summary":"lag of {{ $value }} s"},
             "alerts":[],"health":"ok","evaluationTime":0.0002,"lastEvaluation":"2026-11-23T14:05:00.5Z","type":"alerting","keepFiringFor":0}],
             "interval":1,"limit":0},
            {"name":"a","rules":[
             {"name":"x:y","query":"sum(x)","health":"err","lastError":"many-to-many","lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"},
             {"name":"z","type":"oracle"}]}]}}"#;
        let reply = rules(answer).unwrap();
        let [record, alert] = reply.data.as_slice() else { panic!("{reply:?}") };
        assert_eq!(
            (record.kind, record.health.as_str(), record.last_error.as_str()),
            (RuleKind::Recording, "err", "many-to-many")
        );
        assert_eq!((record.last_evaluation, &record.state), (None, &None));
        assert_eq!(
            (alert.kind, alert.query.as_str(), alert.state.as_deref()),
            (RuleKind::Alerting, "lag > 30", Some("firing"))
        );
        assert!(alert.last_evaluation.is_some() && alert.labels["severity"] == "warning");
        assert_eq!(alert.annotations["summary"], "lag of {{ $value }} s");
        assert_eq!(reply.skipped, ["1 rule skipped: it is neither alerting nor recording"]);
        assert!(rules(br#"{"status":"success","data":{"groups":7}}"#).is_err());
        assert_eq!(rules(br#"{"status":"success","data":{"groups":[]}}"#).unwrap().data, []);
        assert!(rules(br#"{"status":"error","errorType":"internal","error":"no"}"#).unwrap().error.is_some());
    }
}
