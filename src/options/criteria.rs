//! Parses filters written in one string, such as `error service=cj_* duration>500ms`.

use crate::model::criteria::{Criteria, Term, TermTest};
use crate::model::duration::duration;
use crate::model::pattern::Pattern;
use crate::spelling::nearest;

const FORMS: &str = "terms are error, service=, operation=, KEY=VALUE, duration>500ms, duration<2s, log=TEXT; \
    `!error` and `!=` exclude; values with blanks stand in quotes";
const KEYS: [&str; 4] = ["service", "operation", "duration", "log"];

/// Parses the terms of a filter.
///
/// # Errors
/// What is wrong, with a caret below its position, and what was probably meant.
pub(crate) fn parse_criteria(text: &str) -> Result<Criteria, String> {
    let mut parser = TermParser { text, position: 0 };
    let mut terms = vec![];
    while let Some(term) = parser.term()? {
        terms.push(term);
    }
    if terms.is_empty() {
        return Err(parser.error_at(0, "there is no term in it"));
    }
    Ok(Criteria { text: text.trim().to_owned(), terms })
}

struct TermParser<'a> {
    text: &'a str,
    position: usize,
}

impl TermParser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let part: String = self.rest().chars().take_while(|c| accept(*c)).collect();
        self.position += part.len();
        part
    }

    fn accept(&mut self, sign: &str) -> bool {
        let is_next = self.rest().starts_with(sign);
        self.position += if is_next { sign.len() } else { 0 };
        is_next
    }

    fn term(&mut self) -> Result<Option<Term>, String> {
        self.take_while(char::is_whitespace);
        let from = self.position;
        if self.rest().is_empty() {
            return Ok(None);
        }
        let negated = self.accept("!");
        let key = self.take_while(|c| !c.is_whitespace() && !"!=<>\"'".contains(c));
        let sign = self.take_while(|c| "!=<>".contains(c));
        match (key.as_str(), sign.as_str(), negated) {
            ("error", "", excludes) => self.ended(Term { excludes, test: TermTest::Error }).map(Some),
            (_, "" | "!", _) => Err(self.unknown_term(from, &key)),
            (_, _, true) => Err(self.error_at(from, &format!("write {key}!=VALUE to exclude"))),
            ("", _, _) => Err(self.error_at(from, "a key is missing before it")),
            ("duration", ">" | ">=" | "<" | "<=", _) => {
                let at = self.position;
                let value = self.value()?;
                let ns = duration(&value).map_err(|why| self.error_at(at, &why))?;
                // `<` is the exclusion of `>=`: no span lasts that long.
                let least = if matches!(sign.as_str(), ">" | "<=") { ns.saturating_add(1) } else { ns };
                Ok(Some(Term { excludes: sign.starts_with('<'), test: TermTest::Lasting(least) }))
            }
            ("duration", _, _) => Err(self.error_at(from, "a duration is compared with > or <, as in duration>500ms")),
            (_, "=" | "!=", _) => {
                let test = self.test(from, &key)?;
                Ok(Some(Term { excludes: sign == "!=", test }))
            }
            _ => Err(self.error_at(from + key.len(), &format!("{key} is compared with = or !="))),
        }
    }

    fn test(&mut self, from: usize, key: &str) -> Result<TermTest, String> {
        let at = self.position;
        let value = self.value()?;
        let pattern = Pattern::parse(&value).map_err(|why| self.error_at(at, &why))?;
        Ok(match (key, key.strip_prefix("tag.")) {
            ("service", _) => TermTest::Service(pattern),
            ("operation", _) => TermTest::Operation(pattern),
            ("log", _) => TermTest::Line(pattern),
            ("error", _) => return Err(self.error_at(from, "`error` stands alone; `!error` excludes")),
            (_, Some(tag)) if !tag.is_empty() => TermTest::Tag(tag.to_owned(), pattern),
            _ => match nearest(key, &KEYS).filter(|_| !key.contains('.')) {
                Some(meant) => {
                    let hint = format!("did you mean {meant}? the attribute is tag.{key}");
                    return Err(self.error_at(from, &hint));
                }
                None => TermTest::Tag(key.to_owned(), pattern),
            },
        })
    }

    /// Up to the next blank, or the closing quote; in quotes, a backslash escapes a quote or a backslash.
    fn value(&mut self) -> Result<String, String> {
        let from = self.position;
        let Some(quote) = ["\"", "'"].into_iter().find(|quote| self.accept(quote)) else {
            let value = self.take_while(|c| !c.is_whitespace());
            return if value.is_empty() { Err(self.error_at(from, "a value is missing here")) } else { Ok(value) };
        };
        let mut value = String::new();
        let mut rest = self.text.get(self.position..).unwrap_or_default().chars();
        while let Some(c) = rest.next() {
            self.position += c.len_utf8();
            match c {
                _ if quote.contains(c) => return self.ended(value),
                '\\' if rest.as_str().starts_with(['"', '\'', '\\']) => {
                    value.extend(rest.next());
                    self.position += 1;
                }
                other => value.push(other),
            }
        }
        Err(self.error_at(from, "this quote is never closed"))
    }

    /// `parsed`, if a blank or the end follows.
    fn ended<T>(&self, parsed: T) -> Result<T, String> {
        match self.rest().chars().next() {
            Some(c) if !c.is_whitespace() => Err(self.error_at(self.position, "a blank is missing here")),
            _ => Ok(parsed),
        }
    }

    fn unknown_term(&self, from: usize, word: &str) -> String {
        let hint = match nearest(word, &["error", "service", "operation", "duration", "log"]) {
            Some("error") => "did you mean error?".to_owned(),
            Some("duration") => "did you mean duration>500ms?".to_owned(),
            Some(meant) => format!("did you mean {meant}=VALUE?"),
            None => "this is no term".to_owned(),
        };
        self.error_at(from, &hint)
    }

    fn error_at(&self, at: usize, why: &str) -> String {
        let before: usize = self.text.get(..at).unwrap_or_default().chars().count();
        format!("{why}\n\n    {}\n    {}^ column {}\n\n{FORMS}", self.text, " ".repeat(before), before + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey::sketch;

    #[test]
    fn criteria_match_journeys() {
        let journey = sketch::journey(
            "shop/POST /pay 0..900 server tenant=blue\n  cart_service/add 10..40 note=3\n  pay/db 50..800 error: refused\n! pay 60 error no route to host",
        );
        let table = [
            ("error", true),
            ("!error", false),
            ("error service=pay", true),
            ("error service=shop", false),
            ("service=shop !error", true),
            ("service=cart", true),
            ("service=cart_*", true),
            ("operation='POST /pay'", true),
            ("operation=re:^POST", true),
            ("tenant=blue", true),
            ("tag.tenant=blue", true),
            ("tenant!=blue", false),
            ("tenant!=red", true),
            ("service=cart tenant=blue", false),
            ("duration>500ms", true),
            ("duration>900ms", false),
            ("duration>=900ms", true),
            ("duration<2s", true),
            ("duration<500ms", false),
            ("service=cart duration<=30ms", true),
            ("service=cart duration<30ms", false),
            ("log=\"no route\"", true),
            ("log!=\"no route\"", false),
            ("log=nothing", false),
            (" error   tag.note!='a \\' b' ", true),
        ];
        for (text, expected) in table {
            assert_eq!(parse_criteria(text).unwrap().matches(&journey), expected, "{text}");
        }
    }

    #[test]
    fn an_error_has_a_caret_below_its_position() {
        let table = [
            ("", 1, "no term"),
            ("eror", 1, "did you mean error?"),
            ("error servce=a", 7, "did you mean service? the attribute is tag.servce"),
            ("service", 1, "did you mean service=VALUE?"),
            ("service= error", 9, "a value is missing"),
            ("ü=1 operation='a", 15, "never closed"),
            ("operation='a'b", 14, "a blank is missing"),
            ("service=re:(", 9, "regular expression"),
            ("duration=5s", 1, "> or <"),
            ("duration>5parsecs", 10, "write 30s"),
            ("!service=a", 1, "service!=VALUE"),
            ("=a", 1, "a key is missing"),
            ("service>a", 8, "= or !="),
            ("!", 1, "no term"),
            ("error!", 1, "did you mean error?"),
            ("error=true", 1, "stands alone"),
        ];
        for (text, column, reason) in table {
            let why = parse_criteria(text).unwrap_err();
            assert!(why.contains(reason) && why.contains(&format!("^ column {column}\n")), "{text}: {why}");
        }
    }
}
