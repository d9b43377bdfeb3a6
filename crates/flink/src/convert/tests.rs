//! Files of people, and any text.

use proptest::prelude::*;

use super::{ConversionRequest, convert};
use crate::FlinkVersion;
use crate::dialect::{self, Dialect};

const V1_17: FlinkVersion = FlinkVersion::new(1, 17, 2);
const V1_20: FlinkVersion = FlinkVersion::new(1, 20, 5);
const V2_3: FlinkVersion = FlinkVersion::new(2, 3, 0);

#[track_caller]
fn check(from: Dialect, text: &str, to: Dialect, version: FlinkVersion, expected: &str) {
    let request = ConversionRequest { from, to, version };
    let conversion = convert(text, "file", request).unwrap();
    assert_eq!(conversion.text, expected, "{:#?}", conversion.changes);
    let reading = dialect::read(to, expected, "file").unwrap();
    for (key, entry) in conversion.configuration.iter() {
        let read = reading.configuration.text(key);
        assert_eq!(read, Some(entry.value.to_string()), "{key}");
    }
    assert_eq!(reading.configuration.len(), conversion.configuration.len());
}

#[test]
fn old_to_new() {
    let old = |text, expected| check(Dialect::FlinkConf, text, Dialect::ConfigYaml, V2_3, expected);
    old(
        "# How many\ntaskmanager.numberOfTaskSlots: 2 # two\n\n",
        "# How many\ntaskmanager.numberOfTaskSlots: 2 # two\n\n",
    );
    old("high-availability: zookeeper\n", "high-availability.type: zookeeper\n");
    old(
        "state.backend: filesystem\n",
        "state.backend.type: hashmap\nexecution.checkpointing.storage: filesystem\n",
    );
    old("jobmanager.heap.mb: 1024\n", "jobmanager.memory.heap.size: 1024m\n");
    old(
        "queryable-state.enable: true\n",
        "# queryable state is gone in Flink 2.0: queryable-state.enable: true\n{}\n",
    );
    old(
        "jobmanager.heap.size: 1g\njobmanager.memory.process.size: 2g\n",
        "# `jobmanager.memory.process.size` counts in its place: jobmanager.heap.size: 1g\njobmanager.memory.process.size: 2g\n",
    );
    old("state.checkpoints.dir: s3://a/b\n", "execution.checkpointing.dir: s3://a/b\n");
    old("akka.ask.timeout: 10 s\n", "pekko.ask.timeout: 10 s\n");
    old("web.timeout: 1000\n", "web.timeout: 1000\n");
    old("cluster.evenly-spread-out-slots: true\n", "taskmanager.load-balance.mode: SLOTS\n");
    old("no option\na: b\n", "# not read by Flink: no option\na: b\n");
    old("a: 1\na: 2\n", "# not read by Flink: a: 1\na: 2\n");
    old("my.text: 007\n", "my.text: '007'\n");
    old("my.text: yes: no\n", "my.text: 'yes: no'\n");
    old(
        "classloader.parent-first-patterns.additional: org.a.;org.b.\n",
        "classloader.parent-first-patterns.additional: [org.a., org.b.]\n",
    );
    old(
        "kubernetes.jobmanager.labels: a:1,b:2\n",
        "kubernetes.jobmanager.labels: '{a: ''1'', b: ''2''}'\n",
    );
    old(
        "metrics.reporter.prom.class: org.apache.flink.metrics.prometheus.PrometheusReporter\n",
        "metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory\n",
    );
    old(
        "high-availability: none\nhigh-availability.type: zookeeper\n",
        "# `high-availability.type` counts in its place: high-availability: none\nhigh-availability.type: zookeeper\n",
    );
    old("", "{}\n");
}

#[test]
fn new_to_old() {
    let new = |text, version, expected| {
        check(Dialect::ConfigYaml, text, Dialect::FlinkConf, version, expected);
    };
    let nested = "# where\njobmanager:\n  rpc: # calls\n    # the host\n    address: a # b\n    port: 6123\n";
    new(
        nested,
        V1_20,
        "# where\n# calls\n# the host\njobmanager.rpc.address: a # b\njobmanager.rpc.port: 6123\n",
    );
    new(
        "classloader.parent-first-patterns.additional:\n- org.a.\n- org.b.\n",
        V1_20,
        "classloader.parent-first-patterns.additional: org.a.;org.b.\n",
    );
    new(
        "kubernetes.jobmanager.labels: {a: 1, b: 2}\n",
        V1_20,
        "kubernetes.jobmanager.labels.a: 1\nkubernetes.jobmanager.labels.b: 2\n",
    );
    new(
        "kubernetes.jobmanager.tolerations:\n  - {key: a, value: 'x,y'}\n  - {operator: Exists}\n",
        V1_17,
        "kubernetes.jobmanager.tolerations: 'key:a,''value:x,y''';operator:Exists\n",
    );
    new("execution.checkpointing.dir: s3://a\n", V1_17, "state.checkpoints.dir: s3://a\n");
}

#[test]
fn what_a_language_cannot_hold_is_told() {
    let request =
        ConversionRequest { from: Dialect::ConfigYaml, to: Dialect::FlinkConf, version: V1_20 };
    let problems = convert("a: 'x # y'\nb: 1\nc: ' z'\n", "file", request).unwrap_err();
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["a", "c"]);
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::FlinkConf), Just(Dialect::ConfigYaml)]
}

proptest! {
    /// Whatever the file holds: the new one is read as what was meant, and every line is accounted for.
    #[test]
    fn any_text(from in dialects(), to in dialects(), text in "([a-c.]{1,4}(: ?|:)?[a-z0-9 '\"#:{}\\[\\],;.-]{0,12}\n){0,6}") {
        for version in [V1_17, V1_20, V2_3] {
            let Ok(conversion) = convert(&text, "file", ConversionRequest { from, to, version }) else { continue };
            let reading = dialect::read(to, &conversion.text, "file");
            let reading = reading.map_err(|problems| TestCaseError::fail(format!("{problems:?}\n{}", conversion.text)))?;
            for (key, entry) in conversion.configuration.iter() {
                let read = reading.configuration.text(key);
                prop_assert_eq!(read, Some(entry.value.to_string()), "{} in {}", key, &conversion.text);
            }
            prop_assert_eq!(reading.configuration.len(), conversion.configuration.len(), "{}", &conversion.text);
        }
    }
}
