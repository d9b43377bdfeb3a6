//! Permissions: what Flink asks of Kubernetes, and what it is given.

mod power;

use std::collections::{BTreeMap, BTreeSet};

use super::rules;
use crate::finding::Place;
use crate::finding::{Findings, Patch};
use crate::kubernetes::{Object, Workload};
use crate::node::Walk;
use crate::system::{HighAvailability, System, World};
use nutkin_core::kubernetes::rbac::ProcessNeeds;
use nutkin_flink::FlinkVersion;
use nutkin_flink::yaml::Node;

rules! {
    NO_ACCOUNT_JM "NK0301" Error "JobManagers without a ServiceAccount under Kubernetes high availability"
        happens "They run as the account `default`, which may do nothing: the election of a leader ends with 403 Forbidden, and the JobManager restarts for ever."
        cure "Name a ServiceAccount in `spec.template.spec.serviceAccountName` that may read and write ConfigMaps.";
    NO_ACCOUNT_TM "NK0302" Error "TaskManagers without a ServiceAccount under Kubernetes high availability"
        happens "TaskManagers look for the leader in a ConfigMap. As the account `default` they get 403 Forbidden and never register, while the JobManagers look healthy."
        cure "Name the same ServiceAccount in `spec.template.spec.serviceAccountName` as for the JobManagers.";
    UNKNOWN_ACCOUNT "NK0303" Warning "the ServiceAccount is not in the files"
        happens "Kubernetes creates no pod for a ServiceAccount that does not exist: the Deployment stays at 0 of N, and only its events say why."
        cure "Fix the name, or add the ServiceAccount.";
    MISSING_VERBS "NK0304" Error "a Role lacks verbs that Flink uses"
        happens "The first request of the missing kind ends with 403 Forbidden: the JobManager cannot become leader, cannot store a checkpoint's pointer, or cannot clean up. Flink 1.18 and later write with `patch`, older versions with `update`."
        cure "For high availability a Role needs get, list, watch, create, update, patch and delete on configmaps, and nothing else.";
    NO_BINDING "NK0305" Error "no binding gives the ServiceAccount any rights"
        happens "The account exists and may do nothing: every request of Flink to Kubernetes ends with 403 Forbidden."
        cure "Add a RoleBinding from the account to a Role with verbs on configmaps.";
    CLUSTER_ADMIN "NK0306" Warning "Flink controls the whole cluster"
        happens "Whoever submits a job runs code with this account: it can read every Secret of every namespace and delete everything. Often the binding was made to silence a 403 with another cause, which it hides."
        cure "Bind a Role on configmaps of the own namespace instead, and look at what else was found: an unset `kubernetes.namespace` gives the same 403.";
    WILDCARD "NK0307" Warning "a Role grants everything"
        happens "Whoever submits a job runs code with this account and can use all of it, Secrets included."
        cure "Name resources and verbs: configmaps for high availability; pods, services and deployments in native mode only.";
    LOOSE_BINDING "NK0308" Error "a binding names something that is not there"
        happens "Kubernetes accepts the binding and it gives nobody any rights: 403 Forbidden, although the Role looks right."
        cure "Fix kind, name and namespace of `roleRef` and `subjects`. A binding can only name a Role of its own namespace.";
    SESSION_RIGHTS "NK0309" Error "the account of a session lacks rights that its JobManager uses"
        happens "In native mode the JobManager itself asks Kubernetes for the pods of its TaskManagers, and finds their owner by its Deployment. Without the right the request ends with 403 Forbidden: jobs wait for slots that never come."
        cure "Grant the missing verbs in a Role of the session's namespace and bind it to the account. The message lists all of them; nothing more is needed.";
}

/// The account of pods that name none.
const DEFAULT: &str = "default";

/// What TaskManagers do with ConfigMaps: they watch those of the leaders (`KubernetesLeaderRetrievalDriver`, 1.13 to 2.3).
const READS: [&str; 3] = ["get", "list", "watch"];

