//! The commands about a window, which each ask their own of a backend: whatever is sick, they end in time, and their code
//! says whether the answer is complete.

use serde_json::Value;

use crate::fault_health::ID;
use crate::row::Row;
use crate::run::{Screen, faults_of_any, said, shown};

/// The kinds of command.
pub const PANELS: [&[&str]; 8] = [
    &["hotspots", "-o", "json"],
    &["errors", "-o", "json"],
    &["latency", "-o", "json"],
    &["map", "-o", "json"],
    &["phases", "-o", "json"],
    &["alerts", "-o", "json"],
    &["why", "--bad", "operation=charge-card", "-o", "json"],
    &["diff", ID, ID, "-o", "json"],
];

/// Runs it; what is wrong comes with the row, the command and the screen.
pub fn verdict(row: &Row, panel: usize) -> Result<(), String> {
    let place = (row.place)();
    let screen = shown(row, PANELS[panel], &place);
    let mut wrong = faults_of_any(row, &screen);
    wrong.extend(faults(row, &screen));
    said(row, PANELS[panel], &screen, &wrong)
}

fn faults(row: &Row, screen: &Screen) -> Vec<String> {
    let Ok(json) = serde_json::from_str::<Value>(&screen.stdout) else {
        let is_refused = matches!(screen.code, 2 | 4) && row.code == screen.code;
        return if is_refused { vec![] } else { vec![format!("exit {} and no JSON on stdout", screen.code)] };
    };
    let mut wrong = Vec::new();
    let is_whole = json["complete"] == Value::Bool(true);
    if is_whole != (screen.code == 0) || !matches!(screen.code, 0 | 3 | 4) {
        wrong.push(format!("exit {} and complete {}", screen.code, json["complete"]));
    }
    if screen.code == 4 && row.code != 4 {
        wrong.push("exit 4 where nobody must act".to_owned());
    }
    for backend in json["backends"].as_array().into_iter().flatten() {
        let (name, state) = (&backend["name"], backend["state"].as_str().unwrap_or_default());
        let is_sick = *name == row.sick.as_str();
        if matches!(state, "unreachable" | "refused" | "partial") && (is_whole || !is_sick) {
            wrong.push(format!("{name} is {state}, and complete {is_whole}"));
        }
        let is_answered = state == "ok" && backend["requests"].as_u64().is_some_and(|asked| asked > 0);
        // A server that never answers cannot have answered this.
        if is_sick && is_answered && row.code != 0 && backend["error"].as_str().is_some_and(|error| !error.is_empty()) {
            wrong.push(format!("{name} is ok with an error: {}", backend["error"]));
        }
    }
    let advised = json["notes"].as_array().into_iter().flatten().filter(|n| n["source"] == row.sick.as_str());
    if !is_whole && !advised.clone().any(|note| note["hint"].as_str().is_some_and(|hint| !hint.is_empty())) {
        wrong.push(format!("no next step in {}", json["notes"]));
    }
    wrong
}
