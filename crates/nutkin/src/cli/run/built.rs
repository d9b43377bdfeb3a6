//! `nutkin run DIRECTORY`: the jar that a build has left in a project.

use std::path::{Path, PathBuf};

use nutkin_flink::Problem;
use nutkin_shell::Error;

/// Where builds leave their jars: a directory of jars itself, Maven's, Gradle's.
const FOLDERS: [&str; 3] = ["", "target", "build/libs"];

/// Ends of the names of jars that are not a program, and beginnings of those that `maven-shade-plugin` keeps beside it.
const BESIDE: [&str; 4] = ["-sources.jar", "-javadoc.jar", "-tests.jar", "-plain.jar"];
const ORIGINAL: &str = "original-";

/// What to run: the jar in a directory, otherwise the text as it is.
///
/// # Errors
/// Exit 2: the directory has no jar, or several.
pub(super) fn jar(text: &str, directory: &Path) -> Result<String, Error> {
    let project = directory.join(text);
    if text.contains("://") || !project.is_dir() {
        return Ok(text.to_owned());
    }
    let found =
        FOLDERS.iter().map(|folder| jars(&project.join(folder))).find(|jars| !jars.is_empty());
    let problem = |message: String, hint: &str| {
        Err(Error::input(vec![Problem::new("JAR", message).hint(hint)]))
    };
    match found.unwrap_or_default().as_slice() {
        [one] => Ok(one.display().to_string()),
        [] => problem(
            format!(
                "there is no jar in `{}`, nor in its `target` or `build/libs`",
                project.display()
            ),
            "build the project first: `mvn package`, `gradle build`",
        ),
        several => {
            let names: Vec<String> =
                several.iter().map(|jar| format!("`{}`", jar.display())).collect();
            problem(format!("there are several jars: {}", names.join(", ")), "name one of them")
        }
    }
}

/// Jars of a folder that may be programs, sorted.
fn jars(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut jars: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    jars.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_beside = BESIDE.iter().any(|end| name.ends_with(end)) || name.starts_with(ORIGINAL);
        path.extension().is_some_and(|end| end == "jar") && !is_beside && path.is_file()
    });
    jars.sort();
    jars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[&str], text: &str, expected: Result<&str, &str>) {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        match (jar(text, directory.path()), expected) {
            (Ok(found), Ok(expected)) => assert!(found.ends_with(expected), "{found}"),
            (Err(error), Err(part)) => {
                let said = error.problems[0].to_string();
                assert!(said.contains(part), "{said}");
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn directories() {
        let maven = [
            "p/pom.xml",
            "p/target/job-1.jar",
            "p/target/original-job-1.jar",
            "p/target/job-1-sources.jar",
        ];
        check(&maven, "p", Ok("/p/target/job-1.jar"));
        check(&["p/build/libs/job.jar"], "p", Ok("/p/build/libs/job.jar"));
        check(&["p/job.jar"], "p", Ok("/p/job.jar"));
        check(&["p/job.jar"], "p/job.jar", Ok("p/job.jar"));
        check(&["p/job.jar"], "mvn:g:a:1", Ok("mvn:g:a:1"));
        check(&["p/target/a.jar", "p/target/b.jar"], "p", Err("several jars"));
        check(&["p/pom.xml"], "p", Err("no jar in"));
    }
}
