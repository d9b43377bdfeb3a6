//! Random options: mostly sensible, now and then wrong.

use nutkin_flink::dialect::Dialect;

use crate::conformance::random::Random;

/// Options of a case, in the order in which they were set.
pub(super) struct Options {
    entries: Vec<(String, String)>,
    /// Whether values may be wrong. Most cases are clean, so that they come far.
    dirty: bool,
}

/// An option: how rare it is, values that make sense, values that do not.
type Choice = (&'static str, usize, &'static [&'static str], &'static [&'static str]);

const PORTS: &[&str] = &["7001", "12345", "31000"];
const NO_PORTS: &[&str] = &["0", "50100-50200", "abc", "-1", "70000", ""];
const NO_NUMBERS: &[&str] = &["0", "-1", "two", "", "1,5"];
const FACTORS: &[&str] = &["1", "1.0", "1.5", "3.7", "1.01"];
const SIZES: &[&str] = &["1600m", "2g", "1 gb", "2048 MB", "1700000k", "1700000000", "3000mb"];

/// Options whose values are one text.
const CHOICES: &[Choice] = &[
    ("kubernetes.namespace", 2, &["ns1", "team-a", "default"], &["Bad_One"]),
    ("jobmanager.memory.process.size", 1, SIZES, &["400m", "12 parsecs", "", "1.5g"]),
    ("jobmanager.memory.flink.size", 20, &["1200m", "3g"], &["lots"]),
    ("jobmanager.memory.jvm-metaspace.size", 8, &["200m", "300m"], &[""]),
    ("jobmanager.memory.jvm-overhead.fraction", 8, &["0.2", "0.333"], NO_NUMBERS),
    ("taskmanager.memory.process.size", 1, &["1728m", "4g"], &["1m"]),
    ("taskmanager.numberOfTaskSlots", 5, &["1", "4"], NO_NUMBERS),
    ("kubernetes.taskmanager.cpu.amount", 10, &["1", "2.5"], NO_NUMBERS),
    (
        "kubernetes.jobmanager.cpu.amount",
        4,
        &["0.5", "1", "2.5", "0.1", "3.3333", "1e7"],
        NO_NUMBERS,
    ),
    ("kubernetes.jobmanager.cpu", 12, &["2", "1.5"], NO_NUMBERS),
    ("kubernetes.jobmanager.cpu.limit-factor", 5, FACTORS, &["0.5", "x", ""]),
    ("kubernetes.jobmanager.memory.limit-factor", 5, FACTORS, &["0.5", "x", ""]),
    ("kubernetes.jobmanager.service-account", 6, &["sa1"], &[]),
    ("kubernetes.service-account", 6, &["sa0"], &[]),
    ("kubernetes.jobmanager.entrypoint.args", 8, &["--a b", "-Dx=y", " "], &[]),
    (
        "kubernetes.container.image.ref",
        4,
        &["me/img:2", "r.example.com:5000/f@sha256:ab"],
        &["", " "],
    ),
    ("kubernetes.container.image", 15, &["old/img:1"], &[]),
    (
        "kubernetes.container.image.pull-policy",
        5,
        &["Always", "Never", "IfNotPresent", "always"],
        &["Sometimes", " Always"],
    ),
    ("kubernetes.container.image.pull-secrets", 6, &["s1", "s1;s2", "reg.secret;s1"], &["'open"]),
    ("kubernetes.entry.path", 12, &["/opt/entry.sh"], &[]),
    ("kubernetes.flink.conf.dir", 10, &["/etc/flink", "/opt/flink/conf/"], &[]),
    ("kubernetes.flink.log.dir", 10, &["/var/log/flink"], &[]),
    ("user.artifacts.base-dir", 10, &["/data/artifacts"], &[]),
    ("kubernetes.hostnetwork.enabled", 8, &["true", "false", "TRUE"], &["maybe", ""]),
    (
        "kubernetes.rest-service.exposed.type",
        2,
        &["ClusterIP", "NodePort", "LoadBalancer", "Headless_ClusterIP", "nodeport"],
        &["Nope", ""],
    ),
    (
        "kubernetes.rest-service.exposed.node-port-address-type",
        8,
        &["InternalIP", "ExternalIP"],
        &["Hostname"],
    ),
    ("rest.port", 6, PORTS, NO_PORTS),
    ("rest.bind-port", 6, &["9001", "0"], NO_PORTS),
    ("jobmanager.rpc.port", 6, &["9002"], NO_PORTS),
    ("blob.server.port", 6, &["9003", "0"], NO_PORTS),
    ("taskmanager.rpc.port", 6, &["9004", "0"], NO_PORTS),
    (
        "high-availability.type",
        4,
        &["kubernetes", "KUBERNETES", "zookeeper", "NONE", "com.example.Factory"],
        &["nope"],
    ),
    ("high-availability", 25, &["kubernetes"], &[]),
    ("high-availability.storageDir", 4, &["s3://bucket/ha"], &[]),
    ("high-availability.cluster-id", 20, &["mine"], &[]),
    ("high-availability.jobmanager.port", 8, &["9005", "0"], NO_PORTS),
    ("kubernetes.jobmanager.replicas", 15, &["1", "2"], NO_NUMBERS),
    ("kubernetes.hadoop.conf.config-map.name", 15, &["my-hadoop"], &[]),
    ("kubernetes.decorator.hadoop-conf-mount.enabled", 20, &["false", "true"], &["maybe"]),
    ("kubernetes.decorator.kerberos-mount.enabled", 20, &["false", "true"], &["maybe"]),
    ("kubernetes.persistent-volume-claim-read-only", 10, &["true", "false"], &["maybe"]),
    ("rest.bind-address", 10, &["localhost"], &[]),
    ("jobmanager.bind-host", 10, &["localhost"], &[]),
    ("taskmanager.host", 10, &["localhost"], &[]),
    ("kubernetes.taskmanager.labels", 12, &["a:b", "no map"], &[]),
    ("env.java.opts.all", 8, &["-Da=b -Dc='d e'", "-XX:+UseG1GC # no comment"], &[]),
    ("s3.access-key", 12, &["AK#1", "007"], &[]),
    (
        "my.key",
        5,
        &["a: b", "{a: 1}", "[1, 2]", "it's", "Zürich", "*", "&a", "|", "=", "~", "null"],
        &[],
    ),
    ("my.key.below", 25, &["1"], &[]),
    ("execution.checkpointing.interval", 8, &["10 s", "null", "yes"], &[]),
    ("containerized.taskmanager.env.T", 8, &["x"], &[]),
];

/// Options that are maps of texts.
const MAPS: &[(&str, usize)] = &[
    ("kubernetes.jobmanager.labels", 4),
    ("kubernetes.jobmanager.annotations", 4),
    ("kubernetes.jobmanager.node-selector", 5),
    ("kubernetes.rest-service.annotations", 6),
    ("kubernetes.rest-service.labels", 8),
    ("kubernetes.internal-service.annotations", 8),
    ("kubernetes.internal-service.labels", 8),
];

/// The keys of a map, each with values that make sense.
type Fields = &'static [(&'static str, &'static [&'static str])];

