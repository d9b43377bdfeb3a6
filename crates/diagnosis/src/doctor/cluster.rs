//! What a cluster has for a session: its release, permissions, quotas, nodes and claims.

use std::collections::BTreeSet;

use nutkin_core::kubernetes::resource::{CLAIMS, title};
use serde_json::Value;

use super::Check;
use super::fit::fit;
use super::pod::PodWish;
use super::quota::{beyond_limits, beyond_quota};
use crate::codes;

/// The group of these checks.
const GROUP: &str = "Kubernetes";

/// The oldest release that is enough: server-side apply, by which `up` changes objects, is stable since 1.22.
const OLDEST: (u64, u64) = (1, 22);

/// Something that somebody has to be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The account; `None`: whoever asks.
    pub account: Option<String>,
    /// `create`.
    pub verb: String,
    /// The API group; empty for the core.
    pub group: String,
    /// `pods`, `pods/log`.
    pub resource: String,
    /// Whether it is allowed, or why that is not known.
    pub answer: Result<bool, String>,
}

/// A kind of storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageClass {
    /// Its name.
    pub name: String,
    /// Whether claims get it that name none.
    pub is_default: bool,
}

/// What was seen of a cluster. What could not be read has the reason in its place.
#[derive(Debug, Clone)]
pub struct ClusterSeen {
    /// Its release (`v1.34.1`).
    pub version: Result<String, String>,
    /// The namespace of the session.
    pub namespace: String,
    /// Whether that is there; `None`: who may use a namespace need not be allowed to read it.
    pub has_namespace: Result<Option<bool>, String>,
    /// What is asked of the user and of the accounts of pods.
    pub permissions: Vec<Permission>,
    /// `ResourceQuota`s of the namespace.
    pub quotas: Result<Vec<Value>, String>,
    /// `LimitRange`s of the namespace.
    pub limits: Result<Vec<Value>, String>,
    /// All nodes, and all pods of the cluster.
    pub nodes: Result<(Vec<Value>, Vec<Value>), String>,
    /// Claims of the namespace.
    pub claims: Result<Vec<Value>, String>,
    /// Storage classes.
    pub storage_classes: Result<Vec<StorageClass>, String>,
    /// Pods that are the session's own.
    pub own: Result<Vec<Value>, String>,
}

/// What a session needs of a cluster against what there is. `planned`: its pods, and the objects that it is made of; without a plan
/// nobody knows what they need of quotas, nodes and claims.
pub fn cluster(seen: &ClusterSeen, planned: Option<(&[PodWish], &[Value])>) -> Vec<Check> {
    let mut checks = vec![version(seen)];
    if seen.version.is_err() {
        return checks;
    }
    let namespace = &seen.namespace;
    let what = format!("the namespace `{namespace}` exists");
    checks.extend(match &seen.has_namespace {
        Ok(None) => None,
        Ok(Some(true)) => Some(Check::passed(GROUP, what, "")),
        Ok(Some(false)) => {
            let line = format!("there is no namespace `{namespace}`");
            Some(Check::of(GROUP, &what, codes::NO_NAMESPACE, namespace, vec![line], ""))
        }
        Err(why) => Some(Check::unseen(GROUP, what, why)),
    });
    checks.extend(permissions(seen));
    if let Some((wanted, objects)) = planned {
        checks.extend([quotas(seen, wanted), nodes(seen, wanted), claims(seen, wanted, objects)]);
    }
    checks
}

fn quotas(seen: &ClusterSeen, wanted: &[PodWish]) -> Check {
    let what = "the quotas of the namespace have room for all pods";
    match (&seen.quotas, &seen.limits, &seen.own) {
        (Ok(quotas), Ok(limits), Ok(own)) => {
            let mut lines = beyond_quota(wanted, own, quotas);
            lines.extend(beyond_limits(wanted, limits));
            let detail = if quotas.is_empty() { "no quota" } else { "" };
            Check::of(GROUP, what, codes::QUOTA, &seen.namespace, lines, detail)
        }
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => Check::unseen(GROUP, what, why),
    }
}

