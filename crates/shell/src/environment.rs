//! The process environment as a value, so that nothing below reads the real one behind our back.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::Tenure;

/// Variables that hold paths which may be relative.
const PLACES: [&str; 8] = [
    "HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "FLINK_HOME",
    "FLINK_CONF_DIR",
    "JAVA_HOME",
    "KUBECONFIG",
];

/// Variables and directories of the running process, read once in `main`.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// The working directory.
    pub directory: PathBuf,
    /// The command and its arguments, for the history of sessions.
    pub words: Vec<String>,
    /// The home directory that the system's list of users has for this one, where `HOME` is not set.
    account_home: Option<PathBuf>,
    /// The field manager on Kubernetes, where it is not that of a command.
    pub manager: Option<&'static str>,
    /// For how long objects and jobs on Kubernetes may be changed, where that ends.
    pub tenure: Option<Tenure>,
}

impl Environment {
    /// Reads the real one.
    pub fn of_process() -> Self {
        let mut words: Vec<String> =
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        if let Some(program) = words.first_mut()
            && let Some((_, name)) = program.rsplit_once('/')
        {
            *program = name.to_owned();
        }
        Self {
            variables: std::env::vars_os().collect(),
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            words,
            account_home: account_home(),
            manager: None,
            tenure: None,
        }
    }

    /// One made up for a test.
    pub fn of_test(variables: &[(&str, &str)], directory: PathBuf) -> Self {
        let variables = variables.iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self {
            variables,
            directory,
            words: Vec::new(),
            account_home: None,
            manager: None,
            tenure: None,
        }
    }

    /// A variable as text; unset, empty and non-UTF-8 ones are `None`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name))?.to_str().filter(|text| !text.is_empty())
    }

    /// A variable as text, even when it is empty; unset and non-UTF-8 ones are `None`.
    pub fn exact(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name))?.to_str()
    }

    /// A variable as a path; unset and empty ones are `None`.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.variables.get(OsStr::new(name)).filter(|value| !value.is_empty())?;
        Some(PathBuf::from(value))
    }

    /// A variable as the path of one place, from the root: JVMs have another working directory than their user.
    pub fn place(&self, name: &str) -> Option<PathBuf> {
        Some(self.directory.join(self.path(name)?))
    }

    /// The file of this name that `PATH` finds, from the root.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.path("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| self.directory.join(folder).join(name))
            .find(|file| file.is_file())
    }

    /// What a command run in another directory would have. Variables that name places name the same ones.
    #[must_use]
    pub fn in_directory(&self, directory: PathBuf) -> Self {
        let mut there = self.clone();
        for name in PLACES {
            let Some(value) = self.path(name) else { continue };
            let paths = std::env::split_paths(&value).map(|path| self.directory.join(path));
            if let Ok(paths) = std::env::join_paths(paths) {
                there.variables.insert(name.into(), paths);
            }
        }
        there.directory = directory;
        there
    }

    /// All variables.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The user's home directory: `HOME`, otherwise that of the system's list of users, otherwise `/`.
    pub fn home(&self) -> PathBuf {
        let home = self.place("HOME").or_else(|| self.account_home.clone());
        home.unwrap_or_else(|| PathBuf::from("/"))
    }

    /// `$XDG_STATE_HOME/nutkin`: sessions of this machine.
    pub fn state_directory(&self) -> PathBuf {
        self.place("XDG_STATE_HOME")
            .unwrap_or_else(|| self.home().join(".local/state"))
            .join("nutkin")
    }

    /// `$XDG_CACHE_HOME/nutkin`: what can be fetched or made again.
    pub fn cache_directory(&self) -> PathBuf {
        self.place("XDG_CACHE_HOME").unwrap_or_else(|| self.home().join(".cache")).join("nutkin")
    }
}

/// The home directory of the user of this process, as `/etc/passwd` has it. Users of other lists have `HOME`.
fn account_home() -> Option<PathBuf> {
    // The owner of what the kernel says of a process is its user.
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    home_of(user, &std::fs::read_to_string("/etc/passwd").ok()?)
}

fn home_of(user: u32, passwd: &str) -> Option<PathBuf> {
    let entry = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2).and_then(|number| number.parse().ok()) == Some(user))?;
    entry.get(5).filter(|home| home.starts_with('/')).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn homes_of_users() {
        #[track_caller]
        fn check(user: u32, passwd: &str, expected: Option<&str>) {
            assert_eq!(home_of(user, passwd), expected.map(PathBuf::from));
        }
        let passwd = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001:::\n";
        check(1000, passwd, Some("/home/ann"));
        check(0, passwd, Some("/root"));
        check(1001, passwd, None);
        check(7, passwd, None);
        check(0, "", None);
    }

    #[test]
    fn a_home_that_is_set_counts() {
        let mut environment = Environment::of_test(&[], PathBuf::from("/there"));
        assert_eq!(environment.home(), Path::new("/"));
        environment.account_home = Some(PathBuf::from("/home/ann"));
        assert_eq!(environment.state_directory(), Path::new("/home/ann/.local/state/nutkin"));
        let mut environment = Environment::of_test(&[("HOME", "bob")], PathBuf::from("/there"));
        environment.account_home = Some(PathBuf::from("/home/ann"));
        assert_eq!(environment.home(), Path::new("/there/bob"));
    }

    #[test]
    fn the_first_file_of_the_name_on_the_path() {
        #[track_caller]
        fn check(root: &Path, path: &str, name: &str, expected: Option<&str>) {
            let environment = Environment::of_test(&[("PATH", path)], root.to_owned());
            assert_eq!(environment.program(name), expected.map(|file| root.join(file)));
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for file in ["b/mvn", "c/mvn", "c/java"] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        // A directory of the name is not the program.
        std::fs::create_dir_all(root.join("a/mvn")).unwrap();
        // Relative ones count from the working directory.
        check(root, "a:b:c", "mvn", Some("b/mvn"));
        check(root, &format!("{}/c:b", root.display()), "mvn", Some("c/mvn"));
        check(root, "a:b:c", "java", Some("c/java"));
        check(root, "a:b", "java", None);
        check(root, "", "mvn", None);
    }
}
