//! A change that is taken back: what becomes of the jobs in the session that is left.

use nutkin_flink::FlinkVersion;

use super::ObservedJob;

/// How a job that was moved is in the session that it was moved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Its state; `None`: nobody answers.
    pub state: Option<ObservedJob>,
    /// Whether it has completed a checkpoint there: sinks have committed what came before that.
    pub has_checkpoint: bool,
    /// Whether the release that comes again reads what this one writes.
    pub is_readable: bool,
}

/// What is done with it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayBack {
    /// It is stopped with a savepoint, and goes on from that.
    Stop,
    /// It is canceled, and goes on from the savepoint that it was moved with.
    Cancel,
    /// It is left alone, and goes on from that savepoint.
    FromSavepoint,
    /// It has come to its end, and stays ended.
    StaysEnded,
}

impl Moved {
    /// What is done with it, and whether its sinks may get twice what they have got since the move.
    pub fn way_back(self) -> (WayBack, bool) {
        let repeats = self.has_checkpoint;
        match self.state {
            Some(ObservedJob::Finished) => (WayBack::StaysEnded, false),
            Some(ObservedJob::Running) if self.has_checkpoint && self.is_readable => {
                (WayBack::Stop, false)
            }
            Some(ObservedJob::Running | ObservedJob::Restarting) => (WayBack::Cancel, repeats),
            Some(ObservedJob::Absent | ObservedJob::Failed | ObservedJob::Canceled) | None => {
                (WayBack::FromSavepoint, repeats)
            }
        }
    }
}

/// Whether the release `old` reads savepoints of `new`: Flink promises it for later releases only, so that patches of one
/// line are the only way back.
pub fn reads_savepoints(old: FlinkVersion, new: FlinkVersion) -> bool {
    (new.major, new.minor) <= (old.major, old.minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_is_not_committed_twice_where_that_is_possible() {
        use ObservedJob::{Absent, Canceled, Failed, Finished, Restarting, Running};
        #[track_caller]
        fn check(
            state: Option<ObservedJob>,
            [has_checkpoint, is_readable]: [bool; 2],
            expected: WayBack,
            repeats: bool,
        ) {
            let moved = Moved { state, has_checkpoint, is_readable };
            assert_eq!(moved.way_back(), (expected, repeats), "{moved:?}");
        }
        check(Some(Running), [true, true], WayBack::Stop, false);
        check(Some(Running), [true, false], WayBack::Cancel, true);
        check(Some(Running), [false, true], WayBack::Cancel, false);
        // It takes no savepoint now.
        check(Some(Restarting), [true, true], WayBack::Cancel, true);
        check(Some(Restarting), [false, true], WayBack::Cancel, false);
        for state in [None, Some(Absent), Some(Failed), Some(Canceled)] {
            check(state, [false, true], WayBack::FromSavepoint, false);
            check(state, [true, true], WayBack::FromSavepoint, true);
        }
        for has_checkpoint in [false, true] {
            check(Some(Finished), [has_checkpoint, false], WayBack::StaysEnded, false);
        }
    }

    #[test]
    fn savepoints_are_read_by_later_releases() {
        #[track_caller]
        fn check(old: &str, new: &str, expected: bool) {
            let [old, new] = [old, new].map(|text| text.parse().expect("a version"));
            assert_eq!(reads_savepoints(old, new), expected);
        }
        check("1.20.5", "1.20.6", true);
        check("1.20.5", "1.20.1", true);
        check("2.0", "1.20", true);
        check("1.20", "2.0", false);
        check("1.19", "1.20", false);
    }
}
