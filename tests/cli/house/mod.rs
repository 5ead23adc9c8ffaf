//! The house keeps its shape: imports run down the floors and never in a circle, and comments and documents use the
//! field's words.
//!
//! What does not hold yet is listed here, so that it can only become less.

mod imports;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Import, imports};

/// The rooms from top to bottom. A room imports only from floors below its own; small files at the bottom may import
/// each other.
const FLOORS: [&[&str]; 15] = [
    &["main", "signals"],
    &["cli"],
    &["command"],
    &["options"],
    &["session"],
    &["gather", "render"],
    &["report"],
    &["pipeline"],
    &["analysis"],
    &["stitch"],
    &["source"],
    &["wire"],
    &["query"],
    &["model"],
    &["error", "stop", "progress", "save", "spelling"],
];

/// Imports that run up, from room to room: `FROM -> TO`.
const KNOWN_UP: &[&str] = &["source -> stitch"];

/// Imports without which there would be no circle: `FILE -> FILE`.
const KNOWN_CIRCLES: &[&str] = &[
    "src/command/journey.rs -> src/command/readings.rs",
    "src/options/profile.rs -> src/options/phases.rs",
    "src/pipeline/learn/sample.rs -> src/pipeline/learn/things.rs",
    "src/render/markdown.rs -> src/render/mod.rs",
    "src/render/terminal/mod.rs -> src/render/mod.rs",
    "src/render/terminal/text.rs -> src/render/mod.rs",
    "src/source/demo/written.rs -> src/source/demo/recorder.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The room of a file: the folder or file right below `src`.
fn room(file: &str) -> &str {
    let below = file.trim_start_matches("src/");
    below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("`{room}` has no floor yet"))
}

/// Whether an import between rooms runs down.
fn runs_down(import: &Import) -> bool {
    let (from, to) = (floor(room(&import.from)), floor(room(&import.to)));
    from < to || from == to && from == FLOORS.len() - 1
}

/// Whether a part takes from the module file of its own folder, where what its parts share may be defined. A room's own
/// `mod.rs` is no such file: what is there is taken by other rooms.
fn is_to_own_module(from: &str, to: &str) -> bool {
    let folder = to.strip_suffix("mod.rs").filter(|folder| folder.matches('/').count() > 2);
    folder.is_some_and(|folder| from.starts_with(folder))
}

fn arrow(from: &str, to: &str) -> String {
    format!("{from} -> {to}")
}

#[test]
fn imports_run_down_the_floors() {
    let mut up: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for import in imports(root()).iter().filter(|i| room(&i.from) != room(&i.to) && i.to != "src/lib.rs") {
        if !runs_down(import) {
            let files = format!("{} takes {} from {}", import.from, import.name, import.to);
            up.entry(arrow(room(&import.from), room(&import.to))).or_default().push(files);
        }
    }
    let known: BTreeSet<&str> = KNOWN_UP.iter().copied().collect();
    let new: Vec<_> = up.iter().filter(|(rooms, _)| !known.contains(rooms.as_str())).collect();
    assert!(new.is_empty(), "imports that run up: {new:#?}");
    let gone: Vec<_> = known.iter().filter(|rooms| !up.contains_key(**rooms)).collect();
    assert!(gone.is_empty(), "these imports no longer run up; take them off the list: {gone:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut names: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for Import { from, to, name } in imports(root()).into_iter().filter(|i| !is_to_own_module(&i.from, &i.to)) {
        names.entry((from, to)).or_default().insert(name);
    }
    let all: BTreeSet<(&str, &str)> = names.keys().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    let known: BTreeSet<&str> = KNOWN_CIRCLES.iter().copied().collect();
    let rest = all.iter().copied().filter(|(from, to)| !known.contains(arrow(from, to).as_str())).collect();
    let mut circles = vec![];
    for circle in circles_of(&rest) {
        let inside = rest.iter().filter(|(from, to)| circle.contains(from) && circle.contains(to));
        let lines = inside.map(|(from, to)| {
            let names: Vec<&str> = names[&((*from).to_owned(), (*to).to_owned())].iter().map(String::as_str).collect();
            format!("{} ({})", arrow(from, to), names.join(", "))
        });
        circles.push(lines.collect::<Vec<_>>());
    }
    assert!(circles.is_empty(), "files that import each other in a circle: {circles:#?}");
    let all_circles = circles_of(&all);
    let is_needed = |line: &&&str| {
        let ends = line.split_once(" -> ");
        ends.is_some_and(|(from, to)| all_circles.iter().any(|circle| circle.contains(from) && circle.contains(to)))
    };
    let gone: Vec<_> = known.iter().filter(|line| !is_needed(line)).collect();
    assert!(gone.is_empty(), "these imports are in no circle any more; take them off the list: {gone:#?}");
}

