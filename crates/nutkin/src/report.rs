//! The only place that prints. Data goes to stdout, talk to stderr; colour only on a terminal and never
//! needed to understand.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use nutkin_flink::Problem;

use crate::remedies::{self, words};
use nutkin_shell::{Environment, Error, Kind};

/// Writes for one command.
#[derive(Debug, Clone)]
pub struct Printer {
    quiet: bool,
    stderr_colour: bool,
    stdout_colour: bool,
    stderr_terminal: bool,
    stdout_terminal: bool,
    /// Whether the terminal knows more than letters.
    escapes: bool,
    /// Whether what comes next takes the place of what the terminal shows.
    is_again: Arc<AtomicBool>,
    /// Why data did not reach stdout, the first time.
    lost: Arc<OnceLock<io::Error>>,
}

/// What the environment says of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Never,
    OnTerminals,
    Always,
}

impl Colour {
    /// <https://no-color.org>: `NO_COLOR` is any text but none. <http://bixense.com/clicolors/>: `CLICOLOR_FORCE` has colours
    /// everywhere, `CLICOLOR=0` nowhere.
    fn of(environment: &Environment) -> Self {
        let is_set = |name: &str| environment.text(name).is_some_and(|value| value != "0");
        if environment.text("NO_COLOR").is_some() {
            Self::Never
        } else if is_set("CLICOLOR_FORCE") {
            Self::Always
        } else if environment.text("CLICOLOR") == Some("0") {
            Self::Never
        } else {
            Self::OnTerminals
        }
    }

    fn is_for(self, is_terminal: bool) -> bool {
        self == Self::Always || self == Self::OnTerminals && is_terminal
    }
}

/// How a piece of text stands out on a terminal.
#[derive(Debug, Clone, Copy)]
pub enum Style {
    /// Headlines and names.
    Bold,
    /// Things to try.
    Cyan,
    /// Good.
    Green,
    /// Worth a look.
    Yellow,
    /// Bad.
    Red,
    /// Less important.
    Dim,
}

impl Printer {
    /// A printer for the process's own streams.
    pub fn new(environment: &Environment, quiet: bool) -> Self {
        let escapes = environment.text("TERM") != Some("dumb");
        let (stderr_terminal, stdout_terminal) =
            (io::stderr().is_terminal(), io::stdout().is_terminal());
        let colour = Colour::of(environment);
        Self {
            quiet,
            stderr_colour: colour.is_for(stderr_terminal && escapes),
            stdout_colour: colour.is_for(stdout_terminal && escapes),
            stderr_terminal,
            stdout_terminal,
            escapes,
            is_again: Arc::default(),
            lost: Arc::default(),
        }
    }

    /// Whether a person watches stderr: progress is drawn only then.
    pub const fn is_interactive(&self) -> bool {
        self.stderr_terminal && self.escapes && !self.quiet
    }

    /// Whether the process may ask: a person at the keyboard and at the screen.
    pub fn can_ask(&self) -> bool {
        self.stderr_terminal && io::stdin().is_terminal()
    }

    /// Text with a style, for stderr.
    pub fn style(&self, style: Style, text: &str) -> String {
        paint(self.stderr_colour, style, text)
    }

    /// Text with a style, for stdout.
    pub fn style_out(&self, style: Style, text: &str) -> String {
        paint(self.stdout_colour, style, text)
    }

