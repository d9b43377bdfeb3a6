//! What the JVMs in the pods are told: old heap sizes, and the flags that open modules.

use super::super::super::native;
use super::*;
use nutkin_flink::process::module_flags;

/// The options as the pods of a session read them.
fn options_of(objects: &Objects) -> String {
    let data = |item: &Value| {
        ["config.yaml", "flink-conf.yaml"]
            .iter()
            .find_map(|file| item["data"][file].as_str().map(str::to_owned))
    };
    objects.items.iter().find_map(data).unwrap()
}

/// The memory that the containers of a session may have, JobManager's first.
fn limits(objects: &Objects) -> Vec<&str> {
    let pointer = "/spec/template/spec/containers/0/resources/limits/memory";
    objects.items.iter().filter_map(|item| item.pointer(pointer)?.as_str()).collect()
}

#[track_caller]
fn check_limits(options: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(limits(&planned(&session("v1_18", "", options)).unwrap()), expected, "{options:?}");
}

#[test]
fn an_old_heap_size_is_what_the_scripts_in_the_pods_make_of_it() {
    // `explain memory` shows the same totals: of the heap, and of all that Flink manages.
    check_limits(
        &[("jobmanager.heap.mb", "2048"), ("taskmanager.heap.mb", "3072")],
        &["2703Mi", "3698Mi"],
    );
    check_limits(
        &[("jobmanager.heap.size", "2g"), ("taskmanager.heap.size", "3g")],
        &["2703Mi", "3698Mi"],
    );
    check_limits(&[("jobmanager.memory.process.size", "2g")], &["2048Mi", "1728Mi"]);
}

#[test]
fn a_native_job_manager_is_told_what_an_old_heap_size_means() {
    let text = session("v1_18", "", &[("jobmanager.heap.mb", "2048")]);
    let text =
        text.replace("  mode: standalone\n", "").replace("  taskManager: {replicas: 2}\n", "");
    let file = spec::read(&text, "session.yaml").unwrap();
    let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
    let objects = native::plan(&session, &ClientMachine::default()).unwrap();
    assert_eq!(limits(&objects), ["2048Mi"]);
    assert!(options_of(&objects).contains("jobmanager.memory.process.size: 2g"));
}

#[test]
fn modules_are_opened_as_in_the_configuration_that_flink_ships() {
    #[track_caller]
    fn check(version: &str, options: &[(&str, &str)], expected: Option<&str>) {
        let text = options_of(&planned(&session(version, "", options)).unwrap());
        let mut lines = text.lines().map(str::trim).filter_map(|line| {
            line.strip_prefix("env.java.opts.all: ").or_else(|| line.strip_prefix("all: "))
        });
        assert_eq!(
            lines.next().map(|line| line.trim_matches('\'')),
            expected,
            "{version} {options:?}"
        );
    }
    let shipped = module_flags();
    let behind = format!("{shipped} -Xss1m");
    check("v1_17", &[], None);
    for version in ["v1_18", "v1_19", "v1_20", "v2_0", "v2_3"] {
        check(version, &[], Some(&shipped));
        check(version, &[("env.java.opts.all", "-Xss1m")], Some(&behind));
        // Whoever opens modules says which.
        let own = "--add-opens=java.base/java.lang=ALL-UNNAMED";
        check(version, &[("env.java.opts.all", own)], Some(own));
    }
}

/// Fields of a role count in every release: the option is in the words of its client, or in none where it has no such words.
#[test]
fn cpus_of_fields_count_whatever_the_client_knows() {
    #[track_caller]
    fn check(version: &str, is_native: bool, limit: &str, written: &[&str]) {
        let fields = "  jobManager: {resources: {requests: {cpu: 0.25}, limits: {cpu: 2}}}\n";
        let mut text = session(version, fields, &[]);
        if is_native {
            text = text.replace("  mode: standalone\n", "");
            text = text.replace("  taskManager: {replicas: 2}\n", "");
        }
        let file = spec::read(&text, "session.yaml").unwrap();
        let session = spec::resolve(&Inputs { file: Some(file), ..Inputs::default() }).unwrap();
        let client = ClientMachine::default();
        let plan = if is_native { native::plan } else { super::super::plan };
        let objects = plan(&session, &client).unwrap();
        let resources = "/spec/template/spec/containers/0/resources";
        let amounts = objects.items.iter().find_map(|item| item.pointer(resources)).unwrap();
        let of = |kind: &str| amounts[kind]["cpu"].as_str().unwrap();
        assert_eq!([of("requests"), of("limits")], ["0.25", limit], "{version}");
        let options = options_of(&objects);
        let lines = options.lines().map(str::trim);
        let lines: Vec<&str> =
            lines.filter(|line| line.starts_with("kubernetes.jobmanager.cpu")).collect();
        assert_eq!(lines, written, "{version}");
    }
    check("v1_13", false, "2.0", &["kubernetes.jobmanager.cpu: 0.25"]);
    check("v1_13", true, "0.25", &["kubernetes.jobmanager.cpu: 0.25"]);
    let newer =
        ["kubernetes.jobmanager.cpu.amount: 0.25", "kubernetes.jobmanager.cpu.limit-factor: 8.0"];
    check("v1_18", false, "2.0", &newer);
    check("v1_18", true, "2.0", &newer);
}
