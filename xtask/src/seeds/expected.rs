//! The defects of each document: code and line. Whoever changes a rule reads the document at the line before
//! changing this table.

/// Documents by the beginning of their names.
pub(super) const SEEDS: &[(&str, &[(&str, u32)])] = &[
    (
        "000",
        &[
            ("NK0117", 34),
            ("NK0410", 39),
            ("NK0806", 56),
            ("NK0801", 87),
            ("NK0505", 146),
            ("NK0505", 236),
        ],
    ),
    (
        "001",
        &[
            ("NK0117", 1),
            ("NK0412", 31),
            ("NK0113", 34),
            ("NK0105", 39),
            ("NK0705", 82),
            ("NK0007", 85),
            ("NK0117", 269),
            ("NK0405", 269),
            ("NK0410", 274),
            ("NK0104", 277),
            ("NK0901", 329),
            ("NK0505", 361),
            ("NK0605", 377),
            ("NK0505", 416),
            ("NK0605", 430),
            ("NK0411", 483),
        ],
    ),
    (
        "002",
        &[
            ("NK0607", 40),
            ("NK0607", 41),
            ("NK0607", 42),
            ("NK0607", 43),
            ("NK0607", 52),
            ("NK0607", 53),
            ("NK0607", 62),
            ("NK0607", 63),
            ("NK0007", 182),
            ("NK0507", 191),
            ("NK0603", 195),
            ("NK0704", 199),
            ("NK0506", 224),
            ("NK0506", 226),
            ("NK0604", 246),
        ],
    ),
    (
        "004",
        &[
            ("NK0117", 1),
            ("NK0703", 23),
            ("NK0505", 327),
            ("NK0701", 328),
            ("NK0602", 336),
            ("NK0209", 348),
            ("NK0004", 365),
            ("NK0004", 370),
            ("NK0004", 374),
            ("NK0302", 398),
            ("NK0505", 399),
            ("NK0701", 400),
            ("NK0004", 421),
            ("NK0004", 426),
            ("NK0004", 430),
            ("NK0117", 449),
            ("NK0410", 454),
            ("NK0111", 460),
            ("NK0202", 460),
            ("NK0201", 461),
            ("NK0111", 462),
            ("NK0802", 477),
            ("NK0901", 531),
            ("NK0002", 559),
            ("NK0304", 567),
            ("NK0306", 595),
        ],
    ),
];

/// A document, the options that counted in its configuration, and codes that only its author can fix.
type Session = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// What the session file of each document must say.
pub(super) const SESSIONS: &[Session] = &[
    (
        "000",
        &[
            ("taskmanager.numberOfTaskSlots", "2"),
            ("blob.server.port", "6124"),
            ("taskmanager.rpc.port", "6122"),
            ("parallelism.default", "2"),
            ("jobmanager.memory.process.size", "1600m"),
            ("taskmanager.memory.process.size", "1728m"),
            ("nutkin.service.flink-jobmanager.ports", "rpc,blob,rest"),
        ],
        &[],
    ),
    (
        "001",
        &[
            ("taskmanager.numberOfTaskSlots", "4"),
            ("parallelism.default", "4"),
            ("jobmanager.memory.process.size", "1600m"),
            ("taskmanager.memory.process.size", "2048m"),
        ],
        &[],
    ),
    (
        // The image that is left out had Hadoop in it; Flink's own has none.
        "002",
        &[
            ("nutkin.standalone.workload", "statefulset"),
            ("nutkin.standalone.stateful-sets", "1"),
            ("taskmanager.numberOfTaskSlots", "1"),
            ("high-availability.type", "zookeeper"),
            ("high-availability.cluster-id", "default/flink-cluster"),
            ("high-availability.zookeeper.quorum", "10.198.199.112:2181"),
            ("high-availability.storageDir", "hdfs:///user/flink/ha/default/flink-cluster"),
            (
                "execution.checkpointing.dir",
                "hdfs:///user/flink/flink-checkpoints/default/flink-cluster",
            ),
            ("jobmanager.memory.process.size", "4096m"),
            ("taskmanager.memory.process.size", "4096m"),
            ("rest.port", "8080"),
        ],
        &["NK0902"],
    ),
    (
        "004",
        &[
            ("taskmanager.numberOfTaskSlots", "2"),
            ("web.upload.dir", "/opt/flink"),
            ("high-availability.storageDir", "file:/flink/recovery"),
            ("restart-strategy.type", "fixed-delay"),
            ("restart-strategy.fixed-delay.attempts", "10"),
            ("jobmanager.memory.process.size", "1600m"),
            ("taskmanager.memory.process.size", "1728m"),
            ("nutkin.service.flink-jobmanager-rest.ports", "rest"),
        ],
        &[],
    ),
];