/// What Flink does with ConfigMaps under high availability.
fn needed(version: Option<FlinkVersion>) -> Vec<&'static str> {
    let version = version.unwrap_or(FlinkVersion::DEFAULT);
    let needs =
        ProcessNeeds { version, native: false, high_availability: true, host_network: false };
    needs.job_manager().iter().flat_map(|rule| rule.verbs).copied().collect()
}

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    let uses_kubernetes =
        matches!(system.high_availability(), Some((HighAvailability::Kubernetes, _)));
    let mut accounts: Vec<(&str, Workload<'_>)> = Vec::new();
    for workload in &system.workloads {
        match workload.service_account().and_then(Walk::text) {
            None if uses_kubernetes && !bindings(system, workload.object, DEFAULT).is_empty() => {
                if !accounts.iter().any(|(known, _)| *known == DEFAULT) {
                    accounts.push((DEFAULT, *workload));
                }
            }
            None => {
                if uses_kubernetes {
                    without_account(system, workload, out);
                }
                power::of_account(system, workload.object, DEFAULT, out);
            }
            Some(name) => {
                unknown_account(system, workload, name, out);
                if !accounts.iter().any(|(known, _)| *known == name) {
                    accounts.push((name, *workload));
                }
            }
        }
    }
    for lack in lacks(system) {
        missing_verbs(&lack, out);
    }
    for (name, workload) in accounts {
        rights(system, &workload, name, uses_kubernetes, out);
        if workload.is_native() {
            let place = workload
                .service_account()
                .map_or(workload.object.place(), |node| node.place(workload.file()));
            // What high availability needs is looked at above.
            let needs = needs(system, true, false);
            session_rights(system, name, workload.object, place, &needs, out);
        }
    }
    if let Some(boot) = &system.boot {
        of_boot(system, boot, uses_kubernetes, out);
    }
    if let Some(session) = system.session
        && let Some(account) = session.node.at("spec/serviceAccount")
        && let Some(name) = account.text()
    {
        let mode = session.node.at("spec/mode").and_then(Walk::text);
        let needs = needs(system, mode != Some("standalone"), uses_kubernetes);
        let place = account.place(session.file);
        session_rights(system, name, session, place, &needs, out);
        power::of_account(system, session, name, out);
    }
}

/// The account of the session that `kubernetes-session.sh` deploys, where it is in the namespace of who calls it.
fn of_boot(
    system: &System<'_>,
    boot: &Workload<'_>,
    uses_kubernetes: bool,
    out: &mut Findings<'_>,
) {
    let settings = &system.settings;
    let namespace = settings.value("kubernetes.namespace");
    account_of_boot(system, boot, namespace.as_deref(), out);
    if namespace.is_some() && namespace.as_deref() != boot.object.namespace.as_deref() {
        return;
    }
    let setting = settings
        .get("kubernetes.jobmanager.service-account")
        .or_else(|| settings.get("kubernetes.service-account"));
    let Some(setting) = setting.filter(|setting| !setting.is_open()) else { return };
    let needs = needs(system, true, uses_kubernetes);
    session_rights(system, &setting.text(), boot.object, setting.place, &needs, out);
}

/// An account of a session that is not in the session's namespace, beside others in the files.
fn account_of_boot(
    system: &System<'_>,
    boot: &Workload<'_>,
    namespace: Option<&str>,
    out: &mut Findings<'_>,
) {
    let keys = ["kubernetes.jobmanager.service-account", "kubernetes.service-account"];
    let setting = keys.iter().find_map(|key| system.settings.get(key));
    let Some(setting) = setting.filter(|setting| !setting.is_open()) else { return };
    let name = setting.text();
    // Without the option a client deploys into `default`, where its own configuration says nothing else.
    let of = namespace.or(boot.object.namespace.as_deref());
    let is_meant = |account: &&Object| {
        of.is_none() || account.namespace.is_none() || account.namespace.as_deref() == of
    };
    if name == DEFAULT
        || system.world.all_named("ServiceAccount", &name).any(|one| is_meant(&one))
        || system.world.made.has("ServiceAccount", &name)
    {
        return;
    }
    let is_akin = |account: &&Object| {
        account.name.contains("flink")
            || account.name.contains(name.as_str())
            || name.contains(account.name.as_str())
    };
    let mut accounts = system.world.of_kind("ServiceAccount");
    let Some(other) = accounts.find(is_akin) else { return };
    let place = |account: &Object| match &account.namespace {
        Some(namespace) => format!("`{}` is in `{namespace}`", account.name),
        None => format!("`{}` is", account.name),
    };
    let message = format!(
        "no ServiceAccount `{name}` in the namespace of the session{}; {}",
        of.map(|of| format!(", `{of}`")).unwrap_or_default(),
        place(other)
    );
    out.add(&UNKNOWN_ACCOUNT, setting.place, message);
}

