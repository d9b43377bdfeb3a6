//! What is wrong with the jars of a file, found before anything is started for them.

use std::collections::BTreeMap;
use std::path::Path;

use nutkin_core::session::SessionJob;
use nutkin_flink::Problem;
use nutkin_flink::artifact::Artifact;

use super::Jar;

/// The jars that are files of this machine, by the name of their job. Others are fetched when they are needed.
///
/// # Errors
/// Everything that is wrong with them.
pub async fn local_jars(
    jobs: &[SessionJob],
    base: &Path,
) -> Result<BTreeMap<String, Jar>, Vec<Problem>> {
    let mut jars = BTreeMap::new();
    let mut problems = Vec::new();
    for job in jobs {
        let name = &job.name;
        let Some(uri) = &job.jar_uri else { continue };
        let bad =
            |message: String| Problem::new("spec.job.jarURI", format!("job `{name}`: {message}"));
        let path = match uri.parse::<Artifact>() {
            Ok(Artifact::Path(path)) => base.join(path),
            Ok(Artifact::Url { .. } | Artifact::Maven(_)) => continue,
            Err(error) => {
                problems.push(bad(error.to_string()));
                continue;
            }
        };
        match Jar::read(&path).await {
            Ok(jar) if job.entry_class.is_none() && jar.main_class.is_none() => {
                let message = format!("job `{name}`: its jar does not name its main class");
                problems
                    .push(Problem::new("spec.job.entryClass", message).hint("name the class here"));
            }
            Ok(jar) => {
                jars.insert(name.clone(), jar);
            }
            Err(error) => problems.push(bad(error.to_string()).hint("has the job been built?")),
        }
    }
    if problems.is_empty() { Ok(jars) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use nutkin_core::spec;

    use super::*;

    #[tokio::test]
    async fn all_that_is_wrong_with_the_jars_of_a_file() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("text.jar"), "no jar").unwrap();
        Jar::empty(&directory.path().join("empty.jar")).unwrap();
        let job = |name: &str, lines: &str| {
            format!(
                "apiVersion: flink.apache.org/v1beta1\nkind: FlinkSessionJob\nmetadata: {{name: {name}}}\n\
                 spec: {{deploymentName: a, job: {{{lines}}}}}\n---\n"
            )
        };
        let text = [
            job("missing", "jarURI: missing.jar"),
            job("text", "jarURI: text.jar, entryClass: a.B"),
            job("classless", "jarURI: empty.jar"),
            job("good", "jarURI: empty.jar, entryClass: a.B"),
            job("far", "jarURI: 'https://example.org/a.jar'"),
            job("none", "entryClass: a.B"),
            "apiVersion: flink.apache.org/v1beta1\nkind: FlinkDeployment\nmetadata: {name: a}\n\
             spec: {flinkVersion: v1_20}\n"
                .to_owned(),
        ];
        let mut jobs = spec::read(&text.concat(), "f.yaml").unwrap().jobs;
        let problems = local_jars(&jobs, directory.path()).await.unwrap_err();
        let places: Vec<_> = problems.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(places, ["spec.job.jarURI", "spec.job.jarURI", "spec.job.entryClass"]);
        jobs.drain(..3);
        let jars = local_jars(&jobs, directory.path()).await.unwrap();
        assert_eq!(jars.keys().collect::<Vec<_>>(), ["good"]);
    }
}
