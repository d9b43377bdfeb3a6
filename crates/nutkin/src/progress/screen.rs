//! Where progress is drawn: a screen whose last columns stay free.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// A terminal shows `^C` for Ctrl-C behind the cursor, and indicatif leaves the cursor at the end of a full line: there
/// it would go to the next line, and what indicatif then takes for its own would be that one. Room for a second one,
/// too, and for the column in which terminals wait before they break the line.
const FREE: u16 = 5;

/// How often a second it is drawn at most, as indicatif does by default.
const RATE: u8 = 20;

/// Stderr, for progress.
pub(super) fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Screen(Term::buffered_stderr())), RATE)
}

#[derive(Debug)]
struct Screen(Term);

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(FREE).max(1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.write_line(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
