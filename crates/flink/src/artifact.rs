//! Where a jar comes from, as users write it: a path, a URL, or a Maven coordinate.

use std::fmt;
use std::str::FromStr;

/// A jar that a job or an option names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// A path of this machine, perhaps relative to the file that names it.
    Path(String),
    /// `https://host/a.jar`, and `#sha256=<64 hex digits>` where the user pins the content.
    Url {
        /// Without the fragment.
        url: String,
        /// The pinned SHA-256, lower case hex.
        sha256: Option<String>,
    },
    /// `mvn:group:artifact:version[:classifier]`.
    Maven(Coordinate),
}

/// The address of one jar in a Maven repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinate {
    /// `org.apache.flink`.
    pub group: String,
    /// `flink-examples-streaming`.
    pub artifact: String,
    /// `1.20.0`.
    pub version: String,
    /// `WordCount`.
    pub classifier: Option<String>,
}

/// Why a text names no jar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// Nothing there.
    #[error("the name of the jar is empty")]
    Empty,
    /// `mvn:` with too few, too many or odd parts.
    #[error("`{0}` is not a Maven coordinate: write mvn:group:artifact:version[:classifier]")]
    Coordinate(String),
    /// A scheme that Nutkin cannot read from.
    #[error("`{0}://` is not a scheme that jars can be read from: use a path, https:// or mvn:")]
    Scheme(String),
    /// A fragment that is not a checksum.
    #[error("`#{0}` is not a checksum: write #sha256= and 64 hex digits, or leave it out")]
    Fragment(String),
    /// A URL without a file at its end.
    #[error("`{0}` names no file: the address ends with a slash or has no path")]
    NoFile(String),
}

impl FromStr for Artifact {
    type Err = ArtifactError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(ArtifactError::Empty);
        }
        if let Some(coordinate) = text.strip_prefix("mvn:") {
            return coordinate.parse().map(Self::Maven);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            // `file:/a.jar` is how Java prints a file URI.
            return Ok(Self::Path(text.strip_prefix("file:").unwrap_or(text).to_owned()));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => Ok(Self::Path(rest.to_owned())),
            "http" | "https" => url(text),
            _ => Err(ArtifactError::Scheme(scheme.to_owned())),
        }
    }
}

fn url(text: &str) -> Result<Artifact, ArtifactError> {
    let (address, fragment) = match text.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (text, None),
    };
    let sha256 = fragment
        .map(|fragment| {
            fragment
                .strip_prefix("sha256=")
                .filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .map(str::to_ascii_lowercase)
                .ok_or_else(|| ArtifactError::Fragment(fragment.to_owned()))
        })
        .transpose()?;
    if url_file_name(address).is_none() {
        return Err(ArtifactError::NoFile(masked_url(address)));
    }
    Ok(Artifact::Url { url: address.to_owned(), sha256 })
}

/// The last segment of the path of a URL, if it names a file.
pub fn url_file_name(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let (_, name) = path.rsplit_once('/')?;
    (!name.is_empty() && name != "." && name != "..").then_some(name)
}

/// A URL as it may be printed: without the password it may carry and without its query, in which
/// signed addresses carry a secret.
pub fn masked_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("******@{host}"),
        None => authority.to_owned(),
    };
    let path = match path.split_once('?') {
        Some((path, _)) => format!("{path}?******"),
        None => path.to_owned(),
    };
    format!("{scheme}://{authority}{path}")
}

impl FromStr for Coordinate {
    type Err = ArtifactError;

    /// Reads what follows `mvn:`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ArtifactError::Coordinate(format!("mvn:{text}"));
        // Maven's own set of characters for ids; a slash or `..` would leave the cache directory.
        let fits = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b))
        };
        let parts: Vec<&str> = text.split(':').collect();
        if !parts.iter().all(|part| fits(part)) {
            return Err(wrong());
        }
        let (group, artifact, version, classifier) = match parts[..] {
            [group, artifact, version] => (group, artifact, version, None),
            [group, artifact, version, classifier] => (group, artifact, version, Some(classifier)),
            _ => return Err(wrong()),
        };
        Ok(Self {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            version: version.to_owned(),
            classifier: classifier.map(str::to_owned),
        })
    }
}

