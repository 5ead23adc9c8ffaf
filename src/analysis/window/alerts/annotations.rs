//! Annotations of alerts, from their rules.

use std::collections::BTreeMap;

use crate::analysis::window::alerts::AlertEpisode;
use crate::model::rule::{Rule, RuleKind};

/// Adds the annotations of its rule to each alert without any: the server returns them only for active alerts.
pub(crate) fn explain(alerts: &mut [AlertEpisode], rules: &[Rule]) {
    for alert in alerts.iter_mut().filter(|alert| alert.annotations.is_empty()) {
        let Some(rule) = rules.iter().find(|rule| makes(rule, alert)) else { continue };
        let said = rule.annotations.iter().map(|(key, text)| (key.clone(), filled(text, &alert.labels)));
        alert.annotations = said.collect();
    }
}

/// Whether the rule makes the alert: several rules may have one name, such as one for each severity.
fn makes(rule: &Rule, alert: &AlertEpisode) -> bool {
    let is_on = |(key, value): (&String, &String)| value.contains("{{") || alert.labels.get(key) == Some(value);
    rule.kind == RuleKind::Alerting && rule.name == alert.name && rule.labels.iter().all(is_on)
}

/// The template with labels filled in; `…` replaces measured values and whatever else only the server can evaluate.
fn filled(template: &str, labels: &BTreeMap<String, String>) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, inside, after)) = next_action(rest) {
        text += before;
        text += label(inside).and_then(|name| labels.get(name)).map_or("…", String::as_str);
        rest = after;
    }
    text + rest
}

/// The text before `{{`, inside of the braces, and after `}}`.
fn next_action(text: &str) -> Option<(&str, &str, &str)> {
    let (before, tail) = text.split_once("{{")?;
    let (inside, after) = tail.split_once("}}")?;
    Some((before, inside, after))
}

/// The name in `$labels.phase`.
fn label(action: &str) -> Option<&str> {
    let action = action.trim_matches(['-', ' ']);
    action.strip_prefix("$labels.").or_else(|| action.strip_prefix(".Labels."))
}
