//! What holds for any session and any change of it.

use proptest::prelude::*;

use super::cluster::Cluster;
use super::{acts, plan};

/// A session of one of the shapes, with some options.
fn session(shape: usize, options: [bool; 4], task_managers: u32) -> String {
    let [slots, image, template, permissions] = options;
    let mut fields = match shape {
        0 => String::new(),
        _ => format!("  mode: standalone\n  taskManager: {{replicas: {task_managers}}}\n"),
    };
    if image {
        fields.push_str("  image: other:1\n");
    }
    if template {
        fields.push_str(
            "  podTemplate: {spec: {containers: [{name: flink-main-container, env: [{name: X, value: y}]}]}}\n",
        );
    }
    fields.push_str("  flinkConfiguration:\n    a: b\n");
    if shape == 2 {
        fields.push_str("    nutkin.standalone.workload: statefulset\n");
    }
    if slots {
        fields.push_str("    taskmanager.numberOfTaskSlots: '4'\n");
    }
    if permissions {
        fields.push_str("    nutkin.rbac.create: 'true'\n    kubernetes.service-account: flink\n");
    }
    fields
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn deciding_again_decides_nothing_and_any_cut_converges(
        shape in 0..3_usize,
        before in any::<[bool; 4]>(),
        after in any::<[bool; 4]>(),
        counts in (1..4_u32, 1..4_u32),
        is_new in any::<bool>(),
    ) {
        let old = plan(&session(shape, before, counts.0));
        let new = plan(&session(shape, after, counts.1));
        let mut start = Cluster::default();
        if !is_new {
            start.run(&old, &acts(), None).unwrap();
        }
        let mut uncut = start.clone();
        let course = uncut.run(&new, &acts(), None).unwrap();
        let again = uncut.clone().run(&new, &acts(), None).unwrap();
        prop_assert!(again.last.steps.is_empty() && again.last.is_done(), "{:?}", again.lines);
        prop_assert_eq!(again.lines.len(), 1, "the question is all: {:?}", again.lines);
        for cut in 0..course.writes {
            let mut cluster = start.clone();
            cluster.run(&new, &acts(), Some(cut)).unwrap();
            cluster.run(&new, &acts(), None).unwrap();
            prop_assert_eq!(cluster.shown(), uncut.shown(), "cut after {} of {:?}", cut, course.lines);
            let again = cluster.run(&new, &acts(), None).unwrap();
            prop_assert!(again.last.is_done(), "cut after {} leaves {:?}", cut, again.lines);
        }
    }
}
