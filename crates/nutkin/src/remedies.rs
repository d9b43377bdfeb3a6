//! Remedies in words: the one place that knows which command and which flag brings about what core and the shells advise.

use nutkin_core::Remedy;

/// A hint for people at a terminal.
pub fn words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Words(words) => words.clone(),
        Remedy::Up { on, file } => {
            let file = file.as_ref().map(|file| format!(" -f {file}")).unwrap_or_default();
            let on = on.map(|on| format!(" --on {on}")).unwrap_or_default();
            format!("`nutkin up{file}{on}` starts it")
        }
        Remedy::Down { name } => {
            format!("`nutkin down {name}` ends what runs of it and removes the rest")
        }
        Remedy::Status { name: None } => {
            "`nutkin status` says what the session waits for".to_owned()
        }
        Remedy::Status { name: Some(name) } => {
            format!("`nutkin status {name}` says what is waited for")
        }
        Remedy::TaskManagersMissing => {
            "no TaskManager has registered: `nutkin status` shows why".to_owned()
        }
        Remedy::Scale { task_managers } => {
            format!("`nutkin scale --task-managers {task_managers}` adds the slots")
        }
        Remedy::AddSlots => {
            "`nutkin scale --task-managers N` adds slots, `nutkin status` shows them".to_owned()
        }
        Remedy::ListJobs => {
            "`nutkin jobs --all` lists them, those that ended included".to_owned()
        }
        Remedy::SlotsAreHeld => {
            "`nutkin jobs` shows what holds the others; the job waits until they end".to_owned()
        }
        Remedy::ProcessPermissions => {
            "`nutkin rbac` with the same file and options prints the ServiceAccount, Role and RoleBinding that Flink \
             needs (`| kubectl apply -f -`); `nutkin.rbac.create: true` has `up` make them"
                .to_owned()
        }
        Remedy::ListDistributions => "`nutkin dist list` shows what the cache holds".to_owned(),
        Remedy::Install { flink } => {
            format!("`nutkin dist install {flink}` with the same source installs it")
        }
        Remedy::InstallByHand { flink } => format!(
            "download an archive of Flink {flink} by other means and give it: `nutkin dist install {flink} --from \
             FILE`; or set FLINK_HOME to an unpacked one"
        ),
    }
}

#[cfg(test)]
mod tests {
    use nutkin_core::selection::Platform;

    use super::*;

    #[test]
    fn remedies_name_commands_that_there_are() {
        #[track_caller]
        fn check(remedy: Remedy, expected: &str) {
            assert_eq!(words(&remedy), expected);
        }
        let file = Some("s.yaml".to_owned());
        check(Remedy::Up { on: None, file }, "`nutkin up -f s.yaml` starts it");
        let docker = Remedy::Up { on: Some(Platform::Docker), file: None };
        check(docker, "`nutkin up --on docker` starts it");
        check(
            Remedy::Scale { task_managers: 3 },
            "`nutkin scale --task-managers 3` adds the slots",
        );
        check("wait".into(), "wait");
    }
}
