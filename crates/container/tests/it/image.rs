//! Layers, owners and configuration of images.

use std::collections::{BTreeMap, BTreeSet};

use nutkin_container::image::{
    self, Base, BaseNode, Content, FoundFlink, FoundJava, FoundParts, ImagePlan, ImageUser, Words,
};
use nutkin_flink::FlinkVersion;

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// A distribution with a jar, a plugin and two optional parts, this machine's Java, no base.
fn found() -> FoundParts {
    FoundParts {
        base: None,
        architecture: "amd64".to_owned(),
        java: FoundJava::Copied("/java".to_owned()),
        system: vec![("/usr/lib/x/libc.so.6".to_owned(), "/usr/lib/x/libc.so.6".to_owned(), false)],
        system_links: vec![("/lib".to_owned(), "usr/lib".to_owned())],
        flink: FlinkVersion::new(1, 20, 5),
        distribution: Some(FoundFlink {
            home: "/dist".to_owned(),
            lib: texts(&["flink-dist-1.20.5.jar"]),
            opt: texts(&["flink-s3-fs-presto-1.20.5.jar", "flink-sql-client-1.20.5.jar"]),
            plugins: BTreeMap::from([
                ("metrics-jmx".to_owned(), texts(&["flink-metrics-jmx-1.20.5.jar"])),
                ("metrics-slf4j".to_owned(), texts(&["flink-metrics-slf4j-1.20.5.jar"])),
            ]),
            legal: texts(&["NOTICE", "licenses"]),
        }),
        configuration: Vec::new(),
        directories: BTreeSet::new(),
        binary: Some("/nutkin".to_owned()),
        archives: Vec::new(),
    }
}

/// A base as Debian's: merged `/usr`, a user of its own.
fn debian() -> Base {
    let root = |mode| BaseNode::Directory(ImageUser::ROOT, mode);
    Base {
        nodes: BTreeMap::from([
            ("bin".to_owned(), BaseNode::Link("usr/bin".to_owned())),
            ("opt".to_owned(), root(0o775)),
            ("usr".to_owned(), root(0o755)),
            ("usr/bin".to_owned(), root(0o755)),
            ("usr/local".to_owned(), BaseNode::Directory(ImageUser { uid: 0, gid: 50 }, 0o2775)),
        ]),
        passwd: Some("root:x:0:0::/root:/bin/bash\n".to_owned()),
        group: Some("root:x:0:\n".to_owned()),
        environment: vec![
            ("PATH".to_owned(), "/bin".to_owned()),
            ("LANG".to_owned(), "C".to_owned()),
        ],
        diff_ids: texts(&["sha256:aa"]),
        name: "debian:12".to_owned(),
        digest: Some("sha256:bb".to_owned()),
        ..Base::default()
    }
}

#[track_caller]
fn planned(words: Words, found: &FoundParts) -> ImagePlan {
    image::plan(&words.read().expect("a good request"), found).expect("a plan")
}

/// One line for each path of each layer: `layer path owner mode what`.
fn shown(plan: &ImagePlan) -> String {
    let mut text = String::new();
    for layer in &plan.layers {
        text.push_str(&format!("{}: {}\n", layer.name, layer.text));
        for (path, entry) in &layer.entries {
            let what = match &entry.content {
                Content::Directory => "directory".to_owned(),
                Content::Link(target) => format!("-> {target}"),
                Content::Text(text) => format!("{text:?}"),
                Content::File(source) => format!("= {source}"),
                Content::Tree { source, without: _ } => format!("= {source}/**"),
            };
            let ImageUser { uid, gid } = entry.owner;
            text.push_str(&format!("  {path} {uid}:{gid} {:o} {what}\n", entry.mode));
        }
    }
    let created = "1970-01-01T00:00:00Z";
    let layers: Vec<_> =
        plan.layers.iter().map(|one| (one.text.clone(), format!("sha256:{}", one.name))).collect();
    text.push_str(&format!("{:#}\n", image::config_json(&plan.config, &layers, created)));
    text.push_str(&image::dockerfile(plan, 0));
    text
}

