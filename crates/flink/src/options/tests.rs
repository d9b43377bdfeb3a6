//! Golden facts were read off real distributions.

use super::words::WORDS;
use super::*;
use crate::{Origin, Value};

const V1_13: FlinkVersion = FlinkVersion::new(1, 13, 6);
const V1_16: FlinkVersion = FlinkVersion::new(1, 16, 3);
const V1_17: FlinkVersion = FlinkVersion::new(1, 17, 2);
const V1_20: FlinkVersion = FlinkVersion::DEFAULT;
const V2_3: FlinkVersion = FlinkVersion::new(2, 3, 0);

#[track_caller]
fn check_facts(key: &str, version: FlinkVersion, expected: Option<(&str, Option<&str>)>) {
    let info = find(key).unwrap_or_else(|| panic!("{key} is not known"));
    let found = info.at(version).map(|facts| (facts.type_name, facts.default));
    assert_eq!(found, expected, "{key} in {version}");
}

#[test]
fn facts() {
    check_facts("taskmanager.numberOfTaskSlots", V1_13, Some(("Integer", Some("1"))));
    check_facts("rest.port", V2_3, Some(("Integer", Some("8081"))));
    check_facts(
        "kubernetes.rest-service.exposed.type",
        V1_20,
        Some(("enum:ClusterIP|NodePort|LoadBalancer|Headless_ClusterIP", Some("ClusterIP"))),
    );
    check_facts("high-availability.type", V1_13, None);
    check_facts("high-availability.type", V1_16, None);
    check_facts("high-availability.type", V1_17, Some(("String", Some("NONE"))));
    check_facts("jobmanager.heap.size", V2_3, None);
    check_facts("execution.checkpointing.timeout", V1_20, Some(("Duration", Some("10 min"))));
    check_facts("metrics.reporter.prom.interval", V1_20, Some(("Duration", Some("10 s"))));
}

#[track_caller]
fn check_canonical(key: &str, version: FlinkVersion, expected: &str) {
    assert_eq!(canonical(key, version), expected, "{key} in {version}");
}

#[test]
fn current_spellings() {
    check_canonical("high-availability", V1_13, "high-availability");
    check_canonical("high-availability", V1_20, "high-availability.type");
    check_canonical("kubernetes.container.image", V1_20, "kubernetes.container.image.ref");
    check_canonical("kubernetes.container.image", V1_13, "kubernetes.container.image");
    check_canonical("env.java.opts", V1_20, "env.java.opts.all");
    check_canonical("env.java.opts", V1_13, "env.java.opts");
    check_canonical("web.port", V1_20, "rest.port");
    check_canonical("rest.port", V1_20, "rest.port");
    check_canonical("state.checkpoints.dir", V1_20, "execution.checkpointing.dir");
    check_canonical("state.checkpoints.dir", V1_17, "state.checkpoints.dir");
    check_canonical("nobody.knows", V1_20, "nobody.knows");
}

#[test]
fn what_a_version_reads() {
    #[track_caller]
    fn check(key: &str, version: FlinkVersion, expected: bool) {
        assert_eq!(is_read(key, version), expected, "{key} in {version}");
    }
    check("high-availability.type", V1_16, false);
    check("high-availability.type", V1_17, true);
    check("high-availability", V1_16, true);
    check("high-availability", V2_3, true);
    check("execution.checkpointing.dir", V1_17, false);
    check("state.checkpoints.dir", V1_17, true);
    check("jobmanager.heap.size", V2_3, false);
    check("metrics.reporter.prom.class", V2_3, true);
    check("my.own.key", V1_16, true);
    check("nutkin.platform", V1_13, true);
}

#[test]
fn the_new_spelling_wins_over_old_ones() {
    let mut configuration: Configuration = [("env.java.opts", "-old")].into_iter().collect();
    let found = |configuration: &Configuration, key: &str, version| {
        lookup(configuration, key, version).map(|(key, entry)| format!("{key}={}", entry.value))
    };
    assert_eq!(
        found(&configuration, "env.java.opts.all", V1_20).as_deref(),
        Some("env.java.opts=-old")
    );
    assert_eq!(found(&configuration, "env.java.opts.all", V1_13), None);
    configuration.set("env.java.opts.all", "-new", Origin::CommandLine);
    assert_eq!(
        found(&configuration, "env.java.opts.all", V1_20).as_deref(),
        Some("env.java.opts.all=-new")
    );
    assert_eq!(found(&configuration, "unknown", V1_20), None);
}

