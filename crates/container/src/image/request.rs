//! What the user asks for, read from the words of the command line.

use crate::image::FLINK_ID;
use nutkin_flink::{Argument, Problem};

/// The command line's words, as typed.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// `--flink-home`.
    pub flink_home: Option<String>,
    /// `--opt`.
    pub opt: Vec<String>,
    /// `--plugin`: names of built-in plugins, or paths of jars and directories.
    pub plugins: Vec<String>,
    /// `--jar`, brought to this machine: absolute paths.
    pub jars: Vec<String>,
    /// `--copy SRC:DST[:uid]`.
    pub copies: Vec<String>,
    /// `--dir PATH[:uid]`.
    pub directories: Vec<String>,
    /// `--env NAME=VALUE`.
    pub environment: Vec<String>,
    /// `--label NAME=VALUE`.
    pub labels: Vec<String>,
    /// `--user UID[:GID]`.
    pub user: Option<String>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRequest {
    /// Where Flink goes: absolute.
    pub flink_home: String,
    /// Jars of `opt/` that go to `lib/`, or names without version: `flink-s3-fs-presto`.
    pub opt: Vec<String>,
    /// Built-in plugins by folder or jar name, and jars or directories by path.
    pub plugins: Vec<String>,
    /// Jars for `lib/`.
    pub jars: Vec<String>,
    /// Copies, in the order given.
    pub copies: Vec<Copy>,
    /// Directories, in the order given.
    pub directories: Vec<Directory>,
    /// Variables, in the order given.
    pub environment: Vec<(String, String)>,
    /// Labels, in the order given.
    pub labels: Vec<(String, String)>,
    /// Who runs it.
    pub user: ImageUser,
}

/// `SRC:DST[:uid]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// A file or directory of this machine.
    pub source: String,
    /// Where it goes: absolute; with a slash at its end the source keeps its name.
    pub target: String,
    /// Its owner.
    pub owner: u32,
}

/// `PATH[:uid]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Absolute.
    pub path: String,
    /// Its owner.
    pub owner: u32,
}

/// Numeric, so that Kubernetes can see that it is not root (`runAsNonRoot`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageUser {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Words {
    /// Reads them.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn read(self) -> Result<ImageRequest, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut keep = |problem: Problem| problems.push(problem);
        let user = self
            .user
            .as_deref()
            .map_or(Some(ImageUser::default()), |text| read_user(text).map_err(&mut keep).ok());
        let flink_home = self.flink_home.unwrap_or_else(|| crate::image::FLINK_HOME.to_owned());
        let flink_home = absolute(Argument::FlinkHome, &flink_home).map_err(&mut keep).ok();
        let uid = user.map_or(FLINK_ID, |user| user.uid);
        let mut copies = Vec::new();
        for text in &self.copies {
            match read_copy(text, uid) {
                Ok(copy) => copies.push(copy),
                Err(problem) => keep(problem),
            }
        }
        let mut directories = Vec::new();
        for text in &self.directories {
            match read_directory(text, uid) {
                Ok(directory) => directories.push(directory),
                Err(problem) => keep(problem),
            }
        }
        let environment = pairs(Argument::Environment, &self.environment, &mut keep);
        let labels = pairs(Argument::Label, &self.labels, &mut keep);
        match (user, flink_home) {
            (Some(user), Some(flink_home)) if problems.is_empty() => Ok(ImageRequest {
                flink_home,
                opt: self.opt,
                plugins: self.plugins,
                jars: self.jars,
                copies,
                directories,
                environment,
                labels,
                user,
            }),
            _ => Err(problems),
        }
    }
}

impl ImageUser {
    /// The administrator.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };

    /// The owner with this number: the image's user in its own group, anybody else in the group of the
    /// same number.
    pub(super) const fn or_of(self, uid: u32) -> Self {
        if uid == self.uid { self } else { Self { uid, gid: uid } }
    }
}

impl Default for ImageUser {
    fn default() -> Self {
        Self { uid: FLINK_ID, gid: FLINK_ID }
    }
}

fn read_user(text: &str) -> Result<ImageUser, Problem> {
    let (uid, gid) = text.split_once(':').unwrap_or((text, text));
    match (uid.parse(), gid.parse()) {
        (Ok(uid), Ok(gid)) => Ok(ImageUser { uid, gid }),
        _ => Err(Problem::argument(Argument::User, format!("`{text}` is not a user and group"))
            .hint("numbers are wanted, such as 9999 or 1000:0: Kubernetes cannot look names up")),
    }
}

