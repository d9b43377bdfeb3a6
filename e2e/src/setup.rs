//! What `cargo xtask test` has made ready.

use std::path::PathBuf;
use std::process::Command;

/// Paths of what the tests use.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The binary under test.
    pub binary: PathBuf,
    /// A cache directory (`XDG_CACHE_HOME`) with installed distributions, shared by all tests.
    pub cache: PathBuf,
    /// `<version>/<name>.jar`: the jobs of `examples/jobs`, compiled for each version of Flink.
    pub jobs: PathBuf,
}

impl Setup {
    /// Reads it from the environment.
    ///
    /// # Panics
    /// When it is not there: a test that cannot run has failed.
    #[track_caller]
    pub fn of_process() -> Self {
        let path = |name: &str| match std::env::var_os(name) {
            Some(value) => PathBuf::from(value),
            None => panic!("{name} is not set: run these tests with `cargo xtask test`"),
        };
        Self {
            binary: path("NUTKIN_BIN"),
            cache: path("NUTKIN_TEST_FLINK"),
            jobs: path("NUTKIN_TEST_JOBS"),
        }
    }

    /// The directory of an installed Flink.
    ///
    /// # Panics
    /// When it was not installed.
    #[track_caller]
    pub fn flink(&self, version: &str) -> PathBuf {
        let home = self.cache.join(format!("nutkin/dist/flink-{version}"));
        assert!(home.is_dir(), "`{}` is missing: run `cargo xtask test`", home.display());
        home
    }

    /// A jar that was fetched from Maven.
    ///
    /// # Panics
    /// When it was not fetched.
    #[track_caller]
    pub fn maven(&self, group: &str, artifact: &str, version: &str) -> PathBuf {
        let group = group.replace('.', "/");
        let place = format!("nutkin/artifacts/maven/{group}/{artifact}/{version}/main");
        let jar = self.cache.join(place).join(format!("{artifact}-{version}.jar"));
        assert!(jar.is_file(), "`{}` is missing: run `cargo xtask test`", jar.display());
        jar
    }

    /// A class of an installed Flink, ready to be started with what is in its `lib`.
    #[track_caller]
    pub fn java(&self, version: &str, flags: &[&str], class: &str) -> Command {
        let java = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
        let mut command = Command::new(java.unwrap_or_else(|| "java".into()));
        command.args(flags).arg("-cp").arg(self.flink(version).join("lib/*")).arg(class);
        command
    }

    /// The jar of one of the repository's own jobs.
    ///
    /// # Panics
    /// When it was not compiled.
    #[track_caller]
    pub fn job(&self, version: &str, name: &str) -> PathBuf {
        let jar = self.jobs.join(version).join(format!("{name}.jar"));
        assert!(jar.is_file(), "`{}` is missing: run `cargo xtask test`", jar.display());
        jar
    }
}
