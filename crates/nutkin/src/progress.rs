//! Progress of something long: a bar where a person watches, otherwise a line now and then.

mod screen;

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use nutkin_shell::{Progress, size};

use self::screen::target;
use crate::report::Printer;

/// How often a line is written where no bar can be drawn: CI systems end jobs that are silent for
/// minutes, and nobody wants a log full of percentages.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far something is. Cheap to call for every piece.
#[derive(Debug)]
pub struct Bar {
    printer: Printer,
    label: String,
    drawn: Option<ProgressBar>,
    done: u64,
    total: Option<u64>,
    last_line: Instant,
}

impl Bar {
    /// Starts showing; without a total only what is done is shown.
    pub fn bytes(printer: &Printer, label: impl Into<String>, total: Option<u64>) -> Self {
        let label = label.into();
        let drawn = printer.is_interactive().then(|| {
            let bar = ProgressBar::with_draw_target(total, target());
            bar.set_style(style(total.is_some()));
            bar.set_message(label.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if drawn.is_none() {
            let size = total.map(|total| format!(" ({})", size(total))).unwrap_or_default();
            printer.say(&format!("{label}{size}"));
        }
        Self { printer: printer.clone(), label, drawn, done: 0, total, last_line: Instant::now() }
    }
}

impl Progress for Bar {
    fn set_total(&mut self, total: u64) {
        self.total = Some(total);
        if let Some(bar) = &self.drawn {
            bar.set_length(total);
            bar.set_style(style(true));
        }
    }

    fn add(&mut self, bytes: u64) {
        self.set(self.done + bytes);
    }

    fn set(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.drawn {
            bar.set_position(done);
        } else if LINE_EVERY <= self.last_line.elapsed() {
            self.last_line = Instant::now();
            let of = self.total.map(|total| format!(" of {}", size(total))).unwrap_or_default();
            self.printer.say(&format!("{}: {}{of}", self.label, size(done)));
        }
    }
}

/// The bar disappears with its progress: what stays on the screen is what the command says at its end.
impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }
}

/// What is waited for, in one sentence that changes: a spinner where a person watches, otherwise a line for each change.
#[derive(Debug)]
pub struct Spinner {
    printer: Printer,
    bar: Option<ProgressBar>,
    last: String,
}

impl Spinner {
    /// Starts showing.
    pub fn new(printer: &Printer) -> Self {
        let bar = printer.is_interactive().then(|| {
            let bar = ProgressBar::with_draw_target(None, target());
            bar.set_style(templated("{spinner} {wide_msg}"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { printer: printer.clone(), bar, last: String::new() }
    }

    /// Shows where a person watches, and is silent otherwise.
    pub fn at_terminal(printer: &Printer) -> impl FnMut(&str) + use<> {
        let mut spinner = printer.is_interactive().then(|| Self::new(printer));
        move |line| {
            if let Some(spinner) = &mut spinner {
                spinner.say(line);
            }
        }
    }

    /// Says what is waited for now.
    pub fn say(&mut self, line: &str) {
        if self.last == line {
            return;
        }
        line.clone_into(&mut self.last);
        match &self.bar {
            Some(bar) => bar.set_message(self.last.clone()),
            None => self.printer.say(line),
        }
    }
}

/// As that of [`Bar`]: also at Ctrl-C, nothing of it stays.
impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(sized: bool) -> ProgressStyle {
    let style = templated(if sized {
        "{wide_msg} [{bar:28}] {bytes}/{total_bytes} {bytes_per_sec} {eta}"
    } else {
        "{spinner} {wide_msg} {bytes} {elapsed}"
    });
    style.progress_chars("=> ")
}

/// With a message that is cut to the line's width: a line that the terminal breaks is counted as one, and its rest
/// would stay.
fn templated(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
