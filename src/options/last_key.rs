//! Remembers between runs, for each profile, the key under which the last ID was found.
//!
//! It only decides which key is searched first, so errors are ignored.

use std::fs;
use std::path::PathBuf;

use crate::options::environment::Environment;
use crate::save::{self, Access};

/// `$XDG_STATE_HOME/trace/keys`, or the same below `~/.local/state`. Each line is a profile, a tab and a key.
fn state_file(environment: &Environment) -> Option<PathBuf> {
    let state = environment.var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| environment.home.as_ref().map(|home| home.join(".local/state")))?;
    Some(state.join("trace").join("keys"))
}

fn entries(environment: &Environment) -> Vec<(String, String)> {
    let text = state_file(environment).and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    text.lines().filter_map(|line| line.split_once('\t')).map(|(p, k)| (p.to_owned(), k.to_owned())).collect()
}

/// The key under which the last ID was found with this profile.
pub fn load(profile: &str, environment: &Environment) -> Option<String> {
    entries(environment).into_iter().find(|(name, _)| name == profile).map(|(_, key)| key)
}

/// Remembers that an ID was found under this key.
pub fn save(key: &str, profile: &str, environment: &Environment) {
    let mut entries = entries(environment);
    if key.contains(['\t', '\n']) || entries.iter().any(|(name, known)| name == profile && known == key) {
        return;
    }
    entries.retain(|(name, _)| name != profile);
    entries.push((profile.to_owned(), key.to_owned()));
    let text: String = entries.iter().map(|(profile, key)| format!("{profile}\t{key}\n")).collect();
    if let Some(path) = state_file(environment)
        && path.parent().map(fs::create_dir_all).is_some_and(|made| made.is_ok())
    {
        let _ = save::whole(&path, text.as_bytes(), Access::Usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_key_is_remembered_for_each_profile() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        assert_eq!(load("", &environment), None);
        save("c", "", &environment);
        save("b", "prod", &environment);
        save("a", "prod", &environment);
        assert_eq!((load("", &environment).as_deref(), load("prod", &environment).as_deref()), (Some("c"), Some("a")));
        let nowhere = Environment::default();
        save("c", "", &nowhere);
        assert_eq!(load("", &nowhere), None);
    }
}