fn read_copy(text: &str, uid: u32) -> Result<Copy, Problem> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, owner) = match parts.as_slice() {
        [source, target] if !source.is_empty() => (*source, *target, uid),
        [source, target, owner] if !source.is_empty() => {
            (*source, *target, read_owner(Argument::Copy, text, owner)?)
        }
        _ => {
            return Err(Problem::argument(
                Argument::Copy,
                format!("`{text}` is not SRC:DST or SRC:DST:UID"),
            )
            .hint(
                Argument::Copy.within("for example ", " udf.jar:/opt/flink/usrlib/udf.jar:9999"),
            ));
        }
    };
    let is_folder = target.ends_with('/');
    let mut target = absolute(Argument::Copy, target)?;
    if is_folder {
        let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
        target = format!("{}/{name}", target.trim_end_matches('/'));
    }
    Ok(Copy { source: source.to_owned(), target, owner })
}

fn read_directory(text: &str, uid: u32) -> Result<Directory, Problem> {
    let (path, owner) = match text.split_once(':') {
        None => (text, uid),
        Some((path, owner)) => (path, read_owner(Argument::Directory, text, owner)?),
    };
    Ok(Directory { path: absolute(Argument::Directory, path)?, owner })
}

fn read_owner(option: Argument, text: &str, owner: &str) -> Result<u32, Problem> {
    owner.parse().map_err(|_| {
        Problem::argument(option, format!("`{owner}` in `{text}` is not a user id"))
            .hint("a number is wanted, such as 9999")
    })
}

/// An absolute path without `.`, `..` and double slashes.
fn absolute(option: Argument, path: &str) -> Result<String, Problem> {
    let problem = |message: String| Problem::argument(option, message);
    if !path.starts_with('/') {
        return Err(problem(format!("`{path}` is not an absolute path of the image"))
            .hint(format!("did you mean `/{path}`?")));
    }
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(problem(format!("`{path}` leaves its directory with `..`")));
    }
    if parts.is_empty() {
        return Err(problem("`/` itself cannot be replaced".to_owned()));
    }
    Ok(format!("/{}", parts.join("/")))
}

fn pairs(
    option: Argument,
    texts: &[String],
    keep: &mut impl FnMut(Problem),
) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for text in texts {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
                pairs.push((name.to_owned(), value.to_owned()));
            }
            _ => keep(
                Problem::argument(option, format!("`{}` is not NAME=VALUE", text.escape_default()))
                    .hint(option.within("for example ", " TZ=Europe/Berlin")),
            ),
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: Words, expected: Result<ImageRequest, &[&str]>) {
        let actual = words
            .read()
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(actual, expected.map_err(|all| all.iter().map(ToString::to_string).collect()));
    }

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn official() -> ImageRequest {
        Words::default().read().unwrap()
    }

    #[test]
    fn nothing_said_is_the_official_image() {
        assert_eq!(official().flink_home, "/opt/flink");
        assert_eq!(official().user, ImageUser { uid: 9999, gid: 9999 });
    }

    #[test]
    fn copies_directories_and_variables() {
        let copy = |source: &str, target: &str, owner| Copy {
            source: source.to_owned(),
            target: target.to_owned(),
            owner,
        };
        check(
            Words {
                copies: texts(&["a.jar:/x/b.jar", "conf/:/etc/x/:0", "b:/c//./d:7"]),
                directories: texts(&["/opt/flink/flink-web-upload", "/data:1000"]),
                environment: texts(&["A=b=c", "EMPTY="]),
                user: Some("1000:0".to_owned()),
                ..Words::default()
            },
            Ok(ImageRequest {
                copies: vec![
                    copy("a.jar", "/x/b.jar", 1000),
                    copy("conf/", "/etc/x/conf", 0),
                    copy("b", "/c/d", 7),
                ],
                directories: vec![
                    Directory { path: "/opt/flink/flink-web-upload".to_owned(), owner: 1000 },
                    Directory { path: "/data".to_owned(), owner: 1000 },
                ],
                environment: vec![
                    ("A".to_owned(), "b=c".to_owned()),
                    ("EMPTY".to_owned(), String::new()),
                ],
                user: ImageUser { uid: 1000, gid: 0 },
                ..official()
            }),
        );
    }

    #[test]
    fn every_problem_at_once() {
        check(
            Words {
                flink_home: Some("opt/flink".to_owned()),
                copies: texts(&["a", ":/b", "a:b", "a:/b:root", "a:/../b"]),
                directories: texts(&["/", "x"]),
                environment: texts(&["=b"]),
                user: Some("flink".to_owned()),
                ..Words::default()
            },
            Err(&[
                "`User`: `flink` is not a user and group",
                "`FlinkHome`: `opt/flink` is not an absolute path of the image",
                "`Copy`: `a` is not SRC:DST or SRC:DST:UID",
                "`Copy`: `:/b` is not SRC:DST or SRC:DST:UID",
                "`Copy`: `b` is not an absolute path of the image",
                "`Copy`: `root` in `a:/b:root` is not a user id",
                "`Copy`: `/../b` leaves its directory with `..`",
                "`Directory`: `/` itself cannot be replaced",
                "`Directory`: `x` is not an absolute path of the image",
                "`Environment`: `=b` is not NAME=VALUE",
            ]),
        );
    }
}
