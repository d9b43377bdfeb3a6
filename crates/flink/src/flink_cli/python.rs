//! A program in Python: Flink's client starts `PythonDriver` of flink-python for it, and that a Python.

use std::collections::BTreeMap;

use crate::{Configuration, FlinkVersion};

/// What the command line says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Python {
    /// `-py`: the program's file. A module (`-pym`) has none.
    pub file: Option<String>,
    /// `-pyclientexec`, or `-Dpython.client.executable`.
    pub executable: Option<String>,
    /// Whether files come along (`-pyfs`, `-pypath`, `-pyarch`) that may hold modules, or Python itself.
    pub brings: bool,
}

/// The option that names the Python of the client.
const OPTION: &str = "python.client.executable";

/// What the command line says of it: `-pyclientexec`, otherwise the option as `-D`.
pub(super) fn given(client: Option<&str>, options: &[String]) -> Option<String> {
    let option = |words: &String| Some(words.split_once('=')?.1.to_owned());
    let is_it = |words: &&String| words.split_once('=').is_some_and(|(key, _)| key == OPTION);
    client.map(str::to_owned).or_else(|| options.iter().rev().find(is_it).and_then(option))
}

/// The Python of the client: the command line, the option, the variable, in this order, as 1.20.5 took them.
pub fn executable(
    python: &Python,
    configuration: &Configuration,
    environment: &BTreeMap<String, String>,
) -> String {
    let variable = || environment.get("PYFLINK_CLIENT_EXECUTABLE").cloned();
    let option = || configuration.text(OPTION);
    let given = python.executable.clone().or_else(option).or_else(variable);
    given.filter(|given| !given.is_empty()).unwrap_or_else(|| "python".to_owned())
}

/// The program's file, where it is one of this machine: `s3://bucket/job.py` is not.
pub fn local_file(python: &Python) -> Option<&str> {
    let file = python.file.as_deref()?;
    match file.split_once("://") {
        None => Some(file),
        Some(("file", path)) => Some(path),
        Some(_) => None,
    }
}

/// What to do where the Python has no PyFlink.
pub fn without_pyflink(executable: &str, flink: FlinkVersion) -> String {
    format!(
        "`{executable}` has no PyFlink, and a program that imports it ends at once: `{executable} -m pip install \
         apache-flink=={flink}` installs it; the TaskManagers' image needs it too"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_python() {
        #[track_caller]
        fn check(
            given: Option<&str>,
            variable: Option<&str>,
            option: Option<&str>,
            expected: &str,
        ) {
            let python = Python { executable: given.map(str::to_owned), ..Python::default() };
            let option = option.map(|value| (OPTION, value));
            let variable = variable.map(|value| ("PYFLINK_CLIENT_EXECUTABLE", value));
            let environment = variable
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            let configuration = option.into_iter().collect();
            assert_eq!(executable(&python, &configuration, &environment), expected);
        }
        check(None, None, None, "python");
        check(None, None, Some("python3.11"), "python3.11");
        check(None, Some("py2"), None, "py2");
        check(None, Some("py2"), Some("py3"), "py3");
        check(Some("py1"), Some("py2"), Some("py3"), "py1");
    }

    #[test]
    fn the_command_line() {
        let options = ["a=b", "python.client.executable=x", "python.client.executable=y"];
        let options = options.map(str::to_owned);
        assert_eq!(given(Some("z"), &options).as_deref(), Some("z"));
        assert_eq!(given(None, &options).as_deref(), Some("y"));
        assert_eq!(given(None, &options[..1]), None);
    }

    #[test]
    fn files_of_this_machine() {
        #[track_caller]
        fn check(file: Option<&str>, expected: Option<&str>) {
            let python = Python { file: file.map(str::to_owned), ..Python::default() };
            assert_eq!(local_file(&python), expected);
        }
        check(None, None);
        check(Some("job.py"), Some("job.py"));
        check(Some("file:///jobs/job.py"), Some("/jobs/job.py"));
        check(Some("s3://bucket/job.py"), None);
    }
}
