//! Processes that do not reach each other.

use crate::symptom::Sign::Says;

super::symptoms! {
    "NK2201" Error Around Nothing WhileMissing
    "a name is not known"
    signs [Says(&["UnknownHostException"])]
    happens "A process asks for a host that DNS does not know: a Service that is missing or has another name, another namespace, or a DNS policy of the pod. TaskManagers never register."
    cure "Compare `jobmanager.rpc.address` with the name of the Service, and resolve it from the pod of a TaskManager. With `hostNetwork`, `dnsPolicy: ClusterFirstWithHostNet` is necessary.";
    "NK2202" Error Connection Processes WhileMissing
    "processes refuse each other's addresses"
    signs [Says(&["is now gated for"]), Says(&["has been quarantined"]), Says(&["dropping message", "for non-local recipient"])]
    happens "The RPC system speaks only to the address that the other side calls itself. A wrong name, port or translation in between makes TaskManagers try for ever."
    cure "Use one name everywhere: `jobmanager.rpc.address` has to be what TaskManagers connect to. What died and came back under another address is found again after a moment.";
    "NK2204" Error Connection TaskManagers WhileFailing
    "a TaskManager was lost"
    signs [
        Says(&["Heartbeat of TaskManager with id"]), Says(&["Connection unexpectedly closed by remote task manager"]),
        Says(&["Lost connection to task manager"]), Says(&["TaskManager with id", "is no longer reachable"]), Says(&["The TaskExecutor is shutting down"]),
        Says(&["has no more allocated slots for job"]),
    ]
    happens "The JobManager hears nothing more from a TaskManager, or another one's connection to it broke. Its tasks fail, and jobs restart. Nearly always the process had ended before; otherwise a garbage collection or the network held it up."
    cure "Look how that TaskManager ended: that is the cause. If it lives, read its garbage collection log, and compare its memory with its load. A longer `heartbeat.timeout` only hides it.";
    "NK2205" Error Around Nothing WhileMissing
    "TLS fails"
    signs [Says(&["SSLHandshakeException"]), Says(&["NotSslRecordException"]), Says(&["handshake_failure"])]
    happens "One side speaks TLS and the other does not, a certificate is not trusted or has expired, or they have no cipher in common: newer Java releases have dropped TLS_RSA, and Flink 2.3 has other defaults."
    cure "Use the same `security.ssl.*` options, stores and Java release on all sides, and set `security.ssl.algorithms` where releases differ.";
    "NK2206" Error Around Nothing Always
    "a port is in use"
    signs [Says(&["BindException"]), Says(&["Could not start rest endpoint on any port"]), Says(&["Address already in use"])]
    happens "Another program has the port, so the process ends when it starts."
    cure "Choose another port (`rest.port`, `jobmanager.rpc.port`, `blob.server.port`), or end the program that has it.";
    "NK2207" Error Around Nothing Always
    "a TaskManager looks for the JobManager at its own address"
    signs []
    happens "It tries to register with itself for ever: the entrypoint of the image has written its own host name into `jobmanager.rpc.address`, because no other was given."
    cure "Give TaskManagers the address of the JobManager: the variable JOB_MANAGER_RPC_ADDRESS, or `-Djobmanager.rpc.address=HOST` as an argument of the process.";
}
