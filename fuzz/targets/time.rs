//! Any text as a time, a window, a zone, a length, or an ID that tells its time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::model::duration::{duration, positive_duration};
use trace::model::time::{Human, Timestamp, Window, Zone};
use trace::options::time::TimeArgs;
use trace::query::window_of_id;
use trace_fuzz::NOW;

fuzz_target!(|text: &str| {
    let zones = [Zone::Utc, Zone::Offset(5 * 3600 + 45 * 60), Zone::parse(text).unwrap_or(Zone::Local)];
    let (one, two) = text.split_once('|').unwrap_or((text, "now"));
    let (one, two) = (Some(one.to_owned()), Some(two.to_owned()));
    let forms = [
        TimeArgs { since: one.clone(), start: None, end: None },
        TimeArgs { since: None, start: one.clone(), end: None },
        TimeArgs { since: None, start: None, end: one.clone() },
        TimeArgs { since: None, start: one, end: two },
    ];
    for zone in zones {
        for form in &forms {
            match form.window(NOW, zone) {
                Ok(Some(window)) => shown(window, zone),
                Ok(None) => {}
                Err(error) => drop((error.to_string(), error.hint().len())),
            }
        }
    }
    for at in [Timestamp::from_rfc3339(text), Timestamp::from_http_date(text)].into_iter().flatten() {
        assert_eq!(Timestamp::from_rfc3339(&at.rfc3339()), Some(at), "its own spelling means itself");
    }
    if let Ok(length) = duration(text) {
        assert!(length >= 0 && positive_duration(text).is_ok() == (length > 0));
        drop(Human(length).to_string());
    }
    if let Some((window, _)) = window_of_id(text, NOW) {
        shown(window, Zone::Utc);
    }
});

fn shown(window: Window, zone: Zone) {
    assert!(window.from < window.to, "an empty window");
    drop((zone.full(window.from), zone.clock(window.to), zone.offset(window.to), zone.date(window.to)));
    drop((Human(window.length()).to_string(), window.from.rfc3339(), window.to.seconds_text()));
}
