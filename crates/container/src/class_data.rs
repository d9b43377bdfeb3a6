//! Class data archives of an image: what the shell writes down about them, and when the entrypoint may use them.
//!
//! A JVM maps an archive only if Java and class path are those for which it was made, and passes it over in silence
//! otherwise. It does not see a jar that was exchanged for one of the same length when the jar's time was unknown
//! (zero, as everywhere in our images), so the entrypoint compares times as well: whatever replaces a file of an image
//! has another one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::service::{Service, Sizing};
use nutkin_flink::Configuration;
use nutkin_flink::process::{self, Role};

/// Directory below Flink's home.
pub const DIRECTORY: &str = "class-data";

/// What is written down beside the archives.
pub const INDEX: &str = "index.json";

/// Java 17 and later are tried; what Java 11 says while it writes archives is another language.
pub const SINCE_JAVA: u8 = 17;

/// All that the archives depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// The Java's home, and its modules.
    pub java_home: String,
    /// `lib/modules` of the Java.
    pub modules: File,
    /// Jars of the class path in order.
    pub class_path: Vec<File>,
    /// Bytes of each archive, by its name.
    pub archives: BTreeMap<String, u64>,
}

/// A file as the file system knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Absolute.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// When it was changed last, in seconds since 1970.
    pub modified: i64,
}

impl Index {
    /// Jars of the class path as the JVM is told.
    pub fn class_path(&self) -> String {
        self.class_path.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(":")
    }

    /// Whether the files are those for which the archives were made. `seen` looks at a path.
    pub fn fits(&self, java_home: &str, mut seen: impl FnMut(&str) -> Option<File>) -> bool {
        let mut is_same = |file: &File| seen(&file.path).as_ref() == Some(file);
        self.java_home == java_home && is_same(&self.modules) && self.class_path.iter().all(is_same)
    }

    /// Whether a class path begins with that of the archives: what comes behind it may be anything.
    pub fn begins(&self, class_path: &str) -> bool {
        let rest = class_path.strip_prefix(&self.class_path());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }
}

/// The roles that have an archive.
pub const ROLES: [Role; 2] = [Role::JobManager, Role::TaskManager];

/// Name of a role's archive; ZooKeeper has none.
pub const fn file_name(role: Role) -> Option<&'static str> {
    match role {
        Role::JobManager => Some("jobmanager.jsa"),
        Role::TaskManager => Some("taskmanager.jsa"),
        Role::ZooKeeper => None,
    }
}

/// Name of the archive that a service's JVM is given.
pub(crate) const fn of_service(service: Service) -> Option<&'static str> {
    match service.sizing() {
        Sizing::JobManager => file_name(Role::JobManager),
        Sizing::TaskManager | Sizing::Given => file_name(Role::TaskManager),
        Sizing::None => None,
    }
}

/// The class path of Flink's processes in an image, by the names of the jars in `lib`.
pub fn class_path(flink_home: &str, lib: &[String]) -> Vec<String> {
    let path =
        process::class_path(flink_home, lib, &[], &BTreeMap::new(), &Configuration::default());
    path.split(':').map(str::to_owned).collect()
}

/// Flags that make a JVM write an archive: with a collector that puts no heap objects into it, which any collector can
/// use, and one size of heap.
pub fn dump_flags(class_list: &str, archive: &str, class_path: &str) -> Vec<String> {
    [
        "-Xshare:dump",
        "-XX:+UseSerialGC",
        "-Xms512m",
        "-Xmx512m",
        &format!("-XX:SharedClassListFile={class_list}"),
        &format!("-XX:SharedArchiveFile={archive}"),
        // Classes of other releases are in the lists, and are left out.
        "-Xlog:disable",
        "-cp",
        class_path,
    ]
    .map(str::to_owned)
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> File {
        File { path: path.to_owned(), bytes: 7, modified: 0 }
    }

    fn index() -> Index {
        Index {
            java_home: "/java".to_owned(),
            modules: file("/java/lib/modules"),
            class_path: vec![file("/f/lib/a.jar"), file("/f/lib/flink-dist-1.20.5.jar")],
            archives: BTreeMap::new(),
        }
    }

    #[track_caller]
    fn check_fits(java_home: &str, change: impl Fn(&mut File), expected: bool) {
        let seen = |path: &str| {
            let mut file = file(path);
            change(&mut file);
            (!file.path.is_empty()).then_some(file)
        };
        assert_eq!(index().fits(java_home, seen), expected);
    }

    #[test]
    fn an_archive_is_used_with_its_own_files_only() {
        let dist = |file: &File| file.path.contains("flink-dist");
        check_fits("/java", |_| {}, true);
        check_fits("/other", |_| {}, false);
        check_fits("/java", |file| file.modified = i64::from(dist(file)), false);
        check_fits("/java", |file| file.bytes += u64::from(dist(file)), false);
        check_fits(
            "/java",
            |file| {
                if dist(file) {
                    file.path.clear();
                }
            },
            false,
        );
        check_fits("/java", |file| file.bytes += u64::from(file.path.contains("modules")), false);
    }

    #[track_caller]
    fn check_begins(class_path: &str, expected: bool) {
        assert_eq!(index().begins(class_path), expected, "{class_path}");
    }

    #[test]
    fn the_class_path_may_go_on_behind_the_archives() {
        check_begins("/f/lib/a.jar:/f/lib/flink-dist-1.20.5.jar", true);
        check_begins("/f/lib/a.jar:/f/lib/flink-dist-1.20.5.jar:/etc/hadoop", true);
        check_begins("/f/lib/a.jar:/f/lib/b.jar:/f/lib/flink-dist-1.20.5.jar", false);
        check_begins("/f/lib/a.jar:/f/lib/flink-dist-1.20.5.jar2", false);
    }

    #[test]
    fn flink_dist_is_last_as_in_flinks_scripts() {
        let lib = ["flink-dist-1.20.5.jar", "flink-json.jar"].map(str::to_owned);
        assert_eq!(
            class_path("/opt/flink", &lib),
            ["/opt/flink/lib/flink-json.jar", "/opt/flink/lib/flink-dist-1.20.5.jar"]
        );
    }
}
