//! Why tests failed, in a few lines each: what a reader of a long log looks for first.

/// Lines that are kept of one failure. A panic's message comes first; what a test prints to help comes after it.
const LINES: usize = 12;
/// Characters that are kept of a line. Logs of Flink have lines of thousands.
const WIDTH: usize = 300;

/// Reads what `cargo test` prints, line by line.
#[derive(Debug, Default)]
pub(super) struct Failures {
    found: Vec<String>,
    /// Whether the panic that comes next is the first one of its test.
    is_first: bool,
    /// Whether the lines that come are a panic's message.
    is_message: bool,
}

impl Failures {
    pub(super) fn read(&mut self, line: &str) {
        if let Some(name) =
            line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            self.found.push(name.to_owned());
            (self.is_first, self.is_message) = (true, false);
        } else if line.starts_with("thread '") && line.contains(" panicked at ") {
            // A second panic, of a destructor, says less than the first one.
            self.is_message = std::mem::take(&mut self.is_first);
            self.keep(line);
        } else if ["stack backtrace:", "failures:"].contains(&line.trim_end())
            || line.starts_with("note: ")
        {
            self.is_message = false;
        } else {
            self.keep(line);
        }
    }

    fn keep(&mut self, line: &str) {
        if let Some(last) = self.found.last_mut().filter(|_| self.is_message) {
            self.is_message = last.lines().count() < LINES;
            last.push_str("\n    ");
            last.extend(line.chars().take(WIDTH));
        }
    }

    pub(super) fn found(self) -> Vec<String> {
        self.found
    }
}

/// The first lines of an error.
pub(super) fn short(text: &str) -> String {
    let lines = text.lines().take(LINES).map(|line| line.chars().take(WIDTH).collect());
    lines.collect::<Vec<String>>().join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_panic_of_each_test_that_failed() {
        let long = "x".repeat(WIDTH + 1);
        let text = format!(
            "running 3 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nsaid before\n\
             thread 'b' (12) panicked at e2e/b.rs:1:2:\nnot within 3m: a pod\n{long}\nstack backtrace:\n   0: main\n\
             thread 'b' (12) panicked at e2e/drop.rs:1:2:\nprocesses are left\nnote: run with more\n\
             ---- c stdout ----\nthread 'c' (13) panicked at e2e/c.rs:7:8:\nleft: 1\n\nfailures:\n    b\n    c\n"
        );
        let mut failures = Failures::default();
        text.lines().for_each(|line| failures.read(line));
        let cut = "x".repeat(WIDTH);
        let expected = [
            format!(
                "b\n    thread 'b' (12) panicked at e2e/b.rs:1:2:\n    not within 3m: a pod\n    {cut}"
            ),
            "c\n    thread 'c' (13) panicked at e2e/c.rs:7:8:\n    left: 1\n    ".to_owned(),
        ];
        assert_eq!(failures.found(), expected);
    }

    #[test]
    fn of_a_long_message_the_beginning() {
        let mut failures = Failures::default();
        failures.read("---- a stdout ----");
        failures.read("thread 'a' (1) panicked at a.rs:1:2:");
        (0..100).for_each(|number| failures.read(&number.to_string()));
        assert_eq!(failures.found()[0].lines().count(), 1 + LINES);
        assert_eq!(short(&"a\n".repeat(100)).lines().count(), LINES);
    }
}
