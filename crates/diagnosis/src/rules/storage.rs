//! Storage, permissions and high availability.

use crate::symptom::Sign::{Mentions, Says};

super::symptoms! {
    "NK2401" Error Around Nothing Lately
    "Flink's processes may not do what they need to do"
    signs [
        Says(&["is forbidden: User"]), Says(&["GET at:", "Message: Forbidden"]),
        Says(&["Could not complete the operation. Number of retries has been exhausted", "pods"]),
    ]
    happens "The ServiceAccount of the pods lacks a permission: TaskManagers are not made or not watched, or the leader cannot be elected."
    cure "`nutkin rbac` with the same file and options prints the ServiceAccount, Role and RoleBinding that Flink needs; `nutkin.rbac.create: true` has `up` create them.";
    "NK2402" Error Around Nothing Always
    "a directory cannot be created"
    signs [Says(&["Mkdirs failed to create"]), Says(&["FileNotFoundException", "Permission denied"]), Says(&["java.nio.file.AccessDeniedException: /"])]
    happens "Flink's user (9999 in containers) may not write where checkpoints, savepoints or high availability data shall be. Checkpoints fail, or the JobManager does not start."
    cure "On Kubernetes set `securityContext.fsGroup: 9999` in the pod templates; elsewhere give the directory to the user of the processes, or choose another one.";
    "NK2403" Error Around Nothing Always
    "high availability data cannot be read"
    signs [Says(&["This indicates that the retrieved state handle is broken"])]
    happens "The leader finds the pointer to a job, and not the file behind it: `high-availability.storageDir` is a directory that only one machine or pod has, or somebody has cleaned it. The JobManager fails each time it starts."
    cure "Let `high-availability.storageDir` be storage that all JobManagers share (S3, HDFS, a shared volume). If the files are gone, remove the high availability data of this session, and start the jobs from their checkpoints.";
    "NK2404" Error Around Nothing Always
    "no plugin opens a file system"
    signs [Says(&["Could not find a file system implementation for scheme"])]
    happens "An address has a scheme such as `s3` that nothing in the session opens."
    cure "`nutkin.plugins` gives the session the plugin of a file system; in an image of Flink it is `ENABLE_BUILT_IN_PLUGINS` with the exact name of the jar for that release.";
    "NK2405" Error Around Nothing Always
    "there are no credentials for S3"
    signs [
        Says(&["Unable to load AWS credentials"]), Says(&["No AWS Credentials provided"]),
        Says(&["Unable to load credentials from"]),
    ]
    happens "The file system plugin finds neither keys nor a role: its chain does not ask for web identity, or the address of the metadata service is blocked."
    cure "Set `fs.s3a.aws.credentials.provider` to the provider of web identity tokens of the SDK in the plugin, and annotate the ServiceAccount of the session's pods with the role; or give keys in a Secret.";
    "NK2406" Error Around Nothing Always
    "Kerberos does not work"
    signs [Says(&["Can't get Kerberos realm"]), Says(&["Cannot locate KDC"]), Says(&["Cannot locate default realm"])]
    happens "The processes find no usable `krb5.conf`: it is missing, or mounted as a directory."
    cure "Mount it as a file (`subPath`), and name it in `env.java.opts.all: -Djava.security.krb5.conf=...`.";
    "NK2407" Error Around Nothing Always
    "somebody deleted a ConfigMap of high availability"
    signs [Says(&["ConfigMap", "deleted externally"])]
    happens "The leader loses what it keeps there, and ends. Pointers to checkpoints may be gone with it."
    cure "Look who deleted it (audit log, `managedFields`): a cleaner that goes by labels, or a second session with the same `kubernetes.cluster-id`. Give each session a cluster id of its own.";
    "NK2408" Error Around Nothing Always
    "a disk is full"
    signs [Says(&["No space left on device"])]
    happens "Local state, spilled data, uploaded jars or logs have filled a disk. Tasks and checkpoints fail."
    cure "Make room, or move `io.tmp.dirs` to a larger volume. Look for heap dumps and old logs first.";
    "NK2409" Note Around Nothing WhileMissing
    "a file system is read-only"
    signs [Says(&["Read-only file system"]), Says(&["couldn't open temporary file"])]
    happens "The start script of the image cannot change the configuration that is mounted. That does no harm where the options are given in other ways, and leaves variables such as FLINK_PROPERTIES without effect where they are not."
    cure "If an option is missing, put it into the ConfigMap itself or give it as an argument.";
    "NK2410" Warning Connection Processes WhileFailing
    "the connection to ZooKeeper was lost"
    signs [Says(&["Connection to ZooKeeper suspended"]), Says(&["Connection to ZooKeeper lost"])]
    happens "Without it nobody knows who leads: a leader gives up its jobs, and they restart from their checkpoints."
    cure "See that a majority of the ZooKeeper servers runs and can be reached, and that pauses are shorter than `high-availability.zookeeper.client.session-timeout`.";
    "NK2411" Warning Around Nothing Always
    "uploaded jars are gone"
    signs [Says(&["storage directory", "deleted externally"]), Says(&["Upload directory", "deleted externally"]), Says(&["Jar upload dir", "deleted externally"])]
    happens "The directory of uploaded jars (`web.upload.dir`) was removed while the JobManager ran, often by a cleaner of `/tmp`. Jars have to be uploaded again."
    cure "Set `web.upload.dir` to a directory that nobody cleans. Jars that Nutkin submits are kept, and uploaded again.";
    "NK2412" Error Job Nothing Always
    "a job is not run because of an old result"
    signs [Mentions(&["because the job already reached a globally-terminal state"])]
    happens "The high availability storage has the result of a job with the same id, so Flink takes the new one for done: the JobManager is well and runs nothing."
    cure "Start the job under another id, or remove the entry below `job-result-store.storage-path` (2.3: `application-result-store.storage-path`).";
}
