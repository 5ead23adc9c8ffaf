//! The one thing that is remembered between runs: under which key the last ID was found, for each profile.
//!
//! It only says which key to ask first. Whatever goes wrong with it is of no consequence and not told.

use std::fs;
use std::path::PathBuf;

use crate::options::environment::Environment;
use crate::save::{self, Access};

/// `$XDG_STATE_HOME/trace/keys`, or the same below `~/.local/state`: a profile and a key a line.
fn path(surroundings: &Environment) -> Option<PathBuf> {
    let state = surroundings.var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| surroundings.home.as_ref().map(|home| home.join(".local/state")))?;
    Some(state.join("trace").join("keys"))
}

fn lines(surroundings: &Environment) -> Vec<(String, String)> {
    let text = path(surroundings).and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    text.lines().filter_map(|line| line.split_once('\t')).map(|(p, k)| (p.to_owned(), k.to_owned())).collect()
}

/// The key that worked last time in this profile.
pub fn recall(profile: &str, surroundings: &Environment) -> Option<String> {
    lines(surroundings).into_iter().find(|(of, _)| of == profile).map(|(_, key)| key)
}

/// Remembers that this key worked.
pub fn remember(key: &str, profile: &str, surroundings: &Environment) {
    let mut all = lines(surroundings);
    if key.contains(['\t', '\n']) || all.iter().any(|(of, known)| of == profile && known == key) {
        return;
    }
    all.retain(|(of, _)| of != profile);
    all.push((profile.to_owned(), key.to_owned()));
    let text: String = all.iter().map(|(profile, key)| format!("{profile}\t{key}\n")).collect();
    if let Some(path) = path(surroundings)
        && path.parent().map(fs::create_dir_all).is_some_and(|made| made.is_ok())
    {
        let _ = save::whole(&path, text.as_bytes(), Access::Usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_that_worked_is_asked_first_next_time() {
        let home = tempfile::tempdir().unwrap();
        let world = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        assert_eq!(recall("", &world), None);
        remember("c", "", &world);
        remember("b", "prod", &world);
        remember("a", "prod", &world);
        assert_eq!((recall("", &world).as_deref(), recall("prod", &world).as_deref()), (Some("c"), Some("a")));
        let nowhere = Environment::default();
        remember("c", "", &nowhere);
        assert_eq!(recall("", &nowhere), None);
    }
}
