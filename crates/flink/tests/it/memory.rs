//! The memory model against Flink's own calculator: every recorded case of four versions, and
//! properties for any input.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use nutkin_flink::memory::{self, LegacyHeap, MemoryInput};
use nutkin_flink::{Configuration, FlinkVersion};
use proptest::prelude::*;
use serde_json::Value;

const RECORDINGS: [(&str, &[u8]); 4] = [
    ("1.13.6", include_bytes!("../../fixtures/memory/1.13.6.jsonl.gz")),
    ("1.17.2", include_bytes!("../../fixtures/memory/1.17.2.jsonl.gz")),
    ("1.20.5", include_bytes!("../../fixtures/memory/1.20.5.jsonl.gz")),
    ("2.3.0", include_bytes!("../../fixtures/memory/2.3.0.jsonl.gz")),
];

type Result = std::result::Result<(String, BTreeMap<String, String>), String>;

fn ours(version: FlinkVersion, case: &Value) -> Result {
    let configuration: Configuration = case["conf"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let legacy = LegacyHeap {
        job_manager: case["env"]["FLINK_JM_HEAP"].as_str(),
        task_manager: case["env"]["FLINK_TM_HEAP"].as_str(),
        ..LegacyHeap::default()
    };
    let input = MemoryInput { configuration: &configuration, version, legacy };
    let (args, options) = if case["process"] == "jobmanager" {
        let memory = memory::job_manager(&input).map_err(|problem| problem.to_string())?;
        (memory.jvm_args(), memory.dynamic_options())
    } else {
        let memory = memory::task_manager(&input).map_err(|problem| problem.to_string())?;
        (memory.jvm_args(), memory.dynamic_options())
    };
    Ok((args.join(" "), options.into_iter().collect()))
}

#[track_caller]
fn check(version: &str, compressed: &[u8]) {
    let mut text = String::new();
    GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
    let mut differences = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let ours = ours(version.parse().unwrap(), &case);
        let agrees = match &ours {
            Ok((args, options)) => {
                case["jvm_args"] == args.as_str()
                    && serde_json::to_value(options).unwrap() == case["dynamic"]
            }
            Err(_) => case.get("jvm_args").is_none(),
        };
        if !agrees {
            differences.push(format!("{line}\n  ours: {ours:?}"));
        }
    }
    assert!(300 < text.lines().count(), "the recording is there");
    assert!(differences.is_empty(), "{version}: {}\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_recorded_case_of_flinks_own_calculator() {
    for (version, compressed) in RECORDINGS {
        check(version, compressed);
    }
}

/// Values near those that matter, and nonsense.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..40_000_u32).prop_map(|mib| format!("{mib}m")),
        (0..=u64::MAX).prop_map(|bytes| bytes.to_string()),
        (0.0..1.5_f64).prop_map(|fraction| fraction.to_string()),
        ".{0,12}",
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "taskmanager.memory.process.size",
        "taskmanager.memory.flink.size",
        "taskmanager.memory.task.heap.size",
        "taskmanager.memory.managed.size",
        "taskmanager.memory.managed.fraction",
        "taskmanager.memory.network.min",
        "taskmanager.memory.network.max",
        "taskmanager.memory.network.fraction",
        "taskmanager.memory.jvm-overhead.fraction",
        "taskmanager.memory.jvm-overhead.min",
        "taskmanager.memory.framework.heap.size",
        "taskmanager.network.numberOfBuffers",
        "taskmanager.memory.segment-size",
        "taskmanager.cpu.cores",
        "taskmanager.numberOfTaskSlots",
        "taskmanager.heap.mb",
        "external-resources",
        "jobmanager.memory.process.size",
        "jobmanager.memory.flink.size",
        "jobmanager.memory.heap.size",
        "jobmanager.memory.off-heap.size",
        "jobmanager.memory.jvm-overhead.fraction",
        "jobmanager.heap.size",
    ])
}

proptest! {
    #[test]
    fn parts_add_up_to_the_process_size(
        mib in 600..60_000_u64,
        others in proptest::collection::vec((key(), value()), 0..4),
    ) {
        let mut configuration: Configuration = others.into_iter().collect();
        for key in ["jobmanager.memory.process.size", "taskmanager.memory.process.size"] {
            configuration.set(key, format!("{mib}m"), nutkin_flink::Origin::CommandLine);
        }
        for version in ["1.13.6", "2.3.0"] {
            let version = version.parse().unwrap();
            let input = MemoryInput { configuration: &configuration, version, legacy: LegacyHeap::default() };
            if let Ok(memory) = memory::job_manager(&input) {
                prop_assert_eq!(memory.process(), mib << 20);
                prop_assert!(0 < memory.flink());
            }
            if let Ok(memory) = memory::task_manager(&input) {
                prop_assert_eq!(memory.process(), mib << 20);
                prop_assert_eq!(memory.flink(), memory.heap() + memory.direct() + memory.managed);
            }
        }
    }

    #[test]
    fn no_input_makes_it_panic(options in proptest::collection::vec((key(), value()), 0..8)) {
        let configuration: Configuration = options.into_iter().collect();
        for version in ["1.13.6", "1.20.5", "2.3.0"] {
            let version = version.parse().unwrap();
            let input = MemoryInput { configuration: &configuration, version, legacy: LegacyHeap::default() };
            let _ = memory::job_manager(&input).map(|memory| memory.dynamic_options());
            let _ = memory::task_manager(&input).map(|memory| memory.dynamic_options());
        }
    }
}