    /// Data on stdout, exactly as given. A closed pipe is not an error: whoever reads it has enough. Any other failure is
    /// remembered for [`Printer::delivered`].
    pub fn out(&self, data: &str) {
        self.clear();
        let mut stdout = io::stdout().lock();
        match stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = self.lost.set(error);
            }
            _ => {}
        }
    }

    /// Text for people on stdout: nothing in it, such as a line of somebody's file, reaches a terminal as a command.
    pub fn show(&self, text: &str) {
        self.out(&harmless(text));
    }

    /// Whether all data has reached stdout.
    ///
    /// # Errors
    /// It has not, and why: the disk of a file that it goes to is full.
    pub fn delivered(&self) -> Result<(), Error> {
        match self.lost.get() {
            None => Ok(()),
            Some(error) => Err(Error::new(
                Kind::Broken,
                format!("standard output was not written whole: {error}"),
            )),
        }
    }

    /// One JSON document on stdout.
    pub fn json(&self, document: &serde_json::Value) {
        self.out(&format!("{document:#}\n"));
    }

    /// A question on stderr, which the answer follows on the same line. Asked even of who wants it quiet.
    pub fn ask(&self, question: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    }

    /// Help and the version, on stdout; a wrong command line, on stderr.
    pub fn usage(&self, usage: &clap::Error) {
        let text = usage.render();
        if !usage.use_stderr() {
            let colour = self.stdout_colour;
            self.out(&if colour { text.ansi().to_string() } else { text.to_string() });
        } else if self.stderr_colour {
            self.ask(&text.ansi().to_string());
        } else {
            self.ask(&text.to_string());
        }
    }

    /// A line of talk on stderr.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.line(line);
        }
    }

    /// A warning: something that works but should be known. Not silenced by `--quiet`.
    pub fn warn(&self, line: &str) {
        self.line(&format!("{} {line}", self.style(Style::Yellow, "warning:")));
    }

    /// What can be done next, where all is well. Silenced by `--quiet`.
    pub fn suggest(&self, line: &str) {
        if !self.quiet {
            self.hint(line);
        }
    }

    /// A hint, after a warning or an error.
    pub fn hint(&self, line: &str) {
        self.line(&format!("{} {line}", self.style(Style::Cyan, "hint:")));
    }

    /// A failure with its causes, problems and hints.
    pub fn failure(&self, failure: &Error) {
        if failure.kind == Kind::Interrupted {
            self.after_interrupt();
        }
        let label = self.style(Style::Red, "error:");
        let mut chain = failure.error.chain();
        if let Some(head) = chain.next() {
            self.line(&format!("{label} {head}"));
        }
        for cause in chain {
            self.line(&format!("  caused by: {cause}"));
        }
        for problem in &failure.problems {
            self.problem(problem);
        }
        for remedy in &failure.hints {
            self.hint(&words(remedy));
        }
    }

    /// Begins a fresh line after Ctrl-C, for which a terminal shows `^C` wherever the cursor is.
    pub fn after_interrupt(&self) {
        if self.stderr_terminal {
            let mut stderr = io::stderr().lock();
            let fresh = if self.escapes { "\r\u{1b}[2K" } else { "\n" };
            let _ = stderr.write_all(fresh.as_bytes()).and_then(|()| stderr.flush());
        }
    }

    fn problem(&self, problem: &Problem) {
        self.line(&format!("  {}", remedies::problem(problem)));
        if let Some(hint) = &problem.hint {
            let hint = words(hint);
            self.line(&format!("    {} {hint}", self.style(Style::Cyan, "hint:")));
        }
    }

    /// What comes next takes the place of what a terminal shows; in a file or a pipe it follows that.
    pub fn begin_again(&self) {
        let is_screen = self.stdout_terminal && self.escapes;
        self.is_again.store(is_screen, Ordering::Relaxed);
    }

    /// Clears the screen where that was asked for, at the last moment: what is shown stays while something new is looked for.
    fn clear(&self) {
        if self.is_again.swap(false, Ordering::Relaxed) {
            let mut stdout = io::stdout().lock();
            // Home, and all from there to the end.
            let _ = stdout.write_all(b"\x1b[H\x1b[J").and_then(|()| stdout.flush());
        }
    }

    fn line(&self, line: &str) {
        self.clear();
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{}", harmless(line));
    }
}

/// What [`paint`] writes, and nothing else that begins with an escape, may reach a terminal.
const OURS: [&str; 7] = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m", "[36m"];

/// A text whose control characters are written out, but for the ends of lines, tabs and our own styles: files, clusters and
/// jobs may hold sequences that clear the screen, move the cursor or answer for the user. Characters that turn the
/// direction of text around are written out as well.
fn harmless(text: &str) -> Cow<'_, str> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_bad = |c: char| c.is_control() && c != '\n' && c != '\t' || turns(c);
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let rest = &text[at + letter.len_utf8()..];
        let is_ours = letter == '\u{1b}' && OURS.iter().any(|style| rest.starts_with(style));
        if is_bad(letter) && !is_ours {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

fn paint(colour: bool, style: Style, text: &str) -> String {
    if !colour {
        return text.to_owned();
    }
    let code = match style {
        Style::Bold => "1",
        Style::Cyan => "36",
        Style::Green => "32",
        Style::Yellow => "33",
        Style::Red => "31",
        Style::Dim => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Rows in columns of equal width, as kubectl prints them.
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("   ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Colour, Environment, harmless};

    #[test]
    fn colours_by_the_environment() {
        #[track_caller]
        fn check(variables: &[(&str, &str)], expected: Colour) {
            let environment = Environment::of_test(variables, "/".into());
            assert_eq!(Colour::of(&environment), expected, "{variables:?}");
        }
        check(&[], Colour::OnTerminals);
        check(&[("NO_COLOR", "")], Colour::OnTerminals);
        check(&[("NO_COLOR", "0"), ("CLICOLOR_FORCE", "1")], Colour::Never);
        check(&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], Colour::Always);
        check(&[("CLICOLOR_FORCE", "0")], Colour::OnTerminals);
        check(&[("CLICOLOR", "0")], Colour::Never);
        check(&[("CLICOLOR", "1")], Colour::OnTerminals);
    }

    #[test]
    fn control_characters_are_written_out() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(harmless(text), expected);
        }
        check("a\tb\nc", "a\tb\nc");
        check("\u{1b}[2J\u{1b}[31mred\u{1b}[0m", "\\u{1b}[2J\u{1b}[31mred\u{1b}[0m");
        check("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}");
        check("a\rb", "a\\rb");
        check("\u{9b}31m", "\\u{9b}31m");
        check("\u{202e}txt", "\\u{202e}txt");
        check("Grüße", "Grüße");
    }
}
