//! Output flags: format, file, colour, width, characters, time zone.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::model::time::Zone;
use crate::options::backends::{choice, count};
use crate::options::environment::Environment;
use crate::render::{Format, View};

/// Columns. Tables are not laid out for less: a name and two figures would not fit.
const MIN_WIDTH: usize = 40;
/// Columns if neither a flag, a variable nor a terminal sets the width.
const DEFAULT_WIDTH: usize = 80;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Flags of every command, accepted before and after its name.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// The form of the answer [default: table]
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = choice(&Format::NAMES))]
    pub output: Option<Format>,
    /// Write the answer to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// When to use colour.
    #[arg(long, global = true, visible_alias = "colour", value_name = "WHEN", value_parser = choice(&COLOURS), help = "When to use colour; NO_COLOR, FORCE_COLOR and CLICOLOR are heard too [default: auto]")]
    pub color: Option<Colour>,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Lay out for this many columns
    #[arg(long, global = true, value_name = "N", value_parser = count(MIN_WIDTH as u64, 10_000))]
    pub width: Option<u64>,
    /// In which zone times are shown and read.
    #[arg(short = 'z', long, global = true, value_name = "ZONE", value_parser = zone, conflicts_with = "utc", allow_hyphen_values = true, help = "Show and read times in this zone: local, utc, +02:00 [env: TRACE_TIMEZONE] [default: local]")]
    pub timezone: Option<Zone>,
    /// Short for --timezone utc
    #[arg(long, global = true)]
    pub utc: bool,
    /// Show more: span IDs, addresses, the requests in sum; twice, each request
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Nothing but the answer, and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Whether to print the requests.
    #[arg(long, global = true, help = "Print the requests as URLs, LogQL and PromQL to paste elsewhere")]
    pub show_queries: bool,
    /// No progress on standard error
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// Where the answer is written to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OutputTarget {
    Terminal,
    FileOrPipe,
}

const COLOURS: [(&str, Colour); 3] = [("auto", Colour::Auto), ("always", Colour::Always), ("never", Colour::Never)];

impl OutputArgs {
    /// The form of the answer.
    pub(crate) fn format(&self) -> Format {
        self.output.unwrap_or_default()
    }

    /// The time zone and the flag that sets it; none if no flag does.
    pub(crate) fn zone(&self) -> Option<(Zone, &'static str)> {
        let by_utc = self.utc.then_some((Zone::Utc, "--utc"));
        by_utc.or_else(|| self.timezone.map(|zone| (zone, "--timezone")))
    }

    /// How to render the answer, resolved from flags, environment and terminal.
    pub(crate) fn view(&self, environment: &Environment, zone: Zone) -> View {
        let target = match &self.out {
            None if environment.stdout_is_terminal => OutputTarget::Terminal,
            _ => OutputTarget::FileOrPipe,
        };
        let on_terminal = target == OutputTarget::Terminal;
        View {
            width: self.columns(environment, target),
            colour: self.format() == Format::Table && self.has_colour(environment, target),
            ascii: self.ascii || on_terminal && is_ascii_only(environment),
            hyperlinks: on_terminal && supports_hyperlinks(environment),
            zone,
            verbosity: self.verbose,
        }
    }

    /// Whether progress may be drawn on standard error.
    pub(crate) fn shows_progress(&self, environment: &Environment) -> bool {
        !self.quiet
            && !self.no_progress
            && environment.stderr_is_terminal
            && environment.var("TERM") != Some("dumb")
            && environment.var("CI").is_none()
    }

    /// `--width` > `COLUMNS` > the terminal > 80.
    fn columns(&self, environment: &Environment, target: OutputTarget) -> usize {
        let flag = self.width.and_then(|n| usize::try_from(n).ok());
        let variable = || environment.var("COLUMNS").and_then(|n| n.parse().ok()).filter(|n| *n > 0);
        let terminal = || environment.terminal_width.filter(|n| target == OutputTarget::Terminal && *n > 0);
        flag.or_else(variable).or_else(terminal).unwrap_or(DEFAULT_WIDTH).clamp(MIN_WIDTH, 10_000)
    }

    /// `--color` > `NO_COLOR` > `FORCE_COLOR`, `CLICOLOR_FORCE` > `CLICOLOR=0` > a terminal that is not dumb.
    fn has_colour(&self, environment: &Environment, target: OutputTarget) -> bool {
        let var = |name| environment.var(name);
        let is_on = |name| var(name).is_some_and(|v| !is_off(v));
        match self.color.unwrap_or_default() {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if var("NO_COLOR").is_some() => false,
            Colour::Auto if is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE") => true,
            Colour::Auto if var("FORCE_COLOR").is_some_and(is_off) || var("CLICOLOR") == Some("0") => false,
            Colour::Auto => target == OutputTarget::Terminal && var("TERM") != Some("dumb"),
        }
    }
}

fn is_off(value: &str) -> bool {
    matches!(value, "0" | "false" | "no")
}

