//! Jobs that wait, fail, or are gone.

use crate::symptom::Sign::Says;

super::symptoms! {
    "NK2501" Error Missing TaskManagers WhileFailing
    "slots are missing"
    signs [
        Says(&["Could not acquire the minimum required resources"]), Says(&["Slot request bulk is not fulfillable"]),
        Says(&["NoResourceAvailableException"]), Says(&["Could not fulfill resource requirements of job"]),
    ]
    happens "A job needs more slots than are free. It waits for `slot.request.timeout` (5 min) and then fails or restarts."
    cure "`nutkin scale --task-managers N` adds slots; or lower the parallelism, or end a job that holds the others.";
    "NK2502" Error Job Processes WhileFailing
    "checkpoints expire before they are complete"
    signs [Says(&["Checkpoint expired before completing"])]
    happens "A checkpoint took longer than `execution.checkpointing.timeout` (10 min): barriers wait behind records (back pressure, a skewed key), or the storage is slow. After a failure more has to be repeated."
    cure "Find the vertex that is busy all the time. Raise its parallelism, spread its keys, or set `execution.checkpointing.unaligned.enabled: true` (`execution.checkpointing.unaligned` before Flink 1.19); if the upload takes the time, use incremental checkpoints.";
    "NK2503" Error Job Processes WhileFailing
    "checkpoints fail"
    signs [Says(&["Exceeded checkpoint tolerable failure threshold"])]
    happens "State cannot be written: without a checkpoint a job repeats more and more after a failure, and restarts after `execution.checkpointing.tolerable-failed-checkpoints` failures."
    cure "Read the cause: mostly the storage (permissions, credentials, space) or a task that cannot snapshot its state.";
    "NK2504" Error Job Nothing Always
    "state does not fit the job"
    signs [Says(&["annot map checkpoint/savepoint state"])]
    happens "The savepoint or checkpoint has state of an operator that the job does not have any more: operators without a uid get another id when the job changes."
    cure "Give operators the uids that they had, or drop the state with `--allow-non-restored-state`.";
    "NK2505" Error Job Processes WhileFailing
    "TaskManagers still have the old registration of a job"
    signs [Says(&["different set of library BLOBs"])]
    happens "A job was submitted again under its id after its JobManager was lost, while TaskManagers with its old tasks lived on: it restarts for ever (FLINK-32212)."
    cure "Restart the TaskManagers (`nutkin restart`), or submit the job under a new id.";
    "NK2506" Error Job Nothing Always
    "recovery finds state without an operator"
    signs [Says(&["There is no operator for the state"])]
    happens "The job was started with leave to drop state; when a leader recovers it, older releases forget that leave (FLINK-39513)."
    cure "Take a savepoint of the running job, and start it again from that; or update Flink.";
    "NK2507" Warning Job JobManagers Always
    "a job is gone, or was forgotten"
    signs []
    happens "The JobManager does not know a job that was running: without high availability a new JobManager starts empty. It also forgets jobs that ended an hour ago (`jobstore.expiration-time`)."
    cure "`nutkin up` resumes the jobs of the ledger from their newest checkpoints; `nutkin watch` does so at once. High availability (`high-availability.type`) keeps jobs across JobManagers.";
    "NK2508" Error Around Nothing Always
    "client and session have different classes"
    signs [Says(&["InvalidClassException"]), Says(&["local class incompatible"])]
    happens "Something was serialised by another release of Flink or of a library than the one that reads it."
    cure "Use the release of the session in the client, or submit jars by REST, as `nutkin run` does.";
    "NK2509" Error Job Nothing Always
    "a class is missing"
    signs [Says(&["ClassNotFoundException"]), Says(&["NoClassDefFoundError"]), Says(&["NoSuchMethodError"])]
    happens "The job calls a class that neither its jar nor the session has, or has in another release."
    cure "Put the class into the jar, or its jar into the session with `nutkin.libs`. Flink's own classes and connectors have to be of the session's release.";
    "NK2510" Error Job Nothing Always
    "a savepoint or checkpoint cannot be found"
    signs [Says(&["Cannot find checkpoint or savepoint"]), Says(&["Cannot find meta data file"])]
    happens "The path does not lead to a directory with a file `_metadata`, as the JobManager sees it."
    cure "Check the path. A directory of another machine, or a checkpoint that Flink has deleted since, cannot be used.";
    "NK2512" Error Job Nothing Always
    "a job fails"
    signs []
    happens "The job has thrown an exception, or its state says that it failed. It restarts as its restart strategy says, or has ended."
    cure "Read the exception: its last cause names what to fix.";
}
