//! Permissions: what the table says suffices, and each part of it is needed for something that is named.

use std::time::Duration;

use nutkin_e2e::Cluster;
use serde_json::{Value, json};

/// Who runs Nutkin here.
const USER: &str = "someone";

const UP: [&str; 3] = ["up", "a", "--no-wait"];

/// The Role that `nutkin rbac` prints for these commands, as its rules.
fn rules(cluster: &Cluster, commands: &str) -> Vec<Value> {
    let printed = cluster.run(&["rbac", "--commands", commands, "-o", "json"]);
    printed.expect(0);
    let list: Value = serde_json::from_str(&printed.stdout).expect("a list");
    list["items"][0]["rules"].as_array().expect("rules").clone()
}

/// Gives the user these rules.
fn grant(cluster: &Cluster, rules: &[Value]) {
    let subject = json!({"kind": "ServiceAccount", "name": USER, "namespace": cluster.namespace});
    let api = "rbac.authorization.k8s.io";
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": USER}},
        {"apiVersion": format!("{api}/v1"), "kind": "Role", "metadata": {"name": USER}, "rules": rules},
        {"apiVersion": format!("{api}/v1"), "kind": "RoleBinding", "metadata": {"name": USER},
         "roleRef": {"apiGroup": api, "kind": "Role", "name": USER}, "subjects": [subject]},
    ]});
    cluster.apply(&objects);
}

/// Waits until the authorizer has heard of it.
fn until(cluster: &Cluster, verb: &str, resource: &str, allowed: bool) {
    let user = format!("--as=system:serviceaccount:{}:{USER}", cluster.namespace);
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let subresource = format!("--subresource={subresource}");
    cluster.nutkin.eventually("the authorizer knows", Duration::from_secs(20), || {
        // `auth can-i` fails where the answer is no.
        cluster.can_i(&[verb, resource, &subresource, &user]) == allowed
    });
}

fn run(cluster: &Cluster, args: &[&str]) -> nutkin_e2e::Finished {
    cluster.finish(cluster.command_as(USER, args))
}

#[test]
fn what_the_table_says_suffices() {
    let cluster = Cluster::new();
    grant(&cluster, &rules(&cluster, "up,plan,status,ls,logs,down"));
    until(&cluster, "delete", "configmaps", true);
    run(&cluster, &UP).expect(0);
    run(&cluster, &["status", "a"]).expect(0);
    run(&cluster, &["ls"]).expect(0).prints("a ");
    let change = ["-D", "containerized.master.env.X=1"];
    run(&cluster, &[&["plan", "a"][..], &change].concat()).expect(0).prints("plan: ");
    run(&cluster, &[&UP[..], &change, &["--yes"]].concat()).expect(0);
    run(&cluster, &["down", "a", "--delete-ha-data"]).expect(0);
}

/// Takes one verb away from a user who has all others that the command needs; the command then fails with the
/// authorizer's words, and works again when the verb is given back.
#[track_caller]
fn check(verb: &str, resource: &str, before: &[&str], args: &[&str]) {
    let cluster = Cluster::new();
    if !before.is_empty() {
        cluster.run(before).expect(0);
    }
    let command = args.first().copied().expect("a command");
    let all = rules(&cluster, command);
    let mut less = all.clone();
    for rule in less.iter_mut().filter(|rule| rule["resources"][0] == resource) {
        let verbs = rule["verbs"].as_array_mut().expect("verbs");
        let count = verbs.len();
        verbs.retain(|one| one != verb);
        assert_eq!(verbs.len() + 1, count, "the table has {verb} {resource} for `{command}`");
    }
    less.retain(|rule| rule["verbs"].as_array().is_some_and(|verbs| !verbs.is_empty()));
    grant(&cluster, &less);
    until(&cluster, "get", "deployments", !(verb == "get" && resource == "deployments"));
    until(&cluster, verb, resource, false);
    let refused = run(&cluster, args);
    let (name, subresource) = resource.split_once('/').map_or((resource, ""), |parts| parts);
    let words = if subresource.is_empty() {
        format!("cannot {verb} resource \"{name}\"")
    } else {
        format!("cannot {verb} resource \"{resource}\"")
    };
    refused.expect(1).says("you may not").says(&words).says("nutkin rbac");
    grant(&cluster, &all);
    until(&cluster, verb, resource, true);
    let again = run(&cluster, args);
    assert!(again.code == Some(0) || !again.stderr.contains("you may not"), "{}", again.all());
}