fn nodes(seen: &ClusterSeen, wanted: &[PodWish]) -> Check {
    let what = "every pod finds a node";
    match (&seen.nodes, &seen.own) {
        (Ok((nodes, pods)), Ok(own)) => {
            let is_own = |pod: &Value| {
                let name = |pod: &Value| pod["metadata"]["name"].clone();
                pod["metadata"]["namespace"] == seen.namespace
                    && own.iter().any(|own| name(own) == name(pod))
            };
            let others: Vec<&Value> = pods.iter().filter(|pod| !is_own(pod)).collect();
            let lines = fit(wanted, nodes, &others);
            let detail = format!("{} nodes", nodes.len());
            Check::of(GROUP, what, codes::NO_ROOM, "the nodes of the cluster", lines, &detail)
        }
        (Err(why), _) | (_, Err(why)) => Check::unseen(GROUP, what, why),
    }
}

fn version(seen: &ClusterSeen) -> Check {
    let what = "the API server answers and is new enough";
    match &seen.version {
        Err(why) => {
            Check::of(GROUP, what, codes::NO_PLATFORM, "the API server", vec![why.clone()], "")
        }
        Ok(version) => {
            let line =
                format!("the API server is {version}, Nutkin needs {}.{}", OLDEST.0, OLDEST.1);
            let lines = release(version).filter(|release| *release < OLDEST).map(|_| line);
            Check::of(
                GROUP,
                what,
                codes::OLD_SERVER,
                "the API server",
                lines.into_iter().collect(),
                version,
            )
        }
    }
}

