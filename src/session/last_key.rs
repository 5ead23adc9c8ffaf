//! Remembers between sessions, for each profile, the key under which the last ID was found.
//!
//! It only decides which key is searched first, so errors are ignored.

use std::fs;
use std::path::PathBuf;

use crate::save::{self, Access};

/// Where the key of a profile is kept: a file, each line a profile, a tab and a key.
#[derive(Clone, Debug)]
pub struct LastKey {
    /// The file of all profiles.
    pub file: PathBuf,
    /// The profile; empty where none is in use.
    pub profile: String,
}

impl LastKey {
    fn entries(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().filter_map(|line| line.split_once('\t')).map(|(p, k)| (p.to_owned(), k.to_owned())).collect()
    }

    /// The key under which the last ID was found with this profile.
    pub(super) fn load(&self) -> Option<String> {
        self.entries().into_iter().find(|(profile, _)| *profile == self.profile).map(|(_, key)| key)
    }

    /// Remembers that an ID was found under this key.
    pub(super) fn save(&self, key: &str) {
        let mut entries = self.entries();
        if key.contains(['\t', '\n']) || entries.iter().any(|(p, known)| *p == self.profile && known == key) {
            return;
        }
        entries.retain(|(profile, _)| *profile != self.profile);
        entries.push((self.profile.clone(), key.to_owned()));
        let text: String = entries.iter().map(|(profile, key)| format!("{profile}\t{key}\n")).collect();
        if self.file.parent().map(fs::create_dir_all).is_some_and(|made| made.is_ok()) {
            let _ = save::write_atomically(&self.file, text.as_bytes(), Access::Usual);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_key_is_remembered_for_each_profile() {
        let folder = tempfile::tempdir().unwrap();
        let of_profile =
            |profile: &str| LastKey { file: folder.path().join("trace").join("keys"), profile: profile.to_owned() };
        let (default, production) = (of_profile(""), of_profile("prod"));
        assert_eq!(default.load(), None);
        default.save("c");
        production.save("b");
        production.save("a");
        assert_eq!((default.load().as_deref(), production.load().as_deref()), (Some("c"), Some("a")));
    }
}
