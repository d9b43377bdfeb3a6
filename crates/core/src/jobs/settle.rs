//! What became of submissions whose answer was lost.

use super::{From, JobStep, Known, carried_out};
use crate::record::JobRecord;
use crate::session::SessionJob;

/// The record as the session bears it out: a submission that was begun counts when the session knows its job, and is
/// forgotten when not; a job that is there without a record was submitted by an earlier try.
pub fn settle(job: &SessionJob, record: Option<&JobRecord>, known: &Known) -> Option<JobRecord> {
    let mut record = record.cloned().unwrap_or_default();
    if let Some(pending) = record.pending.take()
        && known.contains_key(&pending.generation)
    {
        return Some(*pending);
    }
    let newest = known.keys().copied().max().unwrap_or(0);
    if record.generation < newest {
        let submit = JobStep::Submit { generation: newest, from: From::Nothing };
        return Some(carried_out(job, Some(&record), &[submit]));
    }
    (0 < record.generation).then_some(record)
}
