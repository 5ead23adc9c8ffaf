//! Texts that are kept in files: what the program shows is compared with the file, and `UPDATE=1 cargo test` accepts
//! what it shows now. Screens, README blocks, `docs/screens` and completions all go this way.

use std::fs;
use std::path::Path;

/// Whether the files are to be written instead of compared.
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Compares a screen with `tests/goldens/NAME`; the file ends with one line break.
#[track_caller]
pub fn assert_golden(name: &str, screen: &str) {
    assert_file(&format!("tests/goldens/{name}"), &format!("{}\n", screen.trim_end()));
}

/// Compares a text with the file at this path of the repository, byte for byte.
#[track_caller]
pub fn assert_file(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let known = fs::read_to_string(&file).unwrap_or_default();
    if known == text {
        return;
    }
    if is_update() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder");
        fs::write(&file, text).expect("the file");
        return;
    }
    panic!("{path} differs; `UPDATE=1 cargo test` accepts what is shown now\n{}", difference(&known, text));
}

/// The lines between the common beginning and the common end, `-` as in the file, `+` as shown now.
fn difference(known: &str, text: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (known.lines().collect(), text.lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same_start;
    let same_end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let before = old[same_start.saturating_sub(3)..same_start].iter().map(|line| format!("  {line}\n"));
    let removed = old[same_start..old.len() - same_end].iter().map(|line| format!("- {line}\n"));
    let added = new[same_start..new.len() - same_end].iter().map(|line| format!("+ {line}\n"));
    let after = old[old.len() - same_end..].iter().take(3).map(|line| format!("  {line}\n"));
    format!("from line {}:\n", same_start + 1) + &before.chain(removed).chain(added).chain(after).collect::<String>()
}
