//! Imports between the files of `src`, read from the text of the code: `use` declarations and paths in expressions and
//! types. Code under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The path of a module below the crate: `["source", "server"]`.
type ModulePath = Vec<String>;

/// One import; both files as paths in the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The file that imports.
    pub from: String,
    /// The file that defines the item.
    pub to: String,
    /// The item; the module's own name where the whole module is imported.
    pub name: String,
    /// The line of the import in `from`, from 1.
    pub line: usize,
}

/// Every import between files below `root/src`, in the order of files.
pub fn imports(root: &Path) -> BTreeSet<Import> {
    let mut files: BTreeMap<ModulePath, (String, Vec<Placed>)> = BTreeMap::new();
    let mut tests = BTreeSet::new();
    for path in rust_files(&root.join("src")) {
        let name = path.strip_prefix(root).expect("below the root").display().to_string();
        let module = module_of(&name);
        let text = fs::read_to_string(&path).expect("a source file");
        let tokens = without_tests(&tokens(&text), &module, &mut tests);
        files.insert(module, (name, tokens));
    }
    files.retain(|module, _| !tests.iter().any(|test: &ModulePath| module.starts_with(test)));
    let known: BTreeMap<&ModulePath, &str> = files.iter().map(|(module, (name, _))| (module, name.as_str())).collect();
    let mut found = BTreeSet::new();
    for (module, (name, tokens)) in &files {
        for (path, line) in paths(tokens, module, &known) {
            let depth = (0..=path.len()).rev().find(|depth| known.contains_key(&path[..*depth].to_vec()));
            let Some(depth) = depth.filter(|depth| *depth > 0) else { continue };
            let (to, item) = (known[&path[..depth].to_vec()], path.get(depth).unwrap_or(&path[depth - 1]));
            if to != name {
                found.insert(Import { from: name.clone(), to: to.to_owned(), name: item.clone(), line });
            }
        }
    }
    found
}

/// All Rust files below a folder, sorted.
pub fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are the module `a::b`. The binary's root has a name of its own.
fn module_of(file: &str) -> ModulePath {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { vec![] } else { path.split('/').map(str::to_owned).collect() }
}

/// A token and its line, from 1.
#[derive(Clone)]
pub struct Placed {
    token: Token,
    line: usize,
}

impl Placed {
    /// The identifier or keyword; none for punctuation.
    pub fn word(&self) -> Option<(&str, usize)> {
        match &self.token {
            Token::Word(word) => Some((word, self.line)),
            _ => None,
        }
    }
}

impl PartialEq<Token> for Placed {
    fn eq(&self, other: &Token) -> bool {
        self.token == *other
    }
}

/// A word, or one character of punctuation; `::` is one token.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Sign(char),
}

impl Placed {
    fn is(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(text) if text == word)
    }
}

/// The tokens of a source text, without comments, strings and character literals.
pub fn tokens(text: &str) -> Vec<Placed> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut at, mut line, mut counted) = (vec![], 0, 1, 0);
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        line += chars[counted..at].iter().filter(|c| **c == '\n').count();
        counted = at;
        at = match c {
            '/' if next == '/' => chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n),
            '/' if next == '*' => after_comment(&chars, at),
            '"' => after_string(&chars, at),
            // A character literal ends with a quote; a lifetime does not.
            '\'' if next == '\\' => at + 3 + chars[at + 3..].iter().position(|c| *c == '\'').unwrap_or(0),
            '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
            ':' if next == ':' => {
                found.push(Placed { token: Token::Colons, line });
                at + 2
            }
            _ if c.is_alphabetic() || c == '_' => {
                let end = chars[at..].iter().position(|c| !c.is_alphanumeric() && *c != '_');
                let end = end.map_or(chars.len(), |n| at + n);
                let word: String = chars[at..end].iter().collect();
                match raw_string(&chars, end).filter(|_| ["r", "br", "cr"].contains(&word.as_str())) {
                    Some(after) => after,
                    None => {
                        found.push(Placed { token: Token::Word(word), line });
                        end
                    }
                }
            }
            _ => {
                if !c.is_whitespace() && !c.is_ascii_digit() {
                    found.push(Placed { token: Token::Sign(c), line });
                }
                at + 1
            }
        };
    }
    found
}