fn needs(system: &System<'_>, native: bool, high_availability: bool) -> ProcessNeeds {
    let host = system.settings_of_job_managers().value("kubernetes.hostnetwork.enabled");
    ProcessNeeds {
        version: system.version.unwrap_or(FlinkVersion::DEFAULT),
        native,
        high_availability,
        host_network: host.as_deref() == Some("true"),
    }
}

/// Holds the account of a session against the table of what JobManagers need. Where the files hold no binding of it,
/// it is bound elsewhere.
fn session_rights(
    system: &System<'_>,
    account: &str,
    object: &Object,
    place: Place,
    needs: &ProcessNeeds,
    out: &mut Findings<'_>,
) {
    // What a command gives nobody knows here.
    if system.world.made.binds(account) {
        return;
    }
    let bindings = bindings(system, object, account);
    let mut roles = Vec::new();
    for binding in &bindings {
        let role = role_of(system.world, binding);
        // A role that is not here, or that the cluster fills, may grant anything.
        let Some(role) = role.filter(|role| role.node.get("aggregationRule").is_none()) else {
            return;
        };
        roles.push(role);
    }
    let Some(first) = roles.first() else { return };
    let has = |rule: &Node, key: &str, word: &str| has(rule, key, &[word, "*"]);
    let mut missing = Vec::new();
    for need in needs.job_manager() {
        let of_resource = |rule: &&Node| {
            has(rule, "apiGroups", need.group) && has(rule, "resources", need.resource)
        };
        let all = roles.iter().flat_map(|role| role.node.items_of("rules"));
        let granted: Vec<_> = all.filter(of_resource).collect();
        let lacking: Vec<&str> = need
            .verbs
            .iter()
            .filter(|verb| !granted.iter().any(|rule| has(rule, "verbs", verb)))
            .copied()
            .collect();
        if !lacking.is_empty() {
            missing.push(format!("{} on {}", lacking.join(", "), need.resource));
        }
    }
    if !missing.is_empty() {
        let message =
            format!("`{account}` may not {} (Flink {})", missing.join("; "), needs.version);
        let place = first.node.at("rules").map_or(place, |_| first.place_of("rules"));
        out.add(&SESSION_RIGHTS, place, message);
    }
}

fn without_account(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let rule = if workload.role.is_job_manager() { &NO_ACCOUNT_JM } else { &NO_ACCOUNT_TM };
    let known = system.workloads.iter().find_map(|w| w.service_account().and_then(Walk::text));
    let place = workload.object.place_of("spec/template/spec");
    let message = format!("the pods of {} run as the account `default`", workload.title());
    let patch = known.and_then(|name| {
        let containers = workload.pod.entry("containers")?;
        let indent = " ".repeat(usize::try_from(containers.0.column).ok()?.checked_sub(1)?);
        let insert = vec![format!("{indent}serviceAccountName: {name}")];
        Some(Patch { line: containers.0.line, remove: Vec::new(), insert })
    });
    out.add(rule, place, message).patch = patch;
}

/// Whether the files hold the permissions of an account: otherwise they are made elsewhere, whatever else lies beside.
fn has_permissions(system: &System<'_>, of: &Object, account: &str) -> bool {
    let is_meant = |role: &&Object| {
        let resources = || role.node.items_of("rules").iter().flat_map(|r| r.items_of("resources"));
        role.shares_namespace(of)
            && (role.name.contains("flink") || role.name.contains(account))
            && resources().any(|resource| resource.text() == Some("configmaps"))
    };
    system.world.named("ServiceAccount", account, of).is_some()
        || system.world.of_kind("Role").any(|role| is_meant(&role))
}

fn unknown_account(
    system: &System<'_>,
    workload: &Workload<'_>,
    name: &str,
    out: &mut Findings<'_>,
) {
    // One that looks as if it were meant: accounts of other programs say nothing of this one.
    let is_akin = |account: &Object| {
        account.shares_namespace(workload.object)
            && (account.file == workload.file()
                || account.name.contains("flink")
                || account.name.contains(name)
                || name.contains(account.name.as_str()))
    };
    if name == "default"
        || system.world.named("ServiceAccount", name, workload.object).is_some()
        || system.world.made.has("ServiceAccount", name)
    {
        return;
    }
    if let (true, Some(node)) =
        (system.world.of_kind("ServiceAccount").any(is_akin), workload.service_account())
    {
        let message =
            format!("no ServiceAccount `{name}` in the namespace of {}", workload.title());
        out.add(&UNKNOWN_ACCOUNT, node.place(workload.file()), message);
    }
}