#[test]
fn up_needs_to_make_its_objects() {
    for resource in ["deployments", "services", "configmaps"] {
        check("create", resource, &[], &UP);
    }
}

#[test]
fn up_needs_to_see_and_change_its_objects() {
    let change = [&UP[..], &["--yes", "-D", "containerized.master.env.X=1"]].concat();
    for resource in ["deployments", "services", "configmaps"] {
        check("get", resource, &UP, &change);
        check("patch", resource, &UP, &change);
    }
    let replace =
        [&UP[..], &["--yes", "-D", "kubernetes.rest-service.exposed.type=Headless_ClusterIP"]]
            .concat();
    check("delete", "services", &UP, &replace);
}

#[test]
fn plan_needs_to_try_changes() {
    for resource in ["deployments", "services", "configmaps"] {
        check("get", resource, &UP, &["plan", "a"]);
        check("patch", resource, &UP, &["plan", "a"]);
    }
}

#[test]
fn looking_needs_to_look() {
    check("get", "deployments", &UP, &["status", "a"]);
    check("list", "deployments", &UP, &["ls"]);
    check("list", "pods", &UP, &["status", "a"]);
    check("list", "pods", &UP, &["logs", "--session", "a"]);
}

#[test]
fn down_needs_to_delete_and_to_see_the_end() {
    check("delete", "deployments", &UP, &["down", "a"]);
    for resource in ["replicasets", "services", "configmaps", "pods"] {
        check("list", resource, &UP, &["down", "a"]);
    }
}

#[test]
fn accounts_roles_and_bindings_come_with_the_session() {
    let cluster = Cluster::new();
    let options = ["-D", "nutkin.rbac.create=true", "-D", "kubernetes.service-account=flink"];
    let up = [&UP[..], &options].concat();
    cluster.run(&up).expect(0);
    let user = format!("--as=system:serviceaccount:{}:flink", cluster.namespace);
    let may = |verb: &str, resource: &str| cluster.can_i(&[verb, resource, &user]);
    cluster
        .nutkin
        .eventually("pods may be made", Duration::from_secs(20), || may("create", "pods"));
    assert!(!may("create", "configmaps"), "without high availability nobody needs that");
    cluster.run(&up).expect(0).says("unchanged");
    // Pods may still use them when the option goes.
    let without = [&UP[..], &options[2..], &["--yes"]].concat();
    let kept = "keeps ServiceAccount/flink, Role/nutkin-a, RoleBinding/nutkin-a: ";
    let plan = [&["plan", "a"][..], &options[2..]].concat();
    cluster.run(&plan).expect(0).prints(kept);
    cluster.run(&without).expect(0);
    assert!(may("create", "pods"));
    cluster.run(&["down", "a"]).expect(0);
    cluster
        .nutkin
        .eventually("nothing is left", Duration::from_secs(20), || cluster.objects().is_empty());
}

#[test]
fn a_shared_account_is_used_and_left() {
    let cluster = Cluster::new();
    cluster.kubectl(&["create", "serviceaccount", "flink"]);
    let before = cluster.objects();
    let options = ["-D", "nutkin.rbac.create=true", "-D", "kubernetes.service-account=flink"];
    let up = [&UP[..], &options].concat();
    cluster.run(&up).expect(0);
    cluster.run(&up).expect(0).says("unchanged");
    cluster.run(&["down", "a"]).expect(0);
    cluster.nutkin.eventually("only the account is left", Duration::from_secs(20), || {
        cluster.objects() == before
    });
}