/// The sets of files of which each reaches each other one, by imports.
fn circles_of<'a>(edges: &BTreeSet<(&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
    let reach = |begin: &'a str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![begin]);
        while let Some(at) = open.pop() {
            for (_, to) in edges.range((at, "")..).take_while(|(from, _)| *from == at) {
                if seen.insert(*to) {
                    open.push(*to);
                }
            }
        }
        seen
    };
    let files: BTreeSet<&str> = edges.iter().map(|(from, _)| *from).collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = files.iter().map(|file| (*file, reach(file))).collect();
    let mut found: Vec<BTreeSet<&str>> = vec![];
    for (file, ahead) in &reached {
        if ahead.contains(file) && !found.iter().any(|circle| circle.contains(file)) {
            let back = |other: &&&str| reached.get(**other).is_some_and(|ahead| ahead.contains(file));
            found.push(ahead.iter().filter(back).copied().collect());
        }
    }
    found
}

#[test]
fn every_room_is_on_a_floor() {
    for file in imports::rust_files(&root().join("src")) {
        let name = file.strip_prefix(root()).expect("below the root").display().to_string();
        if name != "src/lib.rs" {
            floor(room(&name));
        }
    }
}

/// The reader of imports itself, on a small tree that has one of everything.
#[test]
fn imports_are_read_from_every_form_of_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join("src").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, text).expect("the file");
    };
    file("lib.rs", "pub mod a;\npub mod b;\npub mod c;\n");
    file(
        "a/mod.rs",
        "mod part;\n#[cfg(test)]\nmod tests;\npub use part::Part;\nuse crate::b::{self as other, Thing, deep::{Deep, f}};\n\
         fn x() -> &'static str { \"crate::c::NoImport\"; r#\"crate::c::\"NoImport\"#; /* crate::c */ 'c'; other::call(); }\n\
         // crate::c::NoImport\n#[cfg(test)]\nfn only_for_tests() { crate::c::g(); }\n",
    );
    file("a/part.rs", "use super::x;\npub struct Part;\nmod inner { use super::super::super::c::Up; }\n");
    file("a/tests.rs", "use crate::c::OnlyForTests;\n");
    file("b/mod.rs", "pub mod deep;\npub struct Thing;\nfn g() { deep::f(crate::c::h::<u8>()); }\n");
    file("b/deep.rs", "pub struct Deep;\n");
    file("c.rs", "pub fn g() {}\n");
    file("main.rs", "fn main() { trace::c::g(); }\n");
    let found: Vec<String> =
        imports(folder.path()).into_iter().map(|i| format!("{} {} {}", i.from, i.name, i.to)).collect();
    let wanted = [
        "src/a/mod.rs Deep src/b/deep.rs",
        "src/a/mod.rs f src/b/deep.rs",
        "src/a/mod.rs Thing src/b/mod.rs",
        "src/a/mod.rs b src/b/mod.rs",
        "src/a/mod.rs call src/b/mod.rs",
        "src/a/part.rs x src/a/mod.rs",
        "src/a/part.rs Up src/c.rs",
        "src/b/mod.rs f src/b/deep.rs",
        "src/b/mod.rs h src/c.rs",
        "src/main.rs g src/c.rs",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_circle_is_found_and_a_line_is_none() {
    let edges = BTreeSet::from([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e")]);
    assert_eq!(circles_of(&edges), [BTreeSet::from(["a", "b", "c"])]);
}