/// Options that are lists of maps, with the keys that their maps have.
const LISTS_OF_MAPS: &[(&str, usize, Fields)] = &[
    (
        "kubernetes.jobmanager.tolerations",
        5,
        &[
            ("key", &["spot", "example.com/gpu"]),
            ("operator", &["Exists", "Equal"]),
            ("Value", &["yes", "1"]),
            ("EFFECT", &["NoSchedule", "NoExecute"]),
            ("tolerationSeconds", &["30", "0"]),
        ],
    ),
    (
        "kubernetes.jobmanager.owner.reference",
        10,
        &[
            ("apiVersion", &["v1"]),
            ("kind", &["Pod"]),
            ("name", &["me"]),
            ("uid", &["u-1"]),
            ("controller", &["true", "false"]),
        ],
    ),
    (
        "kubernetes.env.secretKeyRef",
        6,
        &[("env", &["KEY", "OTHER"]), ("secret", &["s1"]), ("key", &["k", "a.b"])],
    ),
];

const NAMES: &[&str] =
    &["team", "zone", "app", "example.com/cost", "a", "x-1", "Upper", "under_score"];
const WORDS: &[&str] =
    &["z1", "007", "true", "no", "1.50", "null", "0x1F", "1e3", "12:30", "a,b", "p;q", "it's"];

