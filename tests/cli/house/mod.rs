//! The architecture and its vocabulary, checked in the sources: imports run down the floors and form no circle, comments
//! use the field's words, and paths that documents name exist.

mod imports;
mod paths;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use imports::{Import, imports};

/// The rooms from top to bottom. A room imports only from floors below its own; the small files at the bottom may import
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

static IMPORTS: LazyLock<BTreeSet<Import>> = LazyLock::new(|| {
    let found = imports(root());
    // Checks of nothing would pass.
    assert!(found.len() > 2000, "only {} imports are read", found.len());
    found
});

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

#[test]
fn imports_run_down_the_floors() {
    let is_between_rooms = |i: &&Import| room(&i.from) != room(&i.to) && i.to != "src/lib.rs";
    let upward = IMPORTS.iter().filter(is_between_rooms).filter(|i| !runs_down(i));
    let lines: Vec<String> = upward.map(|i| format!("{}:{}: {} of {}", i.from, i.line, i.name, i.to)).collect();
    assert!(lines.is_empty(), "imports that run up the floors:\n{}", lines.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let edges = IMPORTS.iter().map(|i| (i.from.as_str(), i.to.as_str())).collect();
    let mut text = String::new();
    for circle in circles(&edges) {
        let mut names: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for i in IMPORTS.iter().filter(|i| circle.contains(i.from.as_str()) && circle.contains(i.to.as_str())) {
            names.entry((&i.from, &i.to)).or_default().insert(&i.name);
        }
        text += "\na circle:\n";
        for ((from, to), names) in names {
            let names: Vec<&str> = names.into_iter().collect();
            text += &format!("  {from} -> {to} ({})\n", names.join(", "));
        }
    }
    assert!(text.is_empty(), "files that import each other{text}");
}

/// The sets of files in which every file reaches every other one by imports.
fn circles<'a>(edges: &BTreeSet<(&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
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
            let reaches_back = |other: &&&str| reached.get(**other).is_some_and(|ahead| ahead.contains(file));
            found.push(ahead.iter().filter(reaches_back).copied().collect());
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
    file("main.rs", "mod signals;\nfn main() { trace::c::g(); }\n");
    file("signals.rs", "use trace::c::g;\nfn h() { T { a: 1, ..trace::b::Thing::default() }; }\n");
    let found: Vec<String> = imports(folder.path())
        .into_iter()
        .map(|i| format!("{}:{} {} of {}", &i.from[4..], i.line, i.name, &i.to[4..]))
        .collect();
    let expected = [
        "a/mod.rs:5 Deep of b/deep.rs",
        "a/mod.rs:5 f of b/deep.rs",
        "a/mod.rs:5 Thing of b/mod.rs",
        "a/mod.rs:5 b of b/mod.rs",
        "a/mod.rs:6 call of b/mod.rs",
        "a/part.rs:1 x of a/mod.rs",
        "a/part.rs:3 Up of c.rs",
        "b/mod.rs:3 f of b/deep.rs",
        "b/mod.rs:3 h of c.rs",
        "main.rs:2 g of c.rs",
        "signals.rs:2 Thing of b/mod.rs",
        "signals.rs:1 g of c.rs",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_circle_is_found_and_a_line_is_not_one() {
    let edges = BTreeSet::from([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e")]);
    assert_eq!(circles(&edges), [BTreeSet::from(["a", "b", "c"])]);
}
