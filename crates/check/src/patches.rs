//! Each patch that a finding brings, applied: its lines are those of the file, the finding is gone, and none is new.

use super::{Input, Patch, Settings, check, codes};

/// The text with a patch applied.
fn applied(text: &str, patch: &Patch) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = patch.line as usize - 1;
    let end = at + patch.remove.len();
    assert_eq!(lines[at..end], patch.remove, "the lines that go are there");
    lines.splice(at..end, patch.insert.clone());
    lines.join("\n") + "\n"
}

fn codes_of(files: &[(String, String)]) -> Vec<&'static str> {
    let input = |(name, text): &(String, String)| Input { name: name.clone(), text: text.clone() };
    let inputs: Vec<Input> = files.iter().map(input).collect();
    check(&inputs, &Settings::default()).findings.iter().map(|finding| finding.rule.code).collect()
}

/// How many patches there were.
#[track_caller]
fn check_patches(files: &[(&str, &str)]) -> usize {
    let files: Vec<(String, String)> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let inputs: Vec<Input> =
        files.iter().map(|(name, text)| Input { name: name.clone(), text: text.clone() }).collect();
    let report = check(&inputs, &Settings::default());
    let before: Vec<&str> = report.findings.iter().map(|finding| finding.rule.code).collect();
    let count = |codes: &[&str], code: &str| codes.iter().filter(|known| **known == code).count();
    let mut patches = 0;
    for finding in &report.findings {
        let Some(patch) = &finding.patch else { continue };
        patches += 1;
        let mut changed = files.clone();
        for (name, text) in &mut changed {
            if *name == finding.location.file {
                *text = applied(text, patch);
            }
        }
        let after = codes_of(&changed);
        let code = finding.rule.code;
        let told = format!("{code} at {}: {patch:?}\n{after:?}", finding.location);
        assert!(count(&after, code) < count(&before, code), "still there: {told}");
        for other in after.iter().filter(|other| **other != code) {
            assert!(count(&after, other) <= count(&before, other), "{other} is new: {told}");
        }
    }
    patches
}

#[test]
fn patches_of_all_examples() {
    let patches: usize = codes::all().map(|rule| check_patches(&rule.bad())).sum();
    assert!(25 <= patches, "{patches} patches");
}

/// A JobManager with a list of arguments as it is written, in Flink 1.17.
fn with_arguments(arguments: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: conf}}\ndata:\n  flink-conf.yaml: |\n    \
         jobmanager.memory.process.size: 1600m\n  log4j-console.properties: |\n    rootLogger.level = INFO\n    \
         rootLogger.appenderRef.c.ref = C\n    appender.c.name = C\n    appender.c.type = CONSOLE\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: jm}}\nspec:\n  template:\n    spec:\n      \
         containers:\n      - name: jm\n        image: flink:1.17.2\n        {arguments}\n        resources: \
         {{requests: {{memory: 1Gi, cpu: 1}}, limits: {{cpu: 1, memory: 1Gi}}}}\n        \
         volumeMounts: [{{name: conf, mountPath: /opt/flink/conf}}]\n      \
         volumes: [{{name: conf, configMap: {{name: conf}}}}]\n"
    )
}

#[test]
fn arguments_in_the_place_of_the_host() {
    #[track_caller]
    fn check(arguments: &str, patches: usize) {
        // One more of the limit, which is beside a request with the same text.
        assert_eq!(
            check_patches(&[("jm.yaml", &with_arguments(arguments))]),
            patches + 1,
            "{arguments}"
        );
    }
    check("args: [jobmanager, \"$(POD_IP)\"]", 1);
    check("args: [jobmanager, '$(POD_IP)']", 1);
    check("args: [\"jobmanager\", \"jobmanager.rpc.address=jm\"]", 1);
    check("args:\n        - jobmanager\n        - jobmanager.rpc.address=jm", 1);
    check("args:\n        - \"jobmanager\"\n        - \"jm\" # the Service", 1);
    check("args:\n          - jobmanager\n          -   -Djobmanager.rpc.address=jm", 1);
    check("command: [/opt/flink/bin/jobmanager.sh, start-foreground, a]", 1);
    // No line holds the word alone.
    check("args:\n        - jobmanager\n        - >-\n          jm", 0);
    check("args: [jobmanager, &host jm]", 0);
    check("args: [jobmanager, cluster]", 0);
    check("args: [jobmanager]", 0);
}

#[test]
fn values_in_maps_on_one_line_and_in_trees() {
    let replicas = with_arguments("args: [jobmanager]")
        .replace("spec:\n  template", "spec: {replicas: 2, template: {}}\nx:\n  template");
    assert_eq!(check_patches(&[("jm.yaml", &replicas)]), 0);
    for (name, text) in [
        ("config.yaml", "rest: {bind-address: 0.0.0.0, port: 8081}\n"),
        ("config.yaml", "rest:\n  bind-address: 0.0.0.0 # everybody\n"),
        ("flink-conf.yaml", "jobmanager.rpc.address: 'jm' # quoted\n"),
    ] {
        assert_eq!(check_patches(&[(name, text)]), 1, "{text}");
    }
}
