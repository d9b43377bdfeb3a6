//! Where jars that were submitted are kept: `nutkin.jars.store`.

use nutkin_flink::{Configuration, Problem};

/// The option that says it.
pub const STORE: &str = "nutkin.jars.store";

/// Where JobManagers mount the claim that is made for them: not a directory of Flink's images.
pub const CLAIM_DIRECTORY: &str = "/opt/flink/kept-jars";

/// Where JobManagers put jars that are uploaded. With a directory of the user's own, no claim is made.
pub const UPLOADS: &str = "web.upload.dir";

/// The value that stands for a claim of the session.
const CLAIM: &str = "claim";

/// Schemes of object stores.
const SCHEMES: [&str; 3] = ["s3", "gs", "abfs"];

/// Where a session keeps jars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JarStore {
    /// In the state directory of whoever submits them.
    Machine,
    /// In this directory, which several machines may share.
    Directory(String),
    /// Where its JobManagers put what is uploaded, on a claim that outlives them.
    Claim,
    /// In an object store, below this address.
    Bucket(String),
}

impl JarStore {
    /// The store that options name.
    ///
    /// # Errors
    /// The value is not a store.
    pub fn of(options: &Configuration) -> Result<Self, Problem> {
        let Some(text) = options.text(STORE) else { return Ok(Self::Machine) };
        let text = text.trim();
        if text == CLAIM {
            return Ok(Self::Claim);
        }
        let path = text.strip_prefix("file://").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Directory(path.to_owned()));
        }
        let is_bucket = text.split_once("://").is_some_and(|(scheme, rest)| {
            SCHEMES.contains(&scheme) && !rest.trim_matches('/').is_empty()
        });
        if is_bucket {
            return Ok(Self::Bucket(text.trim_end_matches('/').to_owned()));
        }
        Err(Problem::new(STORE, format!("`{text}` is not a place for jars"))
            .hint("write `claim`, the absolute path of a directory, or s3://BUCKET/PREFIX"))
    }
}

/// The directory in which JobManagers with a claim keep what is uploaded, as they read it.
pub fn directory_of_claim(options: &Configuration) -> String {
    let said = options.text(UPLOADS).filter(|text| !text.trim().is_empty());
    said.unwrap_or_else(|| CLAIM_DIRECTORY.to_owned())
}

/// A session whose jars are to be kept on a claim, where there are no claims.
pub(crate) fn without_claims(options: &Configuration) -> Result<(), Problem> {
    match JarStore::of(options)? {
        JarStore::Claim => Err(Problem::new(STORE, "claims exist only on Kubernetes")
            .hint("leave it out: jars are kept on this machine")),
        JarStore::Machine | JarStore::Directory(_) | JarStore::Bucket(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores() {
        #[track_caller]
        fn check(value: Option<&str>, expected: Option<JarStore>) {
            let options: Configuration = value.map(|value| (STORE, value)).into_iter().collect();
            assert_eq!(JarStore::of(&options).ok(), expected, "{value:?}");
        }
        let directory = || Some(JarStore::Directory("/mnt/jars".to_owned()));
        let bucket = |text: &str| Some(JarStore::Bucket(text.to_owned()));
        check(None, Some(JarStore::Machine));
        check(Some("claim"), Some(JarStore::Claim));
        check(Some("/mnt/jars"), directory());
        check(Some("file:///mnt/jars"), directory());
        check(Some("s3://b/jars/"), bucket("s3://b/jars"));
        check(Some("gs://b"), bucket("gs://b"));
        check(
            Some("abfs://c@a.dfs.core.windows.net/x"),
            bucket("abfs://c@a.dfs.core.windows.net/x"),
        );
        for wrong in ["", "jars", "Claim", "s3://", "s3:///", "hdfs://n/jars", "https://b/jars"] {
            check(Some(wrong), None);
        }
    }

    #[test]
    fn a_claim_is_one_of_kubernetes() {
        let options = |value| -> Configuration { [(STORE, value)].into_iter().collect() };
        assert!(without_claims(&options("claim")).is_err());
        assert!(without_claims(&options("/mnt/jars")).is_ok());
        assert!(without_claims(&Configuration::new()).is_ok());
    }
}