impl Coordinate {
    /// `flink-examples-streaming-1.20.0-WordCount.jar`.
    pub fn file_name(&self) -> String {
        let classifier = self.classifier.as_ref().map(|c| format!("-{c}")).unwrap_or_default();
        format!("{}-{}{classifier}.jar", self.artifact, self.version)
    }

    /// The folder of the jar below the root of a Maven repository, without slashes at its ends.
    pub fn folder(&self) -> String {
        format!("{}/{}/{}", self.group.replace('.', "/"), self.artifact, self.version)
    }

    /// Whether the content behind the coordinate may change.
    pub fn is_snapshot(&self) -> bool {
        self.version.ends_with("-SNAPSHOT")
    }

    /// `group:artifact:version:jar[:classifier]`, as Maven's plugins take it.
    pub fn for_plugin(&self) -> String {
        let classifier = self.classifier.as_ref().map(|c| format!(":{c}")).unwrap_or_default();
        format!("{}:{}:{}:jar{classifier}", self.group, self.artifact, self.version)
    }
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mvn:{}:{}:{}", self.group, self.artifact, self.version)?;
        match &self.classifier {
            Some(classifier) => write!(f, ":{classifier}"),
            None => Ok(()),
        }
    }
}

/// As it may be printed: secrets of a URL are masked.
impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Url { url, .. } => f.write_str(&masked_url(url)),
            Self::Maven(coordinate) => coordinate.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected` is the printed form, or part of the error.
    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        match (text.parse::<Artifact>(), expected) {
            (Ok(artifact), Ok(printed)) => assert_eq!(artifact.to_string(), printed, "{text:?}"),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{text:?}: {error}");
            }
            (actual, _) => panic!("{text:?}: {actual:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn names() {
        check("target/a.jar", Ok("target/a.jar"));
        check("file:///opt/a.jar", Ok("/opt/a.jar"));
        check("file:/opt/a.jar", Ok("/opt/a.jar"));
        check("https://host/x/a.jar", Ok("https://host/x/a.jar"));
        check("https://me:pw@host:81/a.jar?sig=1", Ok("https://******@host:81/a.jar?******"));
        check("mvn:g.h:a:1.0", Ok("mvn:g.h:a:1.0"));
        check("mvn:g:a:1.0:all", Ok("mvn:g:a:1.0:all"));
        check("", Err("empty"));
        check("mvn:g:a", Err("group:artifact:version"));
        check("mvn:g:a:1:c:jar", Err("not a Maven coordinate"));
        check("mvn:g:../a:1", Err("not a Maven coordinate"));
        check("mvn:g:a:..", Err("not a Maven coordinate"));
        check("s3://bucket/a.jar", Err("`s3://`"));
        check("https://host/", Err("names no file"));
        check("https://host", Err("names no file"));
        check("https://host/a.jar#sha1=00", Err("not a checksum"));
    }

    #[test]
    fn a_pinned_checksum_is_kept_apart_from_the_address() {
        let hex = "AB".repeat(32);
        let artifact: Artifact = format!("https://h/a.jar#sha256={hex}").parse().unwrap();
        let sha256 = Some(hex.to_lowercase());
        assert_eq!(artifact, Artifact::Url { url: "https://h/a.jar".to_owned(), sha256 });
    }

    #[test]
    fn coordinates_name_files() {
        let coordinate: Coordinate = "org.x:a:1.0:tests".parse().unwrap();
        assert_eq!(coordinate.file_name(), "a-1.0-tests.jar");
        assert_eq!(coordinate.folder(), "org/x/a/1.0");
        assert_eq!(coordinate.for_plugin(), "org.x:a:1.0:jar:tests");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_no_password_is_printed(text in "(https?://)?[a-z:@/?#.=]{0,40}") {
            if let Ok(artifact) = text.parse::<Artifact>() {
                let _ = artifact.to_string();
            }
            let masked = masked_url(&format!("https://user:hunter2@{text}"));
            proptest::prop_assert!(!masked.contains("hunter2"), "{}", masked);
        }
    }
}
