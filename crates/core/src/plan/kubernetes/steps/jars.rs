//! A claim on which JobManagers keep the jars that are uploaded to them: `nutkin.jars.store: claim`.

use nutkin_flink::{Origin, Problem};
use serde_json::json;

use super::draft::{Draft, FLINK_USER, Role};
use super::json::{append, object};
use crate::jars::{CLAIM_DIRECTORY, JarStore, STORE, UPLOADS};
use crate::plan::kubernetes::marks;

/// The volume of the pods. Claims of the user's have volumes of their own names, and none is called so.
const VOLUME: &str = "nutkin-kept-jars";

/// How much room to ask for: twenty jars that hold all their libraries.
const SIZE: &str = "2Gi";

/// Mounts the claim in the JobManagers, and has it made, unless they put uploads into a directory of the user's. `is_united`:
/// whether every pod of the session has their template.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>, is_united: bool) {
    match JarStore::of(&draft.session.configuration) {
        Err(problem) => return draft.settings.problem(problem),
        Ok(JarStore::Claim) if draft.role == Role::JobManager => {}
        Ok(_) => return,
    }
    if draft.settings.text(UPLOADS).is_some_and(|text| !text.trim().is_empty()) {
        return;
    }
    let why = Origin::Derived("`nutkin.jars.store: claim`");
    draft.settings.configuration.set(UPLOADS, CLAIM_DIRECTORY, why);
    let name = claim(draft.cluster_id);
    let source = json!({"claimName": name});
    let is_secured = draft.is_secured();
    let spec = object(&mut draft.pod, "spec");
    append(spec, "volumes", [json!({"name": VOLUME, "persistentVolumeClaim": source})]);
    if is_secured {
        object(spec, "securityContext").entry("fsGroup").or_insert(json!(FLINK_USER));
    }
    let mount = json!({"name": VOLUME, "mountPath": CLAIM_DIRECTORY});
    append(&mut draft.container, "volumeMounts", [mount]);
    let are_several = is_united || 1 < draft.session.job_manager.replicas.unwrap_or(1);
    let mode = if are_several { "ReadWriteMany" } else { "ReadWriteOnce" };
    draft.others.push(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "labels": draft.labels(),
            "annotations": {marks::OUTLIVES: "true"},
        },
        "spec": {
            "accessModes": [mode],
            "resources": {"requests": {"storage": SIZE}},
        },
    }));
}

/// The claim of a session.
fn claim(session: &str) -> String {
    format!("{session}-jars")
}

/// Refuses uploads that are kept nowhere: the user's directory has to lie on a claim. To be called when all is mounted.
pub(in crate::plan::kubernetes) fn check(draft: &mut Draft<'_>) {
    if !matches!(JarStore::of(&draft.session.configuration), Ok(JarStore::Claim)) {
        return;
    }
    let directory = draft.settings.text(UPLOADS).unwrap_or_default();
    let is_kept = draft.mounted_at(&directory).is_some_and(|(_, volume)| {
        volume.is_none_or(|volume| volume.get("persistentVolumeClaim").is_some())
    });
    if !is_kept {
        let message = format!("`{UPLOADS}` is `{directory}`, where no claim is mounted");
        let hint = format!("remove `{UPLOADS}`, or mount a claim there");
        draft.settings.problem(Problem::new(STORE, message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::plan::kubernetes::native::ClientMachine;
    use crate::plan::kubernetes::plan;
    use crate::session::Mode;
    use crate::spec::{Inputs, resolve};

    fn planned(mode: Mode, options: &[(&str, &str)]) -> Result<Vec<Value>, Vec<Problem>> {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let name = Some("words".to_owned());
        let inputs = Inputs { name, options: options.collect(), ..Inputs::default() };
        let mut session = resolve(&inputs).unwrap();
        session.mode = Some(mode);
        Ok(plan(&session, &ClientMachine::default())?.items)
    }

    const MODES: [Mode; 2] = [Mode::Native, Mode::Standalone];

    #[test]
    fn a_claim_that_outlives_the_session_is_mounted_in_the_job_managers() {
        for mode in MODES {
            let items = planned(mode, &[(STORE, "claim")]).unwrap();
            let claims: Vec<&Value> =
                items.iter().filter(|item| item["kind"] == "PersistentVolumeClaim").collect();
            assert_eq!(claims.len(), 1);
            let metadata = &claims[0]["metadata"];
            assert_eq!(metadata["name"], "words-jars");
            assert_eq!(metadata["annotations"][marks::OUTLIVES], "true");
            assert_eq!(claims[0]["spec"]["accessModes"], json!(["ReadWriteOnce"]));
            let mounted: Vec<&Value> = items
                .iter()
                .filter(|item| item["spec"]["template"].to_string().contains(VOLUME))
                .map(|item| &item["metadata"]["name"])
                .collect();
            assert_eq!(mounted, ["words"]);
            let pod = &items[0]["spec"]["template"]["spec"];
            assert_eq!(pod["securityContext"]["fsGroup"], FLINK_USER);
            let map = items.iter().find(|item| item["kind"] == "ConfigMap").unwrap();
            assert!(map["data"].to_string().contains(CLAIM_DIRECTORY), "{map}");
            // The control: nothing of it without the option.
            let without = planned(mode, &[]).unwrap();
            assert!(!json!(without).to_string().contains("jars"), "{without:?}");
        }
    }

    #[test]
    fn uploads_of_the_user_lie_on_a_claim_or_are_refused() {
        let own = ("web.upload.dir", "/data/uploads");
        let claim = [("nutkin.claim.data.path", "/data"), ("nutkin.claim.data.size", "1Gi")];
        for mode in MODES {
            let refused = planned(mode, &[(STORE, "claim"), own]).unwrap_err();
            assert_eq!(refused[0].path, STORE);
            assert!(planned(mode, &[(STORE, "nowhere")]).is_err());
        }
        let options = [&[(STORE, "claim"), own], &claim[..]].concat();
        let items = planned(Mode::Standalone, &options).unwrap();
        let claims = items.iter().filter(|item| item["kind"] == "PersistentVolumeClaim");
        assert_eq!(claims.map(|item| &item["metadata"]["name"]).collect::<Vec<_>>(), ["data"]);
    }
}