impl Options {
    /// Random ones.
    pub(super) fn random(random: &mut Random) -> Self {
        let mut options = Self { entries: Vec::new(), dirty: random.one_in(3) };
        if !random.one_in(20) {
            options.set("kubernetes.cluster-id", &id(random, options.dirty));
        }
        for (key, rarity, good, bad) in CHOICES {
            if random.one_in(*rarity) {
                let is_bad = options.dirty && !bad.is_empty() && random.one_in(8);
                let value = random.word(if is_bad { bad } else { good });
                options.set(key, value);
            }
        }
        for (key, rarity) in MAPS {
            if random.one_in(*rarity) {
                let value = if options.dirty && random.one_in(8) {
                    random.word(&["broken", "a:b:c", "'open:1", "a:b,,c:d", ":", ","]).to_owned()
                } else {
                    map(random)
                };
                options.set(key, &value);
            }
        }
        for (key, rarity, fields) in LISTS_OF_MAPS {
            if random.one_in(*rarity) {
                let count = 1 + random.below(2);
                let items: Vec<String> =
                    (0..count).map(|_| fields_of(random, fields, options.dirty)).collect();
                options.set(key, &items.join(";"));
            }
        }
        if random.one_in(5) {
            options.set("kubernetes.secrets", &paths(random, &["s1", "my.secret", "s-2"]));
        }
        if random.one_in(6) {
            let value = if options.dirty && random.one_in(3) {
                random.word(&["Bad_:/x", "a:relative", "a:/x,b:/x", "a"]).to_owned()
            } else {
                paths(random, &["pvc1", "my.pvc", "p-2"])
            };
            options.set("kubernetes.persistent-volume-claims", &value);
        }
        for name in ["A", "JAVA_TOOL_OPTIONS", "lower.dotted", "X_1", "_POD_IP_ADDRESS"] {
            if random.one_in(7) {
                options.set(&format!("containerized.master.env.{name}"), random.word(WORDS));
            }
        }
        options
    }

    /// Sets an option, replacing what was there.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.entries.retain(|(known, _)| known != key);
        self.entries.push((key.to_owned(), value.to_owned()));
    }

    /// The value of an option.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All of them, in an order that is random as well.
    pub(super) fn into_entries(mut self, random: &mut Random) -> Vec<(String, String)> {
        for last in (1..self.entries.len()).rev() {
            let other = random.below(last + 1);
            self.entries.swap(last, other);
        }
        self.entries
    }
}

/// An entry of a configuration file.
pub(super) fn line(dialect: Dialect, key: &str, value: &str) -> String {
    match dialect {
        Dialect::FlinkConf => format!("{key}: {value}\n"),
        Dialect::ConfigYaml => format!("{key}: '{}'\n", value.replace('\'', "''")),
    }
}

fn id(random: &mut Random, dirty: bool) -> String {
    if dirty && random.one_in(5) {
        return random.word(&["Upper", "under_score", "a/b", "", "a-"]).to_owned();
    }
    match random.below(12) {
        0 => "a".repeat(45),
        1 if dirty => "a".repeat(46),
        _ => format!("c{}-{}", random.below(1000), random.below(1000)),
    }
}

/// `k:v,k2:v2`, with quotes where they must be.
fn map(random: &mut Random) -> String {
    let count = 1 + random.below(4);
    let start = random.below(NAMES.len());
    let pairs = (0..count).map(|index| {
        let name = NAMES[(start + index * 3) % NAMES.len()];
        let value = quoted(random.word(WORDS), ":");
        quoted(&format!("{name}:{value}"), ",")
    });
    let mut pairs: Vec<String> = pairs.collect();
    pairs.sort();
    pairs.dedup_by_key(|pair| pair.split(':').next().map(str::to_owned));
    pairs.join(",")
}

/// Some of the fields, all of them in a clean case.
fn fields_of(random: &mut Random, fields: Fields, dirty: bool) -> String {
    let mut pairs = Vec::new();
    for (name, values) in fields {
        if !(dirty && random.one_in(5)) {
            pairs.push(format!("{name}:{}", random.word(values)));
        }
    }
    if dirty && random.one_in(6) {
        pairs.push("unknown:x".to_owned());
    }
    if pairs.is_empty() { "key:k".to_owned() } else { pairs.join(",") }
}

fn paths(random: &mut Random, names: &[&str]) -> String {
    let start = random.below(names.len());
    let count = 1 + random.below(names.len());
    let pairs = (0..count).map(|index| {
        let name = names[(start + index) % names.len()];
        format!("{name}:/opt/{name}")
    });
    pairs.collect::<Vec<_>>().join(",")
}

/// A token in single quotes where a delimiter or a quote is in it.
fn quoted(text: &str, delimiters: &str) -> String {
    if text.contains(|c| delimiters.contains(c) || c == '\'' || c == '"') {
        return format!("'{}'", text.replace('\'', "''"));
    }
    text.to_owned()
}
