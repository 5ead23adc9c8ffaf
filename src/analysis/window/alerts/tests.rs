use std::collections::BTreeSet;

use super::*;
use crate::analysis::journey::sketch::{ORIGIN, journey};
use crate::model::journey::Journey;
use crate::model::rule::{Rule, RuleKind};
use crate::model::time::SECOND;

fn alert(name: &str, state: AlertState, from: i64, to: i64) -> Alert {
    let labels: BTreeMap<String, String> = [("alertname", name), ("service", "b_service"), ("severity", "critical")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
    let (from, to) = (ORIGIN.plus(from * SECOND), ORIGIN.plus(to * SECOND));
    Alert { name: name.to_owned(), state, service: labels.get("service").cloned(), from, to, ongoing: false, labels }
}

#[test]
fn an_alert_is_reported_once_from_when_its_condition_held() {
    use AlertState::{Firing, Pending};
    let window = Window::new(ORIGIN, ORIGIN.plus(1_000 * SECOND));
    let stretches = [
        alert("a", Pending, 100, 150),
        alert("a", Firing, 160, 300),
        alert("a", Firing, 700, 990),
        alert("b", Pending, 0, 50),
        alert("c", Pending, 400, 410),
    ];
    let active = [
        Alert { from: ORIGIN.plus(697 * SECOND), ongoing: true, ..alert("a", Firing, 0, 1_000) },
        alert("d", Pending, 999, 1_000),
    ]
    .map(|alert| ActiveAlert { alert, annotations: [("summary".to_owned(), "now".to_owned())].into() });
    let mut labels = alert("c", Pending, 0, 0).labels;
    labels.insert("__name__".to_owned(), "ALERTS_FOR_STATE".to_owned());
    let seconds = ORIGIN.0 / SECOND + 395;
    let since = [Series { labels, samples: vec![(ORIGIN.plus(400 * SECOND), seconds as f64)] }];
    let answer = AlertInput {
        stretches: &stretches,
        since: &since,
        active: &active,
        sampled: None,
        step_ns: 10 * SECOND,
        window,
        now: window.to,
    };
    let found: Vec<_> = episodes(answer)
        .into_iter()
        .map(|e| {
            (
                e.name.clone(),
                e.level(),
                e.since.since(ORIGIN) / SECOND,
                e.at_least,
                e.fired.map(|at| at.since(ORIGIN) / SECOND),
                e.state,
                e.annotations.values().cloned().collect::<String>(),
            )
        })
        .collect();
    let expected = [
        ("a", Severity::Error, 697, false, Some(700), EpisodeState::Firing, "now"),
        ("d", Severity::Info, 999, false, None, EpisodeState::Pending, "now"),
        ("a", Severity::Error, 100, false, Some(160), EpisodeState::Resolved, ""),
        ("c", Severity::Info, 394, false, None, EpisodeState::Resolved, ""),
        ("b", Severity::Info, 0, true, None, EpisodeState::Resolved, ""),
    ];
    assert_eq!(found, expected.map(|(name, g, s, l, f, o, a)| (name.to_owned(), g, s, l, f, o, a.to_owned())));
    assert!(episodes(AlertInput { stretches: &[], since: &[], active: &[], ..answer }).is_empty());
}

#[test]
fn an_unscoped_alert_is_shown_by_what_speaks_of_it_and_kept_whatever_service_is_wanted() {
    let alert = |service: Option<&str>| Alert {
        service: service.map(str::to_owned),
        labels: [("service", service.unwrap_or("-"))].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        name: "CardStoreFailure".to_owned(),
        state: AlertState::Firing,
        from: ORIGIN,
        to: ORIGIN.plus(MINUTE),
        ongoing: true,
    };
    let stretches = [alert(None), alert(Some("pay_service")), alert(Some("shop"))];
    let window = Window::new(ORIGIN.plus(-MINUTE), ORIGIN.plus(MINUTE));
    let answer = AlertInput {
        stretches: &stretches,
        since: &[],
        active: &[],
        sampled: None,
        step_ns: SECOND,
        window,
        now: window.to,
    };
    let filters = Filters { services: vec![Pattern::exact("pay")], ..Filters::default() };
    let kept = |filters: &Filters| of_services(episodes(answer), filters).into_iter().map(|e| e.service);
    let name = |text: &str| Some(text.to_owned());
    let all = [None, name("pay_service"), name("shop")];
    assert_eq!(kept(&Filters::default()).collect::<BTreeSet<_>>(), all.into());
    assert_eq!(kept(&filters).collect::<BTreeSet<_>>(), [None, name("pay_service")].into());

    let mut found = episodes(answer);
    let mut showing = AlertExamples::new(&found, window);
    for (id, text) in [("it", "a/put 0..9 error: card store is full"), ("other", "shop/get 0..9 error: failure")] {
        showing.add(&Journey { correlation_id: name(id), ..journey(text) }, &Filters::default());
    }
    showing.finish(&mut found);
    let shown = |service: Option<&str>| {
        let episode = found.iter().find(|e| e.service.as_deref() == service).unwrap();
        (episode.journeys_read, episode.examples.iter().map(|e| e.id.as_str()).collect::<Vec<_>>())
    };
    assert_eq!(shown(None), (true, vec!["it"]));
    assert_eq!(shown(Some("pay_service")), (false, vec![]));
    assert_eq!(shown(Some("shop")), (true, vec!["other"]));
}

#[test]
fn journeys_that_show_an_alert_are_those_of_its_service_and_time_that_failed_or_were_slow() {
    let window = Window::new(ORIGIN.plus(-MINUTE), ORIGIN.plus(MINUTE));
    let answer = |stretches: &[Alert]| {
        episodes(AlertInput {
            stretches,
            since: &[],
            active: &[],
            sampled: None,
            step_ns: SECOND,
            window,
            now: window.to,
        })
    };
    let mut found = answer(&[alert("a", AlertState::Firing, 30, 40)]);
    let mut showing = AlertExamples::new(&found, window);
    let usual = "b/op 0..100 server";
    let drawn: Vec<(String, &str)> = (0..20)
        .map(|n| (format!("u{n}"), usual))
        .chain([
            ("slow".to_owned(), "b/op 0..900 server"),
            ("other service".to_owned(), "c/op 0..100 error: no"),
            ("near".to_owned(), "x/top 29000..29900 error: no\n  b/op 29100..29800 error: deep"),
            ("far".to_owned(), "b/op 1000..1100 error: far"),
            ("too late".to_owned(), "b/op 900000..900100 error: late"),
        ])
        .collect();
    for (id, text) in drawn.iter().rev() {
        showing.add(&Journey { correlation_id: Some(id.clone()), ..journey(text) }, &Filters::default());
    }
    showing.finish(&mut found);
    let examples: Vec<_> = found[0].examples.iter().map(|e| (e.id.as_str(), e.because, e.error.as_str())).collect();
    assert_eq!(
        examples,
        [
            ("near", ExampleReason::Error, "deep"),
            ("far", ExampleReason::Error, "far"),
            ("slow", ExampleReason::Slow, "")
        ]
    );
    let usual = found[0].examples[2].usual_ns.unwrap();
    assert!((100_000_000..110_000_000).contains(&usual), "{usual}");
}

/// Samples a quarter of an hour apart do not show what is over since; a current one does.
#[test]
fn what_has_no_sample_now_is_over() {
    let window = Window::new(ORIGIN, ORIGIN.plus(24 * HOUR));
    let stretches = [alert("over", AlertState::Firing, 0, 85_800), alert("still", AlertState::Firing, 80_000, 85_500)];
    let sampled =
        [alert("still", AlertState::Firing, 86_400, 86_400), alert("new", AlertState::Pending, 86_400, 86_400)];
    let ongoing = |sampled: Option<&[Alert]>| -> Vec<(String, bool)> {
        let step_ns = 15 * MINUTE;
        let answer =
            AlertInput { stretches: &stretches, since: &[], active: &[], sampled, step_ns, window, now: window.to };
        episodes(answer).into_iter().map(|episode| (episode.name, episode.ongoing)).collect()
    };
    let named = |all: &[(&str, bool)]| all.iter().map(|(name, on)| ((*name).to_owned(), *on)).collect::<Vec<_>>();
    assert_eq!(ongoing(None), named(&[("still", true), ("over", true)]));
    assert_eq!(ongoing(Some(&sampled)), named(&[("still", true), ("new", true), ("over", false)]));
}

/// One that has been firing for a year shall not have a year searched, nor crowd out the others.
#[test]
fn journeys_are_looked_for_around_the_beginning_or_in_the_last_hour() {
    let asked = Window::new(ORIGIN, ORIGIN.plus(24 * HOUR));
    let touched = |from: i64, to: i64, severity: &str| {
        let labels = [("severity".to_owned(), severity.to_owned())].into();
        let service = (severity != "none").then(|| "shop".to_owned());
        let one = begun(&Alert { service, labels, ..alert("a", AlertState::Firing, from, to) });
        one.example_window(asked).map(|window| [window.from, window.to].map(|at| at.since(ORIGIN) / (60 * SECOND)))
    };
    let day = 24 * 3_600;
    assert_eq!(touched(7_200, 9_000, "page"), Some([110, 155]));
    assert_eq!(touched(7_200, day, "page"), Some([110, 180]));
    assert_eq!(touched(-30 * day, day, "page"), Some([1_375, 1_445]));
    assert_eq!(touched(-30 * day, day, "none"), None);
}

#[test]
fn what_a_rule_says_of_an_alert_is_filled_in_with_its_labels() {
    let rule = |severity: &str, text: &str| Rule {
        group: "g".to_owned(),
        name: "a".to_owned(),
        kind: RuleKind::Alerting,
        query: "up == 0".to_owned(),
        health: "ok".to_owned(),
        last_error: String::new(),
        last_evaluation: None,
        state: None,
        labels: [("severity", severity), ("team", "{{ $labels.team }}")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        annotations: [("summary".to_owned(), text.to_owned())].into(),
    };
    let table = [
        ("down", "down"),
        ("{{ $labels.service }} is down", "b_service is down"),
        ("{{.Labels.service}}: {{ $value | humanize }} s, {{- $labels.nope -}}", "b_service: … s, …"),
        ("{{ $value", "{{ $value"),
        ("", ""),
    ];
    for (text, expected) in table {
        let mut answer = [begun(&alert("a", AlertState::Firing, 0, 1)), begun(&alert("b", AlertState::Firing, 0, 1))];
        explain(&mut answer, &[rule("page", "another"), rule("critical", text)]);
        assert_eq!(answer[0].annotations["summary"], expected);
        assert!(answer[1].annotations.is_empty());
    }
}