/// A terminal that calls itself simple, or a locale with another character set than UTF-8.
///
/// Without any locale (containers, remote shells) UTF-8 is assumed. Files and pipes are always UTF-8: their content must
/// not depend on where they were written.
fn is_ascii_only(environment: &Environment) -> bool {
    if matches!(environment.var("TERM"), Some("dumb" | "linux")) {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.var(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

/// Whether the terminal is known to support OSC 8 links; `FORCE_HYPERLINK` overrides.
fn supports_hyperlinks(environment: &Environment) -> bool {
    const PROGRAMS: [&str; 7] = ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio", "Tabby"];
    const TERMS: [&str; 5] = ["xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm"];
    const MARKS: [&str; 4] = ["KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM"];
    if let Some(forced) = environment.var("FORCE_HYPERLINK") {
        return !is_off(forced);
    }
    let is = |name, known: &[&str]| environment.var(name).is_some_and(|value| known.contains(&value));
    let new_vte = environment.var("VTE_VERSION").and_then(|v| v.parse::<u32>().ok()).is_some_and(|v| v >= 5000);
    !matches!(environment.var("TERM"), Some("dumb" | "linux"))
        && (is("TERM_PROGRAM", &PROGRAMS)
            || is("TERM", &TERMS)
            || new_vte
            || MARKS.iter().any(|name| environment.var(name).is_some()))
}

fn zone(text: &str) -> Result<Zone, &'static str> {
    Zone::parse(text).ok_or("write local, utc or an offset such as +02:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Vars = &'static [(&'static str, &'static str)];

    fn environment(vars: &[(&str, &str)], target: OutputTarget) -> Environment {
        let stdout_is_terminal = target == OutputTarget::Terminal;
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Environment { vars, stdout_is_terminal, terminal_width: Some(120), ..Environment::default() }
    }

    #[test]
    fn colour_flags_and_variables_have_a_fixed_precedence() {
        use Colour::{Always, Auto, Never};
        let table: [(Colour, Vars, bool, bool); 14] = [
            (Auto, &[], true, true),
            (Auto, &[], false, false),
            (Auto, &[("TERM", "dumb")], true, false),
            (Auto, &[("NO_COLOR", "1")], true, false),
            (Auto, &[("NO_COLOR", "")], true, true),
            (Auto, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true, false),
            (Auto, &[("FORCE_COLOR", "1")], false, true),
            (Auto, &[("FORCE_COLOR", "0")], true, false),
            (Auto, &[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], false, true),
            (Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (Auto, &[("CLICOLOR", "0")], true, false),
            (Always, &[("NO_COLOR", "1")], false, true),
            (Never, &[("FORCE_COLOR", "1")], true, false),
            (Always, &[("TERM", "dumb")], false, true),
        ];
        for (flag, vars, on_terminal, colour) in table {
            let target = if on_terminal { OutputTarget::Terminal } else { OutputTarget::FileOrPipe };
            let args = OutputArgs { color: Some(flag), ..OutputArgs::default() };
            assert_eq!(
                args.view(&environment(vars, target), Zone::Utc).colour,
                colour,
                "{flag:?} {vars:?} {on_terminal}"
            );
        }
        let json = OutputArgs { color: Some(Always), output: Some(Format::Json), ..OutputArgs::default() };
        assert!(!json.view(&environment(&[], OutputTarget::Terminal), Zone::Utc).colour, "never in JSON");
        let file = OutputArgs { out: Some("x".into()), ..OutputArgs::default() };
        assert!(!file.view(&environment(&[], OutputTarget::Terminal), Zone::Utc).colour, "not in files");
    }

    #[test]
    fn width_characters_and_links_fit_the_terminal() {
        let view = |vars: &[(&str, &str)], on_terminal| {
            let target = if on_terminal { OutputTarget::Terminal } else { OutputTarget::FileOrPipe };
            OutputArgs::default().view(&environment(vars, target), Zone::Utc)
        };
        assert_eq!(view(&[], true).width, 120);
        assert_eq!(view(&[], false).width, 80);
        assert_eq!(view(&[("COLUMNS", "100")], false).width, 100);
        assert_eq!(view(&[("COLUMNS", "7")], true).width, 40);
        assert_eq!(view(&[("COLUMNS", "wide")], true).width, 120);
        let args = OutputArgs { width: Some(60), ..OutputArgs::default() };
        assert_eq!(args.view(&environment(&[("COLUMNS", "100")], OutputTarget::Terminal), Zone::Utc).width, 60);

        let ascii: [(Vars, bool, bool); 7] = [
            (&[], true, false),
            (&[("LANG", "C")], true, true),
            (&[("LANG", "C")], false, false),
            (&[("LANG", "C"), ("LC_ALL", "en_US.UTF-8")], true, false),
            (&[("LANG", "de_DE.ISO-8859-1")], true, true),
            (&[("TERM", "linux"), ("LANG", "C.utf8")], true, true),
            (&[("TERM", "dumb")], false, false),
        ];
        for (vars, on_terminal, expected) in ascii {
            assert_eq!(view(vars, on_terminal).ascii, expected, "{vars:?} {on_terminal}");
        }
        assert!(view(&[("VTE_VERSION", "7200")], true).hyperlinks);
        assert!(!view(&[("VTE_VERSION", "7200")], false).hyperlinks);
        assert!(!view(&[], true).hyperlinks);
        assert!(view(&[("FORCE_HYPERLINK", "1")], true).hyperlinks);
    }
}
