//! Accounts with power over more than their session.

use super::{CLUSTER_ADMIN, bindings};
use crate::finding::Findings;
use crate::kubernetes::Object;
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// ClusterRoles of Kubernetes itself that may change whatever they are bound for ("User-facing roles").
const BUILT_IN: &[&str] = &["cluster-admin", "admin", "edit"];

/// Resources through which whoever writes them runs code of their own, or reads the secrets of others.
const POWERFUL: &[&str] =
    &["*", "pods", "pods/exec", "deployments", "statefulsets", "daemonsets", "jobs", "secrets"];

/// Says of each binding that gives an account the whole cluster, or every namespace of it.
pub(super) fn of_account(system: &System<'_>, of: &Object, account: &str, out: &mut Findings<'_>) {
    for binding in bindings(system, of, account) {
        let text = |path: &str| binding.node.at(path).and_then(Walk::text).unwrap_or_default();
        let (kind, name) = (text("roleRef/kind"), text("roleRef/name"));
        let is_everywhere = binding.kind == "ClusterRoleBinding";
        let place = binding.place_of("roleRef/name");
        if kind != "ClusterRole" {
            continue;
        }
        let message = if name == "cluster-admin" {
            format!("{} makes `{account}` cluster-admin", binding.title())
        } else if is_everywhere && (BUILT_IN.contains(&name) || is_powerful(system, name)) {
            format!(
                "{} gives `{account}` the rights of `{name}` in every namespace",
                binding.title()
            )
        } else {
            continue;
        };
        let finding = out.add(&CLUSTER_ADMIN, place, message);
        if is_everywhere && name != "cluster-admin" {
            finding.cure = Some(
                "Make it a RoleBinding in the namespace of the session, with a Role that has what Flink uses."
                    .to_owned(),
            );
        }
    }
}

/// Whether a ClusterRole of the files may create or change what runs.
fn is_powerful(system: &System<'_>, name: &str) -> bool {
    let mut roles = system.world.all_named("ClusterRole", name);
    let has = |rule: &Node, key: &str, words: &[&str]| {
        rule.items_of(key).iter().filter_map(Walk::text).any(|word| words.contains(&word))
    };
    roles.any(|role| {
        role.node.items_of("rules").iter().any(|rule| {
            let writes = has(rule, "verbs", &["*", "create", "update", "patch"]);
            let reads = has(rule, "resources", &["*", "secrets"])
                && has(rule, "verbs", &["*", "get", "list"]);
            has(rule, "resources", POWERFUL) && (writes || reads)
        })
    })
}