/// The bindings that name an account.
fn bindings<'a>(system: &System<'a>, of: &Object, account: &str) -> Vec<&'a Object> {
    let names = |binding: &&Object| {
        binding.node.items_of("subjects").iter().any(|subject| {
            let namespace = subject.text_of("namespace").or(binding.namespace.as_deref());
            let own = of.namespace.as_deref();
            let group =
                subject.text_of("name").filter(|_| subject.text_of("kind") == Some("Group"));
            // All accounts of a namespace, or of all of them.
            let of_group = group.and_then(|group| group.strip_prefix("system:serviceaccounts"));
            // What names no namespace may be applied to any.
            let is_meant = |of: &str| own.is_none_or(|own| own == of);
            if group == Some("system:authenticated")
                || of_group.is_some_and(|of| of.strip_prefix(':').is_none_or(is_meant))
            {
                return true;
            }
            subject.text_of("kind") == Some("ServiceAccount")
                && subject.text_of("name") == Some(account)
                && (namespace.is_none() || own.is_none() || namespace == own)
        })
    };
    let (world, own) = (system.world, of.namespace.as_deref());
    let candidates: BTreeSet<usize> = world.bindings.candidates(account, own).into_iter().collect();
    let all = candidates.into_iter().map(|index| &world.objects[index]).filter(names);
    let (of_cluster, of_namespaces): (Vec<_>, Vec<_>) =
        all.partition(|binding| binding.kind == "ClusterRoleBinding");
    of_namespaces.into_iter().chain(of_cluster).collect()
}

/// Kind and name of the role that a binding gives.
fn role_named(binding: &Object) -> (&str, &str) {
    let text = |path: &str| binding.node.at(path).and_then(Walk::text).unwrap_or_default();
    (text("roleRef/kind"), text("roleRef/name"))
}

/// That role, where the files have it.
fn role_of<'a>(world: &'a World, binding: &Object) -> Option<&'a Object> {
    let (kind, name) = role_named(binding);
    let mut named = world.all_named(kind, name);
    named.find(|role| kind == "ClusterRole" || role.shares_namespace(binding))
}

fn rights(
    system: &System<'_>,
    workload: &Workload<'_>,
    account: &str,
    uses_kubernetes: bool,
    out: &mut Findings<'_>,
) {
    power::of_account(system, workload.object, account, out);
    let bindings = bindings(system, workload.object, account);
    if bindings.is_empty() && !system.world.made.binds(account) {
        let place = workload.service_account().map(|node| node.place(workload.file()));
        if let (true, true, Some(place)) =
            (uses_kubernetes, has_permissions(system, workload.object, account), place)
        {
            let message = format!("no RoleBinding of the files names the account `{account}`");
            out.add(&NO_BINDING, place, message);
        }
    }
    for binding in bindings {
        let (kind, name) = role_named(binding);
        let place = binding.place_of("roleRef/name");
        if kind == "ClusterRole" && name == "cluster-admin" {
            continue;
        }
        let Some(role) = role_of(system.world, binding) else {
            // The ClusterRoles of Kubernetes are in no file.
            let is_built_in = kind == "ClusterRole" && matches!(name, "edit" | "admin" | "view");
            let others = system.world.of_kind(kind).next().is_some();
            let is_made = || system.world.made.has(kind, name);
            if kind == "Role" && others && !is_built_in && !is_made() {
                let message =
                    format!("{} names {kind} `{name}`, which is not there", binding.title());
                out.add(&LOOSE_BINDING, place, message);
            }
            continue;
        };
        wildcards(role, out);
    }
}

fn has(rule: &Node, key: &str, words: &[&str]) -> bool {
    rule.items_of(key).iter().filter_map(Walk::text).any(|word| words.contains(&word))
}

fn wildcards(role: &Object, out: &mut Findings<'_>) {
    for rule in role.node.items_of("rules") {
        if has(rule, "resources", &["*"]) && has(rule, "verbs", &["*"]) {
            let message = format!("{} allows every verb on every resource", role.title());
            out.add(&WILDCARD, rule.place(role.file), message);
        }
    }
}

