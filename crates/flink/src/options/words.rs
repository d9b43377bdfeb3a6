//! Our own short words for the options that users meet. Flink's documentation has more for each.

/// What an option is for.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) key: &'static str,
    /// A value that makes sense.
    pub(super) example: &'static str,
    pub(super) text: &'static str,
}

const fn words(key: &'static str, example: &'static str, text: &'static str) -> Words {
    Words { key, example, text }
}

/// The words for exactly this key.
pub(super) fn find(key: &str) -> Option<&'static Words> {
    WORDS.binary_search_by(|words| words.key.cmp(key)).ok().and_then(|index| WORDS.get(index))
}

/// In order of the keys.
pub(super) const WORDS: &[Words] = &[
    words(
        "blob.server.port",
        "50100-50200",
        "Port, or range of ports, on which the JobManager hands out jars",
    ),
    words(
        "classloader.check-leaked-classloader",
        "false",
        "Whether use of a finished job's class loader fails, which shows leaks but breaks some libraries",
    ),
    words(
        "classloader.resolve-order",
        "parent-first",
        "Whether a class is looked for in the job's jar first (`child-first`) or in Flink's",
    ),
    words("client.timeout", "2 min", "How long a command waits for Flink's answer"),
    words(
        "cluster.evenly-spread-out-slots",
        "true",
        "Spread slots over all TaskManagers instead of filling one after the other",
    ),
    words("env.hadoop.conf.dir", "/etc/hadoop/conf", "Directory of Hadoop's configuration files"),
    words("env.java.home", "/usr/lib/jvm/java-17", "The Java that runs Flink's processes"),
    words("env.java.opts.all", "-XX:+UseG1GC", "JVM flags of all processes"),
    words(
        "env.java.opts.jobmanager",
        "-XX:+HeapDumpOnOutOfMemoryError",
        "JVM flags of the JobManager",
    ),
    words(
        "env.java.opts.taskmanager",
        "-XX:+HeapDumpOnOutOfMemoryError",
        "JVM flags of the TaskManagers",
    ),
    words("env.log.dir", "/var/log/flink", "Directory of the log files"),
    words(
        "execution.buffer-timeout.interval",
        "10 ms",
        "How long a record may wait in an output buffer: lower means less delay, higher more throughput",
    ),
    words(
        "execution.checkpointing.dir",
        "s3://bucket/checkpoints",
        "Where checkpoints are written; every process must reach it",
    ),
    words(
        "execution.checkpointing.externalized-checkpoint-retention",
        "RETAIN_ON_CANCELLATION",
        "Whether the last checkpoint outlives a cancelled job",
    ),
    words(
        "execution.checkpointing.incremental",
        "true",
        "Write only what changed since the last checkpoint, where the state backend can",
    ),
    words(
        "execution.checkpointing.interval",
        "1 min",
        "Time between the starts of two checkpoints; without it a job takes none",
    ),
    words(
        "execution.checkpointing.max-concurrent-checkpoints",
        "1",
        "How many checkpoints may run at the same time",
    ),
    words(
        "execution.checkpointing.min-pause",
        "30 s",
        "Least time between the end of a checkpoint and the start of the next",
    ),
    words(
        "execution.checkpointing.mode",
        "AT_LEAST_ONCE",
        "Whether state counts every record exactly or at least once after a failure",
    ),
    words("execution.checkpointing.num-retained", "3", "How many finished checkpoints are kept"),
    words(
        "execution.checkpointing.savepoint-dir",
        "s3://bucket/savepoints",
        "Where savepoints go that name no directory",
    ),
    words(
        "execution.checkpointing.storage",
        "filesystem",
        "Whether checkpoints live in the JobManager's memory or in files",
    ),
    words(
        "execution.checkpointing.timeout",
        "10 min",
        "A checkpoint that takes longer is given up",
    ),
    words(
        "execution.checkpointing.tolerable-failed-checkpoints",
        "3",
        "How many checkpoints in a row may fail before the job does",
    ),
    words(
        "execution.checkpointing.unaligned.enabled",
        "true",
        "Let barriers overtake records, so that checkpoints stay fast under back pressure",
    ),
    words("execution.runtime-mode", "BATCH", "Run a program as a stream or as a batch"),
    words(
        "external-resources",
        "gpu",
        "Names of further resources, such as GPUs, that TaskManagers offer",
    ),
    words("fs.default-scheme", "hdfs://namenode:8020/", "File system of paths that name none"),
    words(
        "heartbeat.interval",
        "10 s",
        "Time between two heartbeats of JobManager and TaskManagers",
    ),
    words("heartbeat.timeout", "1 min", "A process without a heartbeat for so long counts as lost"),
    words(
        "high-availability.cluster-id",
        "my-session",
        "Keeps sessions apart that share one ZooKeeper or name space",
    ),
    words(
        "high-availability.storageDir",
        "s3://bucket/ha",
        "Where jobs and their checkpoint pointers are kept for a new JobManager",
    ),
    words(
        "high-availability.type",
        "kubernetes",
        "How JobManagers elect a leader and find their jobs again",
    ),
    words(
        "high-availability.zookeeper.quorum",
        "zk1:2181,zk2:2181",
        "Addresses of the ZooKeeper servers",
    ),
    words(
        "io.tmp.dirs",
        "/data1/tmp:/data2/tmp",
        "Directories for temporary files, spilled data and RocksDB",
    ),
    words("jobmanager.bind-host", "0.0.0.0", "Network address that the JobManager listens on"),
    words(
        "jobmanager.execution.failover-strategy",
        "region",
        "Whether a failed task restarts its pipelined region or the whole job",
    ),
    words(
        "jobmanager.memory.flink.size",
        "1 gb",
        "Memory of the JobManager without metaspace and JVM overhead",
    ),
    words("jobmanager.memory.heap.size", "1 gb", "Java heap of the JobManager"),
    words(
        "jobmanager.memory.jvm-metaspace.size",
        "256 mb",
        "Room for classes; many jobs in one session need more",
    ),
    words(
        "jobmanager.memory.jvm-overhead.fraction",
        "0.1",
        "Share of the process memory for threads, code cache and the garbage collector",
    ),
    words("jobmanager.memory.off-heap.size", "128 mb", "Memory of the JobManager outside the heap"),
    words(
        "jobmanager.memory.process.size",
        "1600 mb",
        "All memory of the JobManager: what its container gets",
    ),
    words(
        "jobmanager.rpc.address",
        "localhost",
        "Host under which TaskManagers reach the JobManager",
    ),
    words("jobmanager.rpc.port", "6123", "Port under which TaskManagers reach the JobManager"),
    words(
        "jobmanager.scheduler",
        "adaptive",
        "The scheduler; `adaptive` fits a job to the slots that there are",
    ),
    words(
        "kubernetes.cluster-id",
        "my-session",
        "Name of the session on Kubernetes, and of its objects",
    ),
    words("kubernetes.container.image.pull-policy", "Always", "When the node pulls the image"),
    words(
        "kubernetes.container.image.ref",
        "flink:1.20.5",
        "The image of JobManager and TaskManagers",
    ),
    words("kubernetes.entry.path", "/docker-entrypoint.sh", "What the container starts"),
    words(
        "kubernetes.env.secretKeyRef",
        "env:PASSWORD,secret:db,key:password",
        "Environment variables taken from secrets",
    ),
    words("kubernetes.jobmanager.annotations", "team:data", "Annotations of the JobManager's pod"),
    words("kubernetes.jobmanager.cpu.amount", "1.0", "CPUs that the JobManager's pod asks for"),
    words(
        "kubernetes.jobmanager.cpu.limit-factor",
        "2.0",
        "The CPU limit as a multiple of what is asked for",
    ),
    words("kubernetes.jobmanager.labels", "team:data", "Labels of the JobManager's pod"),
    words(
        "kubernetes.jobmanager.replicas",
        "2",
        "Number of JobManagers; more than one needs high availability",
    ),
    words(
        "kubernetes.jobmanager.service-account",
        "flink",
        "Service account of the JobManager's pod, which creates TaskManager pods",
    ),
    words("kubernetes.namespace", "flink", "Name space of the session"),
    words(
        "kubernetes.pod-template-file.default",
        "pod-template.yaml",
        "Pod template of both roles",
    ),
    words(
        "kubernetes.rest-service.exposed.type",
        "NodePort",
        "How the REST service is reached from outside",
    ),
    words("kubernetes.secrets", "db-password:/opt/secrets", "Secrets mounted as files"),
    words("kubernetes.taskmanager.cpu.amount", "2.0", "CPUs that each TaskManager's pod asks for"),
    words(
        "kubernetes.taskmanager.node-selector",
        "disk:ssd",
        "Labels that a TaskManager's node must have",
    ),
    words(
        "kubernetes.taskmanager.tolerations",
        "key:gpu,operator:Exists,effect:NoSchedule",
        "Taints that TaskManagers put up with",
    ),
    words(
        "metrics.reporter.<name>.factory.class",
        "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        "The reporter behind a name",
    ),
    words(
        "metrics.reporters",
        "prom",
        "Names of the reporters that run; all that are configured, where it is missing",
    ),
    words("parallelism.default", "4", "Parallelism of jobs that set none"),
    words(
        "pipeline.max-parallelism",
        "128",
        "How far a job can ever be scaled out without losing its state",
    ),
    words("pipeline.name", "nightly-import", "Name of the job"),
    words(
        "pipeline.object-reuse",
        "true",
        "Hand the same object to the next function instead of a copy: faster, unsafe for careless functions",
    ),
    words("queryable-state.enable", "true", "Answer queries for the state of running jobs"),
    words("rest.address", "localhost", "Host under which clients reach the REST interface"),
    words(
        "rest.bind-address",
        "127.0.0.1",
        "Network address that the REST interface listens on; whoever reaches it can run code",
    ),
    words(
        "rest.bind-port",
        "8081-8090",
        "Port, or range of ports, that the REST interface listens on",
    ),
    words("rest.port", "8081", "Port under which clients reach the REST interface"),
    words(
        "restart-strategy.exponential-delay.max-backoff",
        "5 min",
        "Longest wait between two restarts of a job",
    ),
    words(
        "restart-strategy.fixed-delay.attempts",
        "3",
        "How often a job is restarted before it fails for good",
    ),
    words("restart-strategy.fixed-delay.delay", "10 s", "Wait before each restart"),
    words("restart-strategy.type", "fixed-delay", "What happens to a job whose task failed"),
    words("security.kerberos.login.keytab", "/etc/flink.keytab", "Keytab for Kerberos"),
    words("security.kerberos.login.principal", "flink@EXAMPLE.COM", "Principal for Kerberos"),
    words(
        "security.ssl.internal.enabled",
        "true",
        "Encrypt and authenticate what Flink's processes say to each other",
    ),
    words("security.ssl.rest.enabled", "true", "Serve the REST interface by HTTPS"),
    words("slotmanager.number-of-slots.max", "32", "How many slots a session may have at most"),
    words(
        "state.backend.incremental",
        "true",
        "Write only what changed since the last checkpoint (old spelling)",
    ),
    words(
        "state.backend.local-recovery",
        "true",
        "Keep a copy of the state on the TaskManager for a fast restart",
    ),
    words(
        "state.backend.rocksdb.localdir",
        "/data/rocksdb",
        "Where RocksDB keeps its files; a fast local disk",
    ),
    words(
        "state.backend.rocksdb.memory.managed",
        "true",
        "Whether RocksDB takes its memory from the managed memory",
    ),
    words("state.backend.type", "rocksdb", "Where running state lives: on the heap or in RocksDB"),
    words(
        "task.cancellation.timeout",
        "3 min",
        "A task that does not stop for so long takes its TaskManager with it",
    ),
    words("taskmanager.bind-host", "0.0.0.0", "Network address that a TaskManager listens on"),
    words("taskmanager.host", "10.0.0.7", "Host under which a TaskManager is reached"),
    words(
        "taskmanager.memory.flink.size",
        "1280 mb",
        "Memory of a TaskManager without metaspace and JVM overhead",
    ),
    words("taskmanager.memory.framework.heap.size", "128 mb", "Heap kept for Flink itself"),
    words(
        "taskmanager.memory.framework.off-heap.size",
        "128 mb",
        "Memory outside the heap kept for Flink itself",
    ),
    words(
        "taskmanager.memory.jvm-metaspace.size",
        "256 mb",
        "Room for classes; many jobs in one session need more",
    ),
    words(
        "taskmanager.memory.jvm-overhead.fraction",
        "0.1",
        "Share of the process memory for threads, code cache and native libraries",
    ),
    words("taskmanager.memory.jvm-overhead.max", "1 gb", "Most that the JVM overhead may be"),
    words("taskmanager.memory.jvm-overhead.min", "192 mb", "Least that the JVM overhead may be"),
    words(
        "taskmanager.memory.managed.fraction",
        "0.4",
        "Share of Flink's memory for RocksDB, sorting and Python",
    ),
    words("taskmanager.memory.managed.size", "512 mb", "Memory for RocksDB, sorting and Python"),
    words(
        "taskmanager.memory.network.fraction",
        "0.1",
        "Share of Flink's memory for network buffers",
    ),
    words("taskmanager.memory.network.max", "1 gb", "Most that network buffers may take"),
    words("taskmanager.memory.network.min", "64 mb", "Least that network buffers take"),
    words(
        "taskmanager.memory.process.size",
        "4 gb",
        "All memory of a TaskManager: what its container gets",
    ),
    words("taskmanager.memory.task.heap.size", "1 gb", "Heap for the code of jobs"),
    words(
        "taskmanager.memory.task.off-heap.size",
        "128 mb",
        "Memory outside the heap for the code of jobs",
    ),
    words(
        "taskmanager.numberOfTaskSlots",
        "4",
        "How many tasks a TaskManager runs side by side; each slot gets an equal share of the managed memory",
    ),
    words(
        "taskmanager.rpc.port",
        "50000-50100",
        "Port, or range of ports, on which the JobManager reaches a TaskManager",
    ),
    words("web.cancel.enable", "false", "Whether the web page has a button that cancels jobs"),
    words(
        "web.refresh-interval",
        "5 s",
        "How often the web page and cached REST answers are renewed",
    ),
    words(
        "web.submit.enable",
        "false",
        "Whether jars can be uploaded and run through the web page and REST",
    ),
    words(
        "web.upload.dir",
        "/data/uploads",
        "Where uploaded jars are kept; without it they are lost with the JobManager",
    ),
];
