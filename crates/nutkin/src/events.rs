//! What shells say, to people at this terminal.

use nutkin_core::Remedy;
use nutkin_flink::Problem;
use nutkin_shell::{Events, Progress};

use crate::progress::Bar;
use crate::remedies::{problem, words};
use crate::report::Printer;

impl Events for Printer {
    fn say(&self, line: &str) {
        Printer::say(self, line);
    }

    fn warn(&self, line: &str) {
        Printer::warn(self, line);
    }

    fn hint(&self, remedy: &Remedy) {
        Printer::hint(self, &words(remedy));
    }

    fn warn_problem(&self, one: &Problem) {
        let hint = one.hint.as_ref().map(|hint| format!("; {}", words(hint)));
        Printer::warn(self, &format!("{}{}", problem(one), hint.unwrap_or_default()));
    }

    fn progress(&self, label: String, total: Option<u64>) -> Box<dyn Progress> {
        Box::new(Bar::bytes(self, label, total))
    }
}
