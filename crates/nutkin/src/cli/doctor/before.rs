//! Whether a session can run where it shall: the place is looked at, and the session is planned for it.

use nutkin_core::kubernetes::{rbac, shape};
use nutkin_core::plan::kubernetes;
use nutkin_core::selection::Platform;
use nutkin_core::session::{Mode, Session};
use nutkin_diagnosis::doctor::{self, Check, ClusterSeen, MachineSeen, PodWish};
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::{cluster, native_client};
use nutkin_shell::{ClusterPlace, Error, Place, Purpose, Wish};
use serde_json::Value;

use crate::cli::shared::SpecArgs;
use crate::cli::{select, session_file};
use crate::platform::Decision;
use crate::{Context, remedies, runtime};

/// The commands whose permissions are asked for: what starts, changes and looks at a session.
const COMMANDS: [&str; 2] = ["up", "why"];

/// The session's name, and what was found.
///
/// # Errors
/// Bad input (2).
pub(super) fn checks(
    spec: &SpecArgs,
    name: Option<&str>,
    context: &Context<'_>,
) -> Result<(String, Vec<Check>), Error> {
    let session = session_file::load(spec, name, None, context)?;
    let place = select::place(spec, &session, context)?;
    let mut checks = match place.platform() {
        Platform::Local => doctor::machine(&machine(&session, context)),
        Platform::Docker => doctor::daemon(&runtime::block_on(async {
            Ok(nutkin_docker::doctor::look(context.environment).await)
        })?),
        Platform::Kubernetes => of_cluster(&session, &place.cluster(), context)?,
    };
    // What does not answer is not asked for a plan.
    if !checks.iter().any(Check::is_silence) {
        checks.extend(doctor::planned(&session.name, &planned(&session, &place, context)));
    }
    Ok((session.name, checks))
}

fn machine(session: &Session, context: &Context<'_>) -> MachineSeen {
    let java = nutkin_fetch::java::find(&session.configuration, session.flink, context);
    MachineSeen {
        java: java
            .map(|java| {
                let comes = if java.is_absent { ", which Nutkin brings" } else { "" };
                format!("{} at {}{comes}", java.major, java.home.display())
            })
            .map_err(|failure| why(&failure)),
        memory: nutkin_local::machine::memory(),
    }
}

/// What a plan has to say, or why there is none.
fn planned(
    session: &Session,
    place: &Place,
    context: &Context<'_>,
) -> Result<Vec<String>, Vec<String>> {
    let wish = Wish { session, place, purpose: Purpose::Look, adopt: false };
    let decided = runtime::block_on(async { Decision::of(wish, &|_| (), context).await });
    match decided {
        Ok(decision) => {
            let remarks = decision.outline().change.remarks;
            Ok(remarks.iter().map(|remark| remark.line(remedies::words)).collect())
        }
        Err(failure) => Err(why(&failure)),
    }
}

/// What a failure names, or what it says itself.
fn why(failure: &Error) -> Vec<String> {
    if failure.problems.is_empty() {
        return vec![format!("{:#}", failure.error)];
    }
    failure.problems.iter().map(ToString::to_string).collect()
}

fn of_cluster(
    session: &Session,
    place: &ClusterPlace,
    context: &Context<'_>,
) -> Result<Vec<Check>, Error> {
    let implied = native_client::implied_namespace(session, place, context)?;
    let session =
        &native_client::in_namespace(session, place.namespace.as_deref(), implied.as_deref());
    let namespace = kubernetes::namespace(session, implied.as_deref());
    let client = native_client::observe(session, implied, context);
    let plan = |session: &Session| kubernetes::plan(session, &client).ok();
    let objects = plan(session).map(|objects| objects.items);
    // Pods that Flink asks for get the same requests as those of a workload.
    let workloads = match session.mode {
        Some(Mode::Standalone) => objects.clone(),
        Some(Mode::Native) | None => {
            let standalone = Session { mode: Some(Mode::Standalone), ..session.clone() };
            plan(&standalone).map(|objects| objects.items)
        }
    };
    let pods = workloads.map(|all| all.iter().filter_map(pod).collect::<Vec<PodWish>>());
    let needs = needs(session, &namespace, objects.as_deref());
    let seen: ClusterSeen = runtime::block_on(async {
        let access = cluster::find(place, &session.configuration, context.environment).await?;
        let api = Api::new(access)?.in_namespace(&namespace);
        Ok(nutkin_kubernetes::doctor::look(&api, &session.name, &needs).await)
    })?;
    Ok(doctor::cluster(&seen, pods.as_deref().zip(objects.as_deref())))
}

/// The pods of a workload.
fn pod(workload: &Value) -> Option<PodWish> {
    let template = &workload["spec"]["template"];
    let spec = &template["spec"];
    if !spec["containers"].is_array() {
        return None;
    }
    let name = if shape::is_job_manager(template) { "JobManager" } else { "TaskManager" };
    Some(PodWish { name: name.to_owned(), count: shape::replicas(workload), spec: spec.clone() })
}

/// What the user needs, and what accounts need to which `up` gives nothing: `planned`, the objects that it makes, brings them no binding.
/// Without a plan that is not known of any account.
fn needs(
    session: &Session,
    namespace: &str,
    planned: Option<&[Value]>,
) -> Vec<(Option<String>, Vec<Value>)> {
    let mut needs = vec![(None, rbac::for_session(&COMMANDS, session))];
    let Some(planned) = planned else { return needs };
    let objects = rbac::objects(session, namespace);
    let of_kind = |kind: &'static str| objects.iter().filter(move |one| one["kind"] == kind);
    let is_given = |binding: &Value| {
        let mut bindings = planned.iter().filter(|one| one["kind"] == "RoleBinding");
        bindings.any(|one| one["subjects"] == binding["subjects"])
    };
    for binding in of_kind("RoleBinding").filter(|binding| !is_given(binding)) {
        let account = binding["subjects"][0]["name"].as_str().map(str::to_owned);
        let role =
            of_kind("Role").find(|role| role["metadata"]["name"] == binding["roleRef"]["name"]);
        let rules = role.and_then(|role| role["rules"].as_array().cloned()).unwrap_or_default();
        needs.push((account, rules));
    }
    needs
}