fn after_comment(chars: &[char], begin: usize) -> usize {
    let (mut depth, mut at) = (0, begin);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn after_string(chars: &[char], begin: usize) -> usize {
    let mut at = begin + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Where a raw string that would begin here, with its `#`s, ends.
fn raw_string(chars: &[char], begin: usize) -> Option<usize> {
    let marks = chars[begin..].iter().take_while(|c| **c == '#').count();
    if chars.get(begin + marks) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
    let body = begin + marks + 1;
    let length = chars[body..].windows(end.len()).position(|window| window == end)?;
    Some(body + length + end.len())
}

/// Without items under `#[cfg(test)]`; modules in files of their own that are only for tests are added to `tests`.
fn without_tests(tokens: &[Placed], module: &ModulePath, tests: &mut BTreeSet<ModulePath>) -> Vec<Placed> {
    let (mut kept, mut at) = (vec![], 0);
    while at < tokens.len() {
        let is_attribute = is_sign(tokens, at, '#') && is_sign(tokens, at + 1, '[');
        if !is_attribute {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = after_group(tokens, at + 1);
        if !is_cfg_test(&tokens[at..end]) {
            kept.extend_from_slice(&tokens[at..end]);
            at = end;
            continue;
        }
        at = end;
        while is_sign(tokens, at, '#') {
            at = after_group(tokens, at + 1);
        }
        let begin = at;
        while at < tokens.len() && tokens[at] != Token::Sign(';') {
            let is_body = tokens[at] == Token::Sign('{');
            at =
                if matches!(tokens[at].token, Token::Sign('{' | '(' | '[')) { after_group(tokens, at) } else { at + 1 };
            if is_body {
                break;
            }
        }
        if is_sign(tokens, at, ';')
            && let Some(place) = tokens[begin..at].iter().position(|token| token.is("mod"))
            && let Some(name) = word_at(tokens, begin + place + 1)
        {
            tests.insert([&module[..], &[name.to_owned()]].concat());
        }
    }
    kept
}

fn is_sign(tokens: &[Placed], at: usize, sign: char) -> bool {
    tokens.get(at).is_some_and(|token| *token == Token::Sign(sign))
}

fn word_at(tokens: &[Placed], at: usize) -> Option<&str> {
    tokens.get(at)?.word().map(|(word, _)| word)
}

fn is_cfg_test(attribute: &[Placed]) -> bool {
    let is_cfg = attribute.get(2).is_some_and(|token| token.is("cfg"));
    is_cfg && attribute.iter().any(|token| token.is("test")) && !attribute.iter().any(|token| token.is("not"))
}

/// The place after the bracket that closes the one here.
fn after_group(tokens: &[Placed], begin: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(begin) {
        match token.token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign('}' | ')' | ']') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Every path in the code that leads into this crate, from the crate's root, with its line. A `pub use` of a child
/// module's items is not an import.
fn paths(tokens: &[Placed], module: &ModulePath, known: &BTreeMap<&ModulePath, &str>) -> Vec<(ModulePath, usize)> {
    let mut aliases: BTreeMap<String, ModulePath> = BTreeMap::new();
    let (mut found, mut inner, mut depth) = (vec![], vec![], 0_usize);
    for at in 0..tokens.len() {
        match &tokens[at].token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth = depth.saturating_sub(1);
                inner.pop_if(|(_, opened)| *opened == depth);
            }
            Token::Word(word) if word == "mod" => {
                if let Some(name) = word_at(tokens, at + 1).filter(|_| is_sign(tokens, at + 2, '{')) {
                    inner.push((name.to_owned(), depth));
                }
            }
            Token::Word(head) if tokens.get(at + 1).is_some_and(|next| *next == Token::Colons) => {
                // After one dot a field or method, after two the rest of a struct or the end of a range.
                let is_field = at > 0 && is_sign(tokens, at - 1, '.') && !(at > 1 && is_sign(tokens, at - 2, '.'));
                let is_inside = is_field || at > 0 && tokens[at - 1] == Token::Colons;
                if is_inside {
                    continue;
                }
                let here: ModulePath = module.iter().chain(inner.iter().map(|(name, _)| name)).cloned().collect();
                let child = [&here[..], std::slice::from_ref(head)].concat();
                let begin = match head.as_str() {
                    "crate" => vec![],
                    "self" => here.clone(),
                    "super" => here[..here.len().saturating_sub(1)].to_vec(),
                    _ if known.contains_key(&child) => child,
                    // The library, in files of the binary.
                    "trace" => vec![],
                    _ => match aliases.get(head) {
                        Some(path) => path.clone(),
                        None => continue,
                    },
                };
                let is_use = at > 0 && tokens[at - 1].is("use");
                let is_reexport = is_use && at > 1 && is_visibility(&tokens[at - 2]);
                let mut tree = vec![];
                use_tree(tokens, at + 2, &begin, &mut tree);
                for (path, name) in tree {
                    if is_use && known.contains_key(&path) {
                        aliases.insert(name, path.clone());
                    }
                    if !(is_reexport && path.starts_with(&here)) {
                        found.push((path, tokens[at].line));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn is_visibility(token: &Placed) -> bool {
    token.is("pub") || *token == Token::Sign(')')
}

/// Adds the paths of a use tree, each with the name that it binds; returns the place after the tree.
fn use_tree(tokens: &[Placed], begin: usize, prefix: &ModulePath, found: &mut Vec<(ModulePath, String)>) -> usize {
    let (mut path, mut at) = (prefix.clone(), begin);
    loop {
        match tokens.get(at).map(|token| &token.token) {
            Some(Token::Sign('{')) => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != Token::Sign('}')) {
                    at = use_tree(tokens, at, &path, found);
                    if is_sign(tokens, at, ',') {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some(Token::Word(word)) => {
                match word.as_str() {
                    "super" => drop(path.pop()),
                    "self" => {}
                    _ => path.push(word.clone()),
                }
                at += 1;
                if tokens.get(at).is_some_and(|next| *next == Token::Colons) {
                    at += 1;
                    continue;
                }
                let mut name = path.last().cloned().unwrap_or_default();
                if word_at(tokens, at) == Some("as")
                    && let Some(alias) = word_at(tokens, at + 1)
                {
                    alias.clone_into(&mut name);
                    at += 2;
                }
                found.push((path, name));
                return at;
            }
            // A glob, or type arguments: the path so far.
            _ => {
                let name = path.last().cloned().unwrap_or_default();
                found.push((path, name));
                return at + 1;
            }
        }
    }
}
