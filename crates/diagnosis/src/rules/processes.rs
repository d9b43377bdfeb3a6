//! Ends of processes, and processes that are missing.

use crate::symptom::Sign::{Event, Says};

super::symptoms! {
    "NK2108" Error End Own Always
    "a process failed when it started"
    signs []
    happens "Exit code 1: the JobManager or TaskManager could not start, because of its configuration, a port, a plugin or its storage. Whoever keeps it starts it again, and it fails again."
    cure "The last error of its log says why; `nutkin logs` shows the whole of it.";
    "NK2109" Error End Own Always
    "a JobManager failed while it ran"
    signs [Says(&["Fatal error occurred in the cluster entrypoint"])]
    happens "Exit code 2: the cluster entrypoint ended because of an error from which it cannot recover. Jobs continue only with high availability."
    cure "Read the cause below `Fatal error occurred in the cluster entrypoint`: mostly storage or the high availability services.";
    "NK2110" Error End Own Always
    "a thread of Flink failed, and ended its process"
    signs [Says(&["produced an uncaught exception. Stopping the process"]), Says(&["Fatal error occurred while executing the TaskManager"])]
    happens "Exit code 239 (-17), or 1 long after its start: Flink ends a process in which one of its own threads has failed, or whose shutdown does not come to an end."
    cure "The name of the thread and its exception are in the log above the end. An OutOfMemoryError has a code of its own.";
    "NK2111" Error End Own Always
    "native code crashed"
    signs [Says(&["A fatal error has been detected by the Java Runtime Environment"])]
    happens "Exit code 134 or 139: not Java code but a library crashed, often RocksDB or compression. The JVM writes a file `hs_err_pid*.log` into its working directory."
    cure "Look for the library in `Problematic frame` of that file, and update or remove it. RocksDB crashes when `state.backend.rocksdb.memory.managed` is off and memory runs out.";
    "NK2112" Error End Own Always
    "a process was killed"
    signs []
    happens "SIGKILL (137), and not because of memory as far as can be seen: somebody killed it, its time to end had run out, a liveness probe failed, or the node went away."
    cure "If nobody did it on purpose: look at the events of the pod and node, and in the kernel's log for `Out of memory: Killed process`, which on a machine with several users only root may read.";
    "NK2113" Warning End Own Always
    "a process was told to end"
    signs []
    happens "SIGTERM (143): a node is drained, a workload was scaled down or rolled, or somebody ended it. Without high availability, a JobManager that ends in this way deletes the checkpoints of its jobs, unless they are retained."
    cure "Find out who ended it: events, history of the session, the node. `execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION` keeps the checkpoints.";
    "NK2114" Warning End Own Always
    "a process has ended in good order"
    signs []
    happens "Exit code 0: a JobManager of a session ends in this way when somebody shuts the cluster down (`DELETE /cluster`, `stop` in a client), a TaskManager when its JobManager has told it to."
    cure "If nobody meant it, close the REST port to those who need not reach it. `nutkin up` starts what is missing.";
    "NK2115" Error Around Nothing Always
    "a node is not ready"
    signs [Event(&["NodeNotReady"]), Event(&["NodeLost"])]
    happens "The kubelet does not report: pods on that node are Terminating or Unknown for minutes, and Kubernetes makes other ones only after its patience has run out."
    cure "Repair or remove the node. If it is certainly off, delete its pods with force, so that others take their places.";
    "NK2116" Warning End Own Always
    "how a process ended is not known"
    signs []
    happens "Exit code 255 with reason Unknown: the node or the container runtime was restarted, and the true code was lost. Other numbers are those of a program: code of a job that calls `System.exit`, or a script."
    cure "Look at the last lines of its log, and at the events and the log of the node at that time.";
    "NK2117" Error End Own Always
    "an application has ended"
    signs []
    happens "Exit code 163 or 165: the cluster ran one application, which ended FAILED (163) or in an unknown state (165). A session does not end in this way."
    cure "Read the exception of the job. For several jobs use a session in place of an application.";
    "NK2118" Error End Own Always
    "a probe ends a process"
    signs [Event(&["Liveness probe failed"])]
    happens "Kubernetes kills a container whose liveness probe fails. A JobManager that loads a job, or a JVM in a long garbage collection, answers too late for a strict probe."
    cure "Give the probe more time (`timeoutSeconds`, `failureThreshold`, `initialDelaySeconds`), or remove it: Flink ends itself when it cannot continue.";
    "NK2119" Error End Own Always
    "a process lives and does nothing"
    signs []
    happens "It is paused, stopped by a signal, or hangs. Others wait for it until their heartbeats time out."
    cure "Let it continue (`kill -CONT`, `docker unpause`), or end it: whoever keeps the session starts it again.";
    "NK2120" Error End Own Always
    "a process does not run"
    signs []
    happens "It shall run, and nobody says how it ended."
    cure "`nutkin up` starts what is missing.";
    "NK2121" Error Missing TaskManagers Always
    "TaskManagers are missing"
    signs []
    happens "Fewer TaskManagers are registered than shall run: slots are missing, and jobs wait or restart."
    cure "What came before says why. If nothing did, they are starting: look again in a moment, then read their logs.";
    "NK2122" Error Missing JobManagers Always
    "the JobManager does not answer"
    signs []
    happens "REST does not answer: nothing can be submitted, and what jobs do is not known. TaskManagers end after `taskmanager.registration.timeout` (5 min)."
    cure "What came before says why. If nothing did, it is starting or electing a leader: look again in a moment, then read its log.";
    "NK2123" Error Around Nothing Always
    "an object does not end"
    signs [Event(&["CleanupFailed"])]
    happens "It is being deleted, and waits for whoever set its finalizers: an operator that does not run, or jobs that still belong to the session."
    cure "Delete or drain the session jobs first, and see that the operator runs. Removing a finalizer by hand leaves behind what it was to clean up.";
    "NK2124" Warning Around Nothing Always
    "nobody keeps the session"
    signs []
    happens "The supervisor has ended: processes run on, and those that die stay dead."
    cure "`nutkin up` with the same file and options starts a supervisor, which adopts what runs.";
}