/// Of `v1.34.1+k3s1` the first two numbers.
fn release(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// One check for whoever asks, and one for each account.
fn permissions(seen: &ClusterSeen) -> Vec<Check> {
    let mut accounts: Vec<Option<&str>> = Vec::new();
    for one in &seen.permissions {
        let account = one.account.as_deref();
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    let check = |account: Option<&str>| {
        let (what, code, of) = match account {
            None => {
                ("you may do what starts and changes a session".to_owned(), codes::MAY_NOT, "you")
            }
            Some(name) => {
                (format!("the account `{name}` may do what its pods do"), codes::FORBIDDEN, name)
            }
        };
        let all = || seen.permissions.iter().filter(|one| one.account.as_deref() == account);
        let unseen = all().find_map(|one| one.answer.as_ref().err());
        let refused: Vec<&Permission> = all().filter(|one| one.answer == Ok(false)).collect();
        if let Some(why) = unseen.filter(|_| refused.is_empty()) {
            return Check::unseen(GROUP, what, why);
        }
        let asked = format!("{} permissions", all().count());
        Check::of(GROUP, &what, code, of, by_resource(&refused), &asked)
    };
    accounts.into_iter().map(check).collect()
}

/// One line for each resource with all its verbs.
fn by_resource(refused: &[&Permission]) -> Vec<String> {
    let mut resources: Vec<(String, Vec<&str>)> = Vec::new();
    for one in refused {
        let group = if one.group.is_empty() { String::new() } else { format!(".{}", one.group) };
        let name = format!("{}{group}", one.resource);
        match resources.iter_mut().find(|(known, _)| *known == name) {
            Some((_, verbs)) => verbs.push(&one.verb),
            None => resources.push((name, vec![&one.verb])),
        }
    }
    let line = |(resource, verbs): (String, Vec<&str>)| {
        format!("may not {} `{resource}`", verbs.join(", "))
    };
    resources.into_iter().map(line).collect()
}

/// Claims that pods mount, and classes of those that are made.
fn claims(seen: &ClusterSeen, wanted: &[PodWish], objects: &[Value]) -> Check {
    let what = "claims and their storage classes exist";
    let made: Vec<&Value> = objects.iter().filter(|one| one["kind"] == CLAIMS.kind).collect();
    let volumes =
        wanted.iter().flat_map(|pod| pod.spec["volumes"].as_array().into_iter().flatten());
    let mounted: BTreeSet<&str> = volumes
        .filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str())
        .collect();
    let is_made = |name: &str| made.iter().any(|claim| claim["metadata"]["name"] == name);
    let needed: Vec<&str> = mounted.into_iter().filter(|name| !is_made(name)).collect();
    let mut lines = Vec::new();
    if !needed.is_empty() {
        match &seen.claims {
            Err(why) => return Check::unseen(GROUP, what, why),
            Ok(claims) => {
                let is_there =
                    |name: &str| claims.iter().any(|one| one["metadata"]["name"] == name);
                let absent = needed.into_iter().filter(|name| !is_there(name));
                lines.extend(absent.map(|name| format!("there is no claim `{name}`")));
            }
        }
    }
    if !made.is_empty() {
        match &seen.storage_classes {
            Err(why) => return Check::unseen(GROUP, what, why),
            Ok(classes) => lines.extend(made.iter().filter_map(|claim| no_class(claim, classes))),
        }
    }
    Check::of(GROUP, what, codes::NO_VOLUME, &seen.namespace, lines, "")
}

fn no_class(claim: &Value, classes: &[StorageClass]) -> Option<String> {
    match claim["spec"]["storageClassName"].as_str() {
        // An empty name asks for a volume that is there, and for no class.
        Some("") => None,
        Some(name) if classes.iter().any(|class| class.name == name) => None,
        Some(name) => Some(format!("{}: there is no storage class `{name}`", title(claim))),
        None if classes.is_empty() => {
            Some(format!("{}: the cluster has no storage class", title(claim)))
        }
        None if classes.iter().any(|class| class.is_default) => None,
        None => Some(format!("{}: the cluster has no default storage class", title(claim))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::CheckResult;
    use super::*;

    fn well() -> ClusterSeen {
        let node = json!({
            "metadata": {"name": "n"}, "spec": {},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
        });
        ClusterSeen {
            version: Ok("v1.34.1".to_owned()),
            namespace: "flink".to_owned(),
            has_namespace: Ok(Some(true)),
            permissions: vec![may(None, "create", "pods", Ok(true))],
            quotas: Ok(Vec::new()),
            limits: Ok(Vec::new()),
            nodes: Ok((vec![node], Vec::new())),
            claims: Ok(vec![json!({"metadata": {"name": "there"}})]),
            storage_classes: Ok(vec![class("fast", true)]),
            own: Ok(Vec::new()),
        }
    }

    fn class(name: &str, is_default: bool) -> StorageClass {
        StorageClass { name: name.to_owned(), is_default }
    }

    fn may(
        account: Option<&str>,
        verb: &str,
        resource: &str,
        answer: Result<bool, String>,
    ) -> Permission {
        Permission {
            account: account.map(str::to_owned),
            verb: verb.to_owned(),
            group: String::new(),
            resource: resource.to_owned(),
            answer,
        }
    }

    fn pod(claim: &str) -> PodWish {
        let spec = json!({
            "containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
            "volumes": [{"persistentVolumeClaim": {"claimName": claim}}],
        });
        PodWish { name: "JobManager".to_owned(), count: 1, spec }
    }

    /// What is not as it should be: `CODE LINES`, or `unseen WHY`.
    fn wrong(checks: Vec<Check>) -> Vec<String> {
        let line = |check: Check| match check.result {
            CheckResult::Passed { .. } => None,
            CheckResult::Failed { code, lines, .. } => Some(format!("{code} {}", lines.join("; "))),
            CheckResult::Unseen { why } => Some(format!("unseen {why}")),
        };
        checks.into_iter().filter_map(line).collect()
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut ClusterSeen), claim: &str, class: &str, expected: &[&str]) {
        let mut seen = well();
        change(&mut seen);
        let made = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "made"}, "spec": {"storageClassName": class}});
        let found = wrong(cluster(&seen, Some((&[pod(claim)], &[made]))));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_cluster_lacks() {
        check(|_| {}, "there", "fast", &[]);
        check(|_| {}, "made", "", &[]);
        check(
            |_| {},
            "gone",
            "slow",
            &[
                "NK2104 there is no claim `gone`; PersistentVolumeClaim/made: there is no storage class `slow`",
            ],
        );
        let silent = |seen: &mut ClusterSeen| seen.version = Err("connection refused".to_owned());
        check(silent, "there", "fast", &["NK2701 connection refused"]);
        let old = |seen: &mut ClusterSeen| seen.version = Ok("v1.21.9-eks".to_owned());
        check(old, "there", "fast", &["NK2702 the API server is v1.21.9-eks, Nutkin needs 1.22"]);
        let elsewhere = |seen: &mut ClusterSeen| seen.has_namespace = Ok(Some(false));
        check(elsewhere, "there", "fast", &["NK2704 there is no namespace `flink`"]);
        let may_not = |seen: &mut ClusterSeen| {
            seen.permissions = vec![
                may(None, "create", "pods", Ok(false)),
                may(None, "delete", "pods", Ok(false)),
                may(None, "get", "services", Err("not known".to_owned())),
                may(Some("default"), "watch", "configmaps", Ok(false)),
                may(Some("other"), "watch", "configmaps", Err("you may not ask".to_owned())),
            ];
        };
        check(
            may_not,
            "there",
            "fast",
            &[
                "NK2703 may not create, delete `pods`",
                "NK2401 may not watch `configmaps`",
                "unseen you may not ask",
            ],
        );
        let blind = |seen: &mut ClusterSeen| {
            seen.nodes = Err("you may not list nodes".to_owned());
            seen.quotas = Err("you may not list resourcequotas".to_owned());
        };
        check(
            blind,
            "there",
            "fast",
            &["unseen you may not list resourcequotas", "unseen you may not list nodes"],
        );
        let full = |seen: &mut ClusterSeen| {
            let quota = json!({"metadata": {"name": "q"}, "status": {"hard": {"pods": "0"}}});
            seen.quotas = Ok(vec![quota]);
            seen.nodes = Ok((Vec::new(), Vec::new()));
        };
        check(
            full,
            "there",
            "fast",
            &[
                "NK2103 ResourceQuota `q` has 0 of `pods` left, the session needs 1",
                "NK2102 JobManager: no node has room for it; it asks for 1.0 CPUs and 1.0 GiB; the cluster has no node",
            ],
        );
    }

    #[test]
    fn own_pods_are_known_without_nodes() {
        #[track_caller]
        fn check(nodes: bool, own: usize, expected: &[&str]) {
            let mut seen = well();
            let quota = json!({"metadata": {"name": "q"}, "status": {"hard": {"pods": "1"}, "used": {"pods": "1"}}});
            seen.quotas = Ok(vec![quota]);
            let its =
                json!({"metadata": {"name": "a", "namespace": "flink"}, "spec": pod("there").spec});
            seen.own = Ok(vec![its; own]);
            if !nodes {
                seen.nodes = Err("refused".to_owned());
            }
            assert_eq!(wrong(cluster(&seen, Some((&[pod("there")], &[])))), expected);
        }
        check(true, 1, &[]);
        check(false, 1, &["unseen refused"]);
        // The controls.
        let full = "NK2103 ResourceQuota `q` has 0 of `pods` left, the session needs 1";
        check(true, 0, &[full]);
        check(false, 0, &[full, "unseen refused"]);
        let mut seen = well();
        seen.own = Err("refused".to_owned());
        let planned: (&[PodWish], &[Value]) = (&[pod("there")], &[]);
        assert_eq!(wrong(cluster(&seen, Some(planned))), ["unseen refused", "unseen refused"]);
    }

    #[test]
    fn claims_of_pods_and_their_classes() {
        #[track_caller]
        fn check(claims: &[&str], class_name: &Value, is_default: bool, expected: &[&str]) {
            let mut seen = well();
            seen.storage_classes = Ok(vec![class("slow", false), class("fast", is_default)]);
            let made = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "made"}, "spec": {"storageClassName": class_name}});
            let pods: Vec<PodWish> = claims.iter().map(|claim| pod(claim)).collect();
            assert_eq!(wrong(cluster(&seen, Some((&pods, &[made])))), expected);
        }
        let none = "NK2104 PersistentVolumeClaim/made: the cluster has no default storage class";
        check(&["made"], &Value::Null, false, &[none]);
        // The controls.
        check(&["made"], &Value::Null, true, &[]);
        check(&["made"], &json!("slow"), false, &[]);
        let gone = "NK2104 there is no claim `gone`";
        check(&["gone", "there", "gone"], &json!(""), true, &[gone]);
    }

    #[test]
    fn without_a_plan_nothing_is_said_of_what_pods_need() {
        let about = |planned: Option<(&[PodWish], &[Value])>| {
            let whats = cluster(&well(), planned).into_iter().map(|check| check.what);
            whats.collect::<Vec<String>>()
        };
        let (without, with) = (about(None), about(Some((&[pod("there")], &[]))));
        assert_eq!(without[..], with[..3]);
        assert_eq!(with.len(), 6);
    }
}