/// What an account lacks on ConfigMaps: the Role that gives most of it, and what it gives.
pub(crate) struct Lack<'a> {
    pub(crate) role: &'a Object,
    place: Place,
    given: Vec<&'a str>,
    pub(crate) missing: Vec<&'static str>,
}

/// What the accounts of a session's pods lack under high availability on Kubernetes.
pub(crate) fn lacks<'a>(system: &System<'a>) -> Vec<Lack<'a>> {
    if !matches!(system.high_availability(), Some((HighAvailability::Kubernetes, _))) {
        return Vec::new();
    }
    let mut accounts: BTreeMap<&str, (&Workload<'_>, bool)> = BTreeMap::new();
    for workload in &system.workloads {
        let name = workload.service_account().and_then(Walk::text).unwrap_or(DEFAULT);
        let (_, leads) = accounts.entry(name).or_insert((workload, false));
        *leads |= workload.role.is_job_manager();
    }
    let all = accounts.into_iter().filter_map(|(name, (workload, leads))| {
        let needed = if leads { needed(system.version) } else { READS.to_vec() };
        lack(system, workload.object, name, needed)
    });
    let mut found: Vec<Lack<'_>> = Vec::new();
    for lack in all {
        if !found.iter().any(|known| std::ptr::eq(known.role, lack.role)) {
            found.push(lack);
        }
    }
    found
}

/// Rights of all Roles that are bound to an account add up. `None` where nothing is missing, or nobody knows.
fn lack<'a>(
    system: &System<'a>,
    of: &Object,
    account: &str,
    needed: Vec<&'static str>,
) -> Option<Lack<'a>> {
    // What a command gives nobody knows here.
    if system.world.made.binds(account) {
        return None;
    }
    let mut roles: Vec<(Vec<&str>, &Object, Place)> = Vec::new();
    for binding in bindings(system, of, account) {
        let (kind, name) = role_named(binding);
        // Whoever follows NK0306 takes it away: the rest has to be enough.
        if kind == "ClusterRole" && name == "cluster-admin" {
            continue;
        }
        let role = role_of(system.world, binding);
        // A ClusterRole of the cluster, and one that the cluster fills, may give anything.
        let Some(role) = role.filter(|role| role.node.get("aggregationRule").is_none()) else {
            if kind == "ClusterRole" {
                return None;
            }
            continue;
        };
        let of_maps = role.node.items_of("rules").iter().filter(|rule| {
            has(rule, "apiGroups", &["", "*"]) && has(rule, "resources", &["configmaps", "*"])
        });
        let mut place = None;
        let mut verbs = Vec::new();
        for rule in of_maps {
            verbs.extend(rule.items_of("verbs").iter().filter_map(Walk::text));
            place = place.or_else(|| rule.get("verbs").map(|verbs| verbs.place(role.file)));
        }
        roles.push((verbs, role, place.unwrap_or_else(|| role.place())));
    }
    let is_given = |verb: &str| roles.iter().any(|(verbs, ..)| verbs.contains(&verb));
    if is_given("*") {
        return None;
    }
    let missing: Vec<&str> = needed.into_iter().filter(|verb| !is_given(verb)).collect();
    let most = |verbs: &Vec<&str>| verbs.len();
    let first = roles.iter().rev().max_by_key(|(verbs, ..)| most(verbs))?;
    let (given, role, place) = (first.0.clone(), first.1, first.2);
    (!missing.is_empty()).then_some(Lack { role, place, given, missing })
}

fn missing_verbs(lack: &Lack<'_>, out: &mut Findings<'_>) {
    let Lack { role, place, given, missing } = lack;
    let message = format!("{} lacks {} on configmaps", role.title(), missing.join(", "));
    let inline = out.files[place.file].line(place.line).is_some_and(|line| {
        line.trim_start().starts_with("verbs:") && line.contains('[') && line.contains(']')
    });
    let patch = inline
        .then(|| {
            let all: Vec<String> =
                given.iter().chain(missing).map(|verb| format!("\"{verb}\"")).collect();
            out.replace(*place, &format!("verbs: [{}]", all.join(", ")))
        })
        .flatten();
    out.add(&MISSING_VERBS, *place, message).patch = patch;
}