#[track_caller]
fn check(case: &str, words: Words, found: &FoundParts) {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/image").join(case);
    nutkin_testkit::check_golden(&path, &shown(&planned(words, found)));
}

#[test]
fn from_nothing() {
    check("scratch.txt", Words::default(), &found());
}

#[test]
fn everything_that_can_be_asked_for() {
    let words = Words {
        flink_home: Some("/srv/flink".to_owned()),
        opt: texts(&["flink-s3-fs-presto", "flink-sql-client-1.20.5.jar"]),
        plugins: texts(&["metrics-jmx", "/my/fs.jar", "/my/folder"]),
        jars: texts(&["/my/udf.jar", "/my/driver.jar"]),
        copies: texts(&["/my/job.jar:/srv/flink/usrlib/", "/my/folder:/bin/tools:0"]),
        directories: texts(&["/srv/flink/flink-web-upload", "/data:1"]),
        environment: texts(&["LANG=de", "TZ=UTC"]),
        labels: texts(&["team=a \"b\""]),
        user: Some("1000:0".to_owned()),
    };
    let found = FoundParts {
        base: Some(debian()),
        java: FoundJava::InBase("/usr/lib/jvm/17".to_owned()),
        system: Vec::new(),
        system_links: Vec::new(),
        configuration: vec![("config.yaml".to_owned(), "/my/conf/config.yaml".to_owned())],
        directories: BTreeSet::from(["/my/folder".to_owned()]),
        archives: vec![("jobmanager.jsa".to_owned(), "/cds/jobmanager.jsa".to_owned())],
        ..found()
    };
    check("everything.txt", words, &found);
}

#[test]
fn a_new_jar_changes_its_own_layer_only() {
    let with = |jar: &str| {
        planned(Words { jars: texts(&["/my/a.jar", jar]), ..Words::default() }, &found()).layers
    };
    let (old, new) = (with("/my/b-1.jar"), with("/my/b-2.jar"));
    let changed: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].1.name, "jar-b-2.jar");
}

#[test]
fn many_jars_stay_below_the_number_of_layers_that_docker_takes() {
    let jars = (0..200).map(|number| format!("/my/{number}.jar")).collect();
    let plan = planned(Words { jars, ..Words::default() }, &found());
    assert!(plan.layers.len() < 60, "{}", plan.layers.len());
    let last = plan.layers.last().expect("a layer");
    let count = last.entries.values().filter(|one| matches!(one.content, Content::File(_))).count();
    assert_eq!((last.name.as_str(), count), ("jars", 160));
}

#[test]
fn every_layer_has_the_directories_above_its_files() {
    let plan = planned(Words { jars: texts(&["/my/a.jar"]), ..Words::default() }, &found());
    for layer in &plan.layers {
        for path in layer.entries.keys() {
            for (end, _) in path.match_indices('/') {
                assert!(layer.entries.contains_key(&path[..end]), "{}: {path}", layer.name);
            }
        }
    }
}

#[test]
fn all_problems_at_once() {
    let words = Words {
        opt: texts(&["flink-nothing"]),
        plugins: texts(&["metrics-nothing"]),
        ..Words::default()
    };
    let found = FoundParts {
        java: FoundJava::Nowhere,
        flink: FlinkVersion::new(2, 3, 0),
        configuration: vec![("flink-conf.yaml".to_owned(), "/c/flink-conf.yaml".to_owned())],
        ..found()
    };
    let problems =
        image::plan(&words.read().expect("a good request"), &found).expect_err("problems");
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "`JavaFrom`: the image would have no Java",
            "`Plugin`: this Flink has no `metrics-nothing`",
            "`Opt`: this Flink has no `flink-nothing`",
            "`Conf`: Flink 2.3.0 does not read `flink-conf.yaml`",
        ]
    );
}
