//! Keys that hold a name of the user's, or that another library reads behind a prefix.

/// A family of keys.
#[derive(Debug)]
pub(super) struct Pattern {
    /// How the family is written: `metrics.reporter.<name>.*`.
    pub(super) shape: &'static str,
    prefix: &'static str,
    /// Whether a name of the user's follows the prefix.
    named: Option<&'static str>,
    /// Whether only Flink itself reads the family, so that its table knows all of it.
    pub(super) own: bool,
    /// What it is for.
    pub(super) text: &'static str,
}

impl Pattern {
    /// The option in Flink's table that a key is one case of: `metrics.reporter.prom.interval` is
    /// `metrics.reporter.<name>.interval`.
    pub(super) fn exact(&self, key: &str) -> Option<&'static str> {
        let named = self.named?;
        let (_, rest) = key.strip_prefix(self.prefix)?.split_once('.')?;
        super::table::line(&format!("{}{named}.{rest}", self.prefix)).map(|line| line.key)
    }
}

const fn named(
    shape: &'static str,
    prefix: &'static str,
    name: &'static str,
    text: &'static str,
) -> Pattern {
    Pattern { shape, prefix, named: Some(name), own: false, text }
}

const fn below(shape: &'static str, prefix: &'static str, text: &'static str) -> Pattern {
    Pattern { shape, prefix, named: None, own: false, text }
}

const fn own(shape: &'static str, prefix: &'static str, text: &'static str) -> Pattern {
    Pattern { shape, prefix, named: None, own: true, text }
}

/// Longer prefixes stand before shorter ones of the same beginning.
const PATTERNS: &[Pattern] = &[
    below(
        "containerized.master.env.*",
        "containerized.master.env.",
        "An environment variable of the JobManager's container",
    ),
    below(
        "containerized.taskmanager.env.*",
        "containerized.taskmanager.env.",
        "An environment variable of the TaskManagers' containers",
    ),
    named(
        "events.reporter.<name>.*",
        "events.reporter.",
        "<name>",
        "A setting of an event reporter",
    ),
    named(
        "external-resource.<resource_name>.*",
        "external-resource.",
        "<resource_name>",
        "A setting of an external resource such as a GPU",
    ),
    below(
        "flink.hadoop.*",
        "flink.hadoop.",
        "Handed to Hadoop's configuration without `flink.hadoop.`",
    ),
    below("flink.yarn.*", "flink.yarn.", "Handed to YARN's configuration without `flink.yarn.`"),
    below("fs.*", "fs.", "Read by the file system plugin of that scheme"),
    below("gs.*", "gs.", "Read by the Google Storage plugin"),
    below("hive.*", "hive.", "Read by the Hive connector"),
    below("job.autoscaler.*", "job.autoscaler.", "Read by the autoscaler of the Java operator"),
    below("kubernetes.operator.*", "kubernetes.operator.", "Read by the Java operator"),
    named(
        "metrics.reporter.<name>.*",
        "metrics.reporter.",
        "<name>",
        "A setting of a metric reporter",
    ),
    below("oss.*", "oss.", "Read by the Aliyun OSS plugin"),
    below("presto.s3.*", "presto.s3.", "Read by the Presto flavour of the S3 plugin"),
    own("python.*", "python.", "Read by PyFlink"),
    below("s3.*", "s3.", "Read by both flavours of the S3 plugin"),
    below("s3a.*", "s3a.", "Read by the Hadoop flavour of the S3 plugin"),
    named(
        "security.delegation.token.provider.<serviceName>.*",
        "security.delegation.token.provider.",
        "<serviceName>",
        "A setting of a delegation token provider",
    ),
    below(
        "security.kerberos.token.provider.*",
        "security.kerberos.token.provider.",
        "A setting of a Kerberos token provider",
    ),
    own("sql-client.*", "sql-client.", "Read by the SQL client"),
    own("sql-gateway.*", "sql-gateway.", "Read by the SQL gateway"),
    own("state.backend.forst.*", "state.backend.forst.", "A setting of the ForSt state backend"),
    own(
        "state.backend.rocksdb.*",
        "state.backend.rocksdb.",
        "A setting of the RocksDB state backend",
    ),
    own("table.*", "table.", "Read by the Table API and SQL"),
    named(
        "traces.reporter.<name>.*",
        "traces.reporter.",
        "<name>",
        "A setting of a trace reporter",
    ),
    below("$internal.*", "$internal.", "Set by Flink itself"),
];

/// The family of a key.
pub(super) fn of(key: &str) -> Option<&'static Pattern> {
    PATTERNS.iter().find(|pattern| {
        let rest = key.strip_prefix(pattern.prefix).unwrap_or_default();
        // `metrics.reporter.prom` alone is not a setting.
        if pattern.named.is_some() { rest.contains('.') } else { !rest.is_empty() }
    })
}
