//! Step 5: what the main container runs (`CmdJobManagerDecorator`).

use serde_json::json;

use crate::plan::kubernetes::steps::draft::Draft;

/// Sets command and arguments: the image's entrypoint starts a shell, and that Flink's script.
pub(in crate::plan::kubernetes) fn decorate(draft: &mut Draft<'_>) {
    let entry = draft.settings.text_or_default("kubernetes.entry.path");
    let mut script = "kubernetes-jobmanager.sh kubernetes-session".to_owned();
    let option = "kubernetes.jobmanager.entrypoint.args";
    if draft.settings.has(option) {
        // The blank is there without arguments, too.
        script = format!("{script} {}", draft.settings.text_or_default(option));
    }
    draft.container.insert("command".to_owned(), json!([entry]));
    draft.container.insert("args".to_owned(), json!(["bash", "-c", script]));
}
