//! A command in a terminal: a real one of the kernel's, with keys that are pressed and a screen that is looked at.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::Pty;
use rustix::termios::{LocalModes, tcgetattr};

/// Far more than anything that is waited for takes, on a machine that does much else.
const LIMIT: Duration = Duration::from_mins(2);

/// Wide enough that no line is broken, long enough that none scrolls away.
const ROWS: NonZero<u16> = NonZero::new(200).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(400).unwrap();

/// What progress is drawn with: nothing of it may stay.
const TRACES: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏⠁⠂⠄⡀⢀⠠⠐⠈";

/// A command that runs in a terminal. Dropped, it is killed.
pub struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// What is on the screen after the end of a command.
#[derive(Debug)]
pub struct Screen {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The lines, without blanks at their ends.
    pub text: String,
}

impl Terminal {
    /// Starts the command as the leader of a new terminal, which is its stdin, stdout and stderr.
    ///
    /// # Panics
    /// When the system has no terminal left, or does not start the command.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let (pty, pts) = pty_process::blocking::open().expect("a terminal");
        pty.resize(Size::new(ROWS.get(), COLUMNS.get())).expect("a size");
        command.env("TERM", "xterm-256color");
        let child = pty_process::blocking::Command::from(command).spawn(pts);
        let child = child.expect("the command starts");
        let (pty, shown) = (Arc::new(pty), Arc::new(Mutex::new(Vec::new())));
        let (from, to) = (pty.clone(), shown.clone());
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The kernel ends a terminal that nobody holds any more with an error.
            while let Ok(count @ 1..) = (&*from).read(&mut buffer) {
                lock(&to).extend(&buffer[..count]);
            }
        });
        Self { child, pty, shown, reader: Some(reader) }
    }

    /// Waits until this has been shown, be it for a moment.
    ///
    /// # Panics
    /// When it never is.
    #[track_caller]
    pub fn until_shown(&mut self, text: &str) {
        let started = Instant::now();
        loop {
            // Lost in the middle of nothing that is looked for: colours stand around names only.
            let shown = String::from_utf8_lossy(&lock(&self.shown)).into_owned();
            if shown.contains(text) {
                return;
            }
            let ended = self.child.try_wait().expect("a child");
            let patience = ended.map_or(LIMIT, |_| Duration::from_secs(2));
            assert!(started.elapsed() < patience, "`{text}` was never shown ({ended:?}): {shown}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Presses keys; `\x03` is Ctrl-C.
    ///
    /// # Panics
    /// When the terminal takes none.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    /// Presses Ctrl-C and waits for the end.
    ///
    /// # Panics
    /// As [`Terminal::end`].
    #[track_caller]
    pub fn interrupt(self) -> Screen {
        self.press("\u{3}");
        self.end()
    }

    /// Waits for the end of the command, which leaves the terminal as a shell wants it.
    ///
    /// # Panics
    /// When it does not end, or leaves the terminal in disorder.
    #[track_caller]
    pub fn end(mut self) -> Screen {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            let shown = String::from_utf8_lossy(&lock(&self.shown)).into_owned();
            assert!(started.elapsed() < LIMIT, "does not end: {shown}");
            std::thread::sleep(Duration::from_millis(5));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().expect("a reader");
        }
        let modes = tcgetattr(&*self.pty).expect("modes of the terminal").local_modes;
        let wanted = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        assert!(modes.contains(wanted), "the keyboard is left without {:?}", wanted - modes);
        let mut parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        parser.process(&lock(&self.shown));
        let screen = parser.screen();
        let text = screen.contents();
        assert!(!screen.hide_cursor(), "the cursor is hidden: {text}");
        assert_eq!(screen.cursor_position().1, 0, "the last line is half a line: {text}");
        assert_eq!(screen.fgcolor(), vt100::Color::Default, "the colour stays: {text}");
        let rest = text.contains(|c| TRACES.contains(c));
        assert!(!rest, "something of the progress stays: {text}");
        let echo = text.lines().any(|line| line.starts_with("^C"));
        assert!(!echo, "what the terminal shows for Ctrl-C stays before a line: {text}");
        Screen { code: status.code(), text }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screen {
    /// The exit code is this, and all of these lines are there, each from its beginning to its end.
    ///
    /// # Panics
    /// When that is not so.
    #[track_caller]
    pub fn expect(&self, code: i32, lines: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for line in lines {
            assert!(self.text.lines().any(|one| one == *line), "no line `{line}`: {self:#?}");
        }
        self
    }
}

fn lock(shown: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}
