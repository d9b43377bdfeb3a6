//! Java has kept its modules closed since 16: what Kryo reads of the JDK's own classes has to be opened, by the
//! configuration, for a session on Kubernetes hides the file in which the image has that.

use std::path::{Path, PathBuf};
use std::process::Command;

use nutkin_e2e::{Nutkin, Setup};
use serde_json::Value;

use crate::session::up;

/// A job whose objects are of a class of the JDK.
const JOB: &str = "NeedsModules";
/// What Java says where a module is closed.
const CLOSED: &str = "InaccessibleObjectException";

/// The home of a Java 21, which `cargo xtask test` has fetched.
fn java_21() -> PathBuf {
    std::env::var_os("NUTKIN_TEST_JAVA_21").expect("run these tests with `cargo xtask test`").into()
}

/// The job in one JVM, as Flink's scripts start one with such `env.java.opts.all`. Gives what Java said.
fn alone(java: &Path, version: &str, flags: &[&str]) -> (bool, String) {
    let setup = Setup::of_process();
    let libraries = setup.flink(version).join("lib/*");
    let class_path = format!("{}:{}", libraries.display(), setup.job(version, JOB).display());
    let mut command = Command::new(java.join("bin/java"));
    command.args(flags).args(["-Xmx512m", "-cp", &class_path, JOB]);
    let ended = command.output().expect("Java starts");
    (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

/// An option of a configuration file, whether its key is written in one word or in levels.
fn option(text: &str, key: &str) -> Option<String> {
    let file: Value = serde_saphyr::from_str(text).expect("a configuration in YAML");
    let nested = key.split('.').fold(&file, |level, word| &level[word]);
    let value = file.get(key).unwrap_or(nested);
    value.as_str().map(str::to_owned)
}

/// `env.java.opts.all` of what `render` gives the pods.
fn rendered(nutkin: &Nutkin, version: &str, mode: &str) -> String {
    let on = ["render", "--on", "kubernetes", "--flink", version];
    let line = version.rsplit_once('.').map_or(version, |(line, _)| line).replace('.', "_");
    let file = nutkin.file(
        &format!("{mode}.yaml"),
        &format!(
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {{name: a}}\n\
             spec: {{flinkVersion: v{line}, mode: {mode}, image: 'flink:{version}-java17'}}\n"
        ),
    );
    let file = file.to_str().expect("a path in UTF-8");
    let printed = nutkin.ok(&[&on[..], &["-f", file]].concat()).stdout;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&printed).expect("objects in YAML");
    let texts = objects.iter().filter(|object| object["kind"] == "ConfigMap").flat_map(|object| {
        let data = object["data"].as_object();
        ["config.yaml", "flink-conf.yaml"]
            .map(|name| data.and_then(|data| data.get(name)?.as_str()))
    });
    let found = texts.flatten().find_map(|text| option(text, "env.java.opts.all"));
    found.unwrap_or_else(|| panic!("no `env.java.opts.all`:\n{printed}"))
}

#[track_caller]
fn check(java: &Path, version: &str) {
    let nutkin = Nutkin::new();
    let (is_done, said) = alone(java, version, &[]);
    assert!(!is_done && said.contains(CLOSED), "the control fails without the flags: {said}");
    for mode in ["native", "standalone"] {
        let flags = rendered(&nutkin, version, mode);
        let (is_done, said) = alone(java, version, &flags.split_whitespace().collect::<Vec<_>>());
        assert!(is_done, "{mode}: {flags}\n{said}");
    }
}

#[test]
fn java_21_with_flink_2_3() {
    let java = java_21();
    check(&java, "2.3.0");

    // A session on this machine opens them by itself.
    let nutkin = Nutkin::new();
    let home = java.to_str().expect("a path in UTF-8");
    up(&nutkin, "a", "2.3.0", &["-D", &format!("env.java.home={home}")]).expect(0);
    let jar = nutkin.setup().job("2.3.0", JOB);
    nutkin.ok(&["run", jar.to_str().expect("a path in UTF-8")]);
    nutkin.ok(&["down", "a", "--delete-data", "--yes"]);
}

#[test]
fn java_17_with_flink_1_20() {
    // The machine's own Java is 17, or the control says so.
    let java = Command::new("java").args(["-XshowSettings:properties", "-version"]).output();
    let said = java.expect("Java on the machine").stderr;
    let said = String::from_utf8_lossy(&said);
    let home = said.lines().find_map(|line| line.trim().strip_prefix("java.home = "));
    check(Path::new(home.expect("the home of Java")), "1.20.5");
}
