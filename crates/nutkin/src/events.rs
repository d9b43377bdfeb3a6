//! What shells say, to people at this terminal.

use nutkin_core::Remedy;
use nutkin_shell::{Events, Progress};

use crate::progress::Bar;
use crate::remedies::words;
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

    fn progress(&self, label: String, total: Option<u64>) -> Box<dyn Progress> {
        Box::new(Bar::bytes(self, label, total))
    }
}
