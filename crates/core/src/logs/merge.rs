//! Logs merged by time, one line of each in memory.

use super::LogLine;

/// What is known of the next line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    Unknown,
    Line(LogLine),
    Ended,
}

/// Merges logs. Whoever reads them asks which line is wanted, puts it in, and takes out the earliest.
#[derive(Debug)]
pub struct LogMerge {
    next: Vec<Next>,
    /// Whose line was taken last: its entry is taken to its end before another one begins.
    last: Option<usize>,
}

impl LogMerge {
    /// Of so many logs.
    pub fn of(logs: usize) -> Self {
        Self { next: vec![Next::Unknown; logs], last: None }
    }

    /// The logs of which the next line has to be known before one can be taken, by their numbers from 0.
    pub fn wants(&self) -> impl Iterator<Item = usize> {
        let unknown = self.next.iter().enumerate().filter(|(_, next)| **next == Next::Unknown);
        unknown.map(|(log, _)| log)
    }

    /// The next line of a log; `None`: it has ended.
    pub fn put(&mut self, log: usize, line: Option<LogLine>) {
        if let Some(next) = self.next.get_mut(log) {
            *next = line.map_or(Next::Ended, Next::Line);
        }
    }

    /// The next line of all. `None`: something is wanted first, or all logs have ended.
    pub fn take(&mut self) -> Option<LogLine> {
        if self.wants().next().is_some() {
            return None;
        }
        let line = |log: usize| match self.next.get(log) {
            Some(Next::Line(line)) => Some(line),
            _ => None,
        };
        let goes_on = self.last.filter(|log| line(*log).is_some_and(|line| !line.begins));
        let earliest = || (0..self.next.len()).filter_map(|log| Some((line(log)?.at, log))).min();
        let log = goes_on.or_else(|| earliest().map(|(_, log)| log))?;
        self.last = Some(log);
        match std::mem::replace(&mut self.next[log], Next::Unknown) {
            Next::Line(line) => Some(line),
            Next::Unknown | Next::Ended => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs of lines `TIME TEXT`; `+` in place of the time continues the entry, `?` has none.
    fn merged(logs: &[&str]) -> String {
        let read = |(number, log): (usize, &&str)| {
            let mut last = None;
            let line = |line: &str| {
                let (time, text) = line.split_once(' ').unwrap();
                last = time.parse().ok().or(last);
                let process = number.to_string();
                let (log, text) = (String::new(), text.to_owned());
                LogLine { process, log, text, at: last, begins: time != "+" }
            };
            log.lines().map(line).collect::<Vec<_>>().into_iter()
        };
        let mut logs: Vec<_> = logs.iter().enumerate().map(read).collect();
        let mut merge = LogMerge::of(logs.len());
        let mut said = String::new();
        loop {
            for log in merge.wants().collect::<Vec<_>>() {
                merge.put(log, logs[log].next());
            }
            let Some(line) = merge.take() else {
                if merge.wants().next().is_some() {
                    continue;
                }
                return said;
            };
            said.push_str(&format!("{}{} ", line.process, line.text));
        }
    }

    #[test]
    fn lines_in_order_of_time_and_entries_whole() {
        #[track_caller]
        fn check(logs: &[&str], expected: &str) {
            assert_eq!(merged(logs).trim_end(), expected);
        }
        check(&["1 a\n4 d", "2 b\n3 c"], "0a 1b 1c 0d");
        check(&["1 a\n+ at\n+ at\n4 d", "1 b\n2 c"], "0a 0at 0at 1b 1c 0d");
        // Without a time: first, or behind the line before.
        check(&["? a\n3 c", "? x\n2 b"], "0a 1x 1b 0c");
        check(&["3 a\n? b\n5 c", "4 x"], "0a 0b 1x 0c");
        // A clock that goes back does not hold up the others.
        check(&["5 a\n1 b", "3 x\n6 y"], "1x 0a 0b 1y");
        check(&["", "1 a"], "1a");
        check(&[], "");
    }
}
