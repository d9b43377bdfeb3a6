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