#[track_caller]
fn check_suggested(key: &str, expected: &str) {
    let suggested = suggest(key);
    assert_eq!(suggested.first().map(String::as_str), Some(expected), "{key}: {suggested:?}");
}

#[test]
fn did_you_mean() {
    check_suggested("taskmanager.numberOfTaskSlot", "taskmanager.numberOfTaskSlots");
    check_suggested("taskmanager.number-of-task-slots", "taskmanager.numberOfTaskSlots");
    check_suggested("paralellism.default", "parallelism.default");
    check_suggested("checkpointing.interval", "execution.checkpointing.interval");
    check_suggested("nutkin.lib", "nutkin.libs");
    check_suggested("REST.PORT", "rest.port");
    assert_eq!(suggest("com.example.batch-size"), Vec::<String>::new());
    assert_eq!(suggest(""), Vec::<String>::new());
}

#[test]
fn secrets_are_masked() {
    for secret in
        ["s3.secret-key", "security.ssl.rest.key-password", "FS.AZURE.ACCOUNT.KEY.x", "my.Token"]
    {
        assert_eq!(mask(secret, "hunter2"), HIDDEN, "{secret}");
    }
    assert_eq!(mask("rest.port", "8081"), "8081");
}

/// One line per finding: level, key, hint.
#[track_caller]
fn check_findings(version: FlinkVersion, entries: &[(&str, &str)], expected: &[&str]) {
    let configuration: Configuration = entries.iter().copied().collect();
    let found: Vec<String> = check(&configuration, version)
        .iter()
        .map(|finding| {
            let hint =
                finding.problem.hint.as_ref().map_or_else(|| "-".to_owned(), |hint| hint.plain());
            format!("{:?} {}: {hint}", finding.level, finding.problem.path)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn good_options_draw_no_finding() {
    check_findings(
        V1_20,
        &[
            ("taskmanager.numberOfTaskSlots", "4"),
            ("taskmanager.memory.process.size", "4 gb"),
            ("env.java.opts", "-Xfoo"),
            ("high-availability", "zookeeper"),
            ("metrics.reporter.prom.factory.class", "x"),
            ("metrics.reporter.prom.port", "9249"),
            ("external-resource.gpu.amount", "2"),
            ("containerized.master.env.A", "b"),
            ("s3.access-key", "x"),
            ("s3.path.style.access", "true"),
            ("fs.s3a.endpoint", "x"),
            ("flink.hadoop.dfs.x", "y"),
            ("state.backend.rocksdb.whatever", "y"),
            ("kubernetes.jobmanager.labels", "{a: b}"),
            ("kubernetes.jobmanager.labels.team", "x"),
            ("kubernetes.rest-service.exposed.type", "nodeport"),
            ("execution.checkpointing.interval", "10 s"),
            ("com.example.own", "x"),
            ("nutkin.java.check", "strict"),
            ("kubernetes.operator.x", "y"),
        ],
        &[],
    );
}

#[test]
fn bad_options_are_found() {
    check_findings(
        V1_20,
        &[
            ("taskmanager.numberOfTaskSlots", "four"),
            ("taskmanager.numberOfTaskSlot", "4"),
            ("taskmanager.memory.process.size", "4 gibi"),
            ("execution.checkpointing.interval", "often"),
            ("rest.await-leader-timeout", "x"),
            ("nutkin.what", "x"),
            ("taskmanager.nothing-like-it-at-all", "x"),
        ],
        &[
            "Error execution.checkpointing.interval: -",
            "Warning nutkin.what: -",
            "Error rest.await-leader-timeout: -",
            "Error taskmanager.memory.process.size: -",
            "Warning taskmanager.nothing-like-it-at-all: -",
            "Warning taskmanager.numberOfTaskSlot: did you mean `taskmanager.numberOfTaskSlots`?",
            "Error taskmanager.numberOfTaskSlots: -",
        ],
    );
    check_findings(
        V2_3,
        &[("env.java.opts", "-x"), ("taskmanager.heap.size", "1g")],
        &["Warning taskmanager.heap.size: remove it: it has no effect"],
    );
    for version in [V1_13, FlinkVersion::new(1, 14, 0), FlinkVersion::new(1, 15, 2), V1_16] {
        check_findings(
            version,
            &[("high-availability.type", "kubernetes")],
            &["Warning high-availability.type: write `high-availability` for this version"],
        );
    }
    check_findings(
        V1_16,
        &[
            ("execution.checkpointing.dir", "s3://b/c"),
            ("restart-strategy.type", "none"),
            ("state.backend.type", "rocksdb"),
        ],
        &[
            "Warning execution.checkpointing.dir: write `state.checkpoints.dir` for this version",
            "Warning restart-strategy.type: write `restart-strategy` for this version",
            "Warning state.backend.type: write `state.backend` for this version",
        ],
    );
}

#[test]
fn the_older_name_of_an_option_comes_before_an_option_that_falls_back_to_it() {
    check_findings(
        FlinkVersion::new(1, 17, 2),
        &[("pekko.ask.timeout", "10 s")],
        &["Warning pekko.ask.timeout: write `akka.ask.timeout` for this version"],
    );
}

#[test]
fn a_word_that_an_option_does_not_know() {
    let values = [
        ("high-availability.type", "kubernets"),
        ("restart-strategy.type", "fixed_delay"),
        ("state.backend.type", "rockdb"),
    ];
    check_findings(
        V1_20,
        &values,
        &[
            "Error high-availability.type: -",
            "Error restart-strategy.type: -",
            "Error state.backend.type: -",
        ],
    );
    check_findings(V1_13, &[("high-availability", "kube")], &["Error high-availability: -"]);
    let known = [
        ("high-availability.type", "Kubernetes"),
        ("restart-strategy.type", "org.example.Mine"),
        ("state.backend.type", "${BACKEND}"),
    ];
    check_findings(V1_20, &known, &[]);
}

#[test]
fn a_slip_in_a_family_of_flink_is_seen() {
    check_findings(
        V1_20,
        &[
            ("state.backend.rocksdb.memory.manged", "true"),
            ("state.backend.rocksdb.memory.managed", "true"),
            ("state.backend.rocksdb.a-new-one", "true"),
            ("table.exec.mini-batch.enable", "true"),
            ("s3.acces-key", "x"),
            ("env.java.home", "/opt/java"),
        ],
        &[
            "Warning state.backend.rocksdb.memory.manged: did you mean `state.backend.rocksdb.memory.managed`?",
            "Warning table.exec.mini-batch.enable: did you mean `table.exec.mini-batch.enabled`?",
        ],
    );
}

#[test]
fn a_secret_of_the_wrong_type_is_not_told() {
    let mut configuration = Configuration::new();
    let key = "security.delegation.tokens.enabled";
    configuration.set(key, Value::from("hunter2"), Origin::File("f".to_owned(), 7));
    let findings = check(&configuration, V1_20);
    assert!(!format!("{findings:?}").contains("hunter2"));
    assert!(findings[0].problem.to_string().starts_with("f:7: "), "{findings:?}");
}

#[test]
fn every_word_belongs_to_an_option() {
    assert!(WORDS.is_sorted_by_key(|words| words.key));
    assert!(OWN.is_sorted_by_key(|own| own.key));
    for words in WORDS {
        let info = find(words.key).unwrap_or_else(|| panic!("{} is not known", words.key));
        assert_eq!(info.key, words.key);
        assert!(info.newest().is_some(), "{}", words.key);
        let texts = [words.text, words.example];
        assert!(texts.iter().all(|text| !text.is_empty() && !text.ends_with('.')), "{}", words.key);
    }
}

#[test]
fn examples_are_values_of_their_types() {
    for info in
        WORDS.iter().map(|words| words.key).chain(OWN.iter().map(|own| own.key)).filter_map(find)
    {
        let (Some((version, _)), Some(example)) = (info.observed().last(), info.example) else {
            continue;
        };
        let configuration: Configuration = [(info.key, example)].into_iter().collect();
        assert_eq!(check(&configuration, version), Vec::new(), "{}", info.key);
    }
}

#[test]
fn a_prefix_lists_what_is_below() {
    let keys: Vec<&str> = matching("jobmanager.memory.").iter().map(|info| info.key).collect();
    assert!(keys.contains(&"jobmanager.memory.process.size") && keys.len() > 5, "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("jobmanager.memory.")));
    assert_eq!(matching("nutkin").len(), OWN.len());
    assert!(matching("jobmanager.mem").is_empty());
}

#[test]
fn the_page_is_current() {
    let committed = include_str!("../../../../docs/options.md");
    assert!(page() == committed, "docs/options.md is old: run `cargo xtask options`");
}

proptest::proptest! {
    #[test]
    fn nothing_panics(key in ".*") {
        let _ = (find(&key), suggest(&key), matching(&key), is_sensitive(&key));
        for version in OBSERVED {
            let _ = canonical(&key, version);
        }
    }
}
