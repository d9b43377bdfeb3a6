//! What an image reference says about Flink.

use nutkin_flink::{FlinkVersion, version::LINES};

/// Sizes in the configuration of Flink's images (`flink-conf.yaml` and `config.yaml` of the distribution, 1.13 to 2.3).
pub(super) const SIZES: [(&str, &str); 2] =
    [("jobmanager.memory.process.size", "1600m"), ("taskmanager.memory.process.size", "1728m")];

/// Where the image keeps its configuration.
pub(super) const CONF: &str = "/opt/flink/conf";

/// The file there that every release up to 1.20 reads.
pub(super) const FLINK_CONF: &str = "/opt/flink/conf/flink-conf.yaml";

/// What takes the place of the image's options where it is mounted: other files of the directory leave them where they are.
pub(super) const CONF_OR_OPTIONS: [&str; 3] = [CONF, FLINK_CONF, "/opt/flink/conf/config.yaml"];

/// The tag of a reference, without digest; `None` where there is none.
pub(super) fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next()?;
    let last = name.rsplit('/').next()?;
    last.split_once(':').map(|(_, tag)| tag)
}

/// The names under which the Flink project publishes its images on Docker Hub (`library` has the short ones).
const PUBLISHED: [&str; 3] = ["flink", "library/flink", "apache/flink"];

/// Whether an image is one that the Flink project publishes, by its name: only there is the tag a release of Flink. Mirrors keep
/// the last two parts of the name.
pub(super) fn is_official(image: &str) -> bool {
    let name = name(image);
    let hub = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    let name = hub.iter().find_map(|hub| name.strip_prefix(hub)).unwrap_or(name);
    let is_mirrored = |published: &&str| {
        published.contains('/')
            && name.strip_suffix(*published).is_some_and(|mirror| mirror.ends_with('/'))
    };
    PUBLISHED.contains(&name) || PUBLISHED.iter().any(is_mirrored)
}

/// A reference without its tag and its digest.
pub(super) fn name(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    &name[..tag(name).map_or(name.len(), |tag| name.len() - tag.len() - 1)]
}

/// Whether an image is whatever Flink's newest release is: `latest`, no tag, or a tag of Java and Scala alone. That
/// has been a 2.x since 2.0.0 came out in March 2025.
pub(super) fn is_newest(image: &str) -> bool {
    let words = |tag: &str| tag == "latest" || tag.starts_with("java") || tag.starts_with("scala_");
    is_official(image) && !image.contains('@') && tag(image).is_none_or(words)
}

/// The image of a release, for one of the project's whose tag moves: with the words for Java and Scala of that tag.
pub(super) fn still(image: &str, release: FlinkVersion) -> String {
    let words = tag(image).filter(|tag| is_newest(image) && *tag != "latest");
    let words = words.map(|words| format!("-{words}")).unwrap_or_default();
    format!("{}:{release}{words}", name(image))
}

/// The Java of an image that the Flink project publishes: what the tag says, otherwise 11 for 1.x, and 17 for 2.x and what
/// is newest (tags without a Java, as Docker Hub lists them).
pub(super) fn java(image: &str) -> Option<u8> {
    if !is_official(image) || image.contains('@') {
        return None;
    }
    let named = tag(image).and_then(|tag| tag.rsplit_once("java"));
    if let Some((_, number)) = named {
        return number.parse().ok();
    }
    let is_2x = is_newest(image) || tag(image).is_some_and(|tag| numbers(tag).first() == Some(&2));
    Some(if is_2x { 17 } else { 11 })
}

/// Whether an image of Flink's own names a release of which Nutkin does not know the rules.
pub(super) fn is_unknown(image: &str) -> bool {
    let numbers = tag(image).map(numbers).unwrap_or_default();
    is_official(image)
        && 2 <= numbers.len()
        && !LINES.iter().any(|line| line.number == (numbers[0], numbers[1]))
        || is_old_mirror(image)
}

/// Whether an image is the `flink` of a registry itself, with a release from before all lines: `10.0.0.1:5000/flink:1.4.2`.
/// What it brings is only likely: a session of another release is not refused.
fn is_old_mirror(image: &str) -> bool {
    let numbers = tag(image).map(numbers).unwrap_or_default();
    let is_host = |host: &str| host.contains(['.', ':']);
    let first = LINES[0].number;
    name(image).split_once('/').is_some_and(|(host, rest)| is_host(host) && rest == "flink")
        && 3 == numbers.len()
        && (numbers[0], numbers[1]) < first
}

/// Numbers at the beginning of a tag: `1.13-scala_2.12` is 1 and 13.
pub(super) fn numbers(tag: &str) -> Vec<u16> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let end = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
    let mut numbers = Vec::new();
    for part in tag[..end].split('.') {
        match part.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => break,
        }
    }
    numbers
}

/// The Flink release of a tag such as `1.20.5-java17`, if Nutkin knows its line. A bare `1` or `2` moves
/// with the releases: the newest of that major number.
pub(super) fn version(tag: &str) -> Option<FlinkVersion> {
    match numbers(tag)[..] {
        [major] => LINES.iter().rev().find(|line| line.number.0 == major).map(|line| line.newest),
        [major, minor] => {
            LINES.iter().find(|line| line.number == (major, minor)).map(|line| line.newest)
        }
        [major, minor, patch, ..] => LINES
            .iter()
            .any(|line| line.number == (major, minor))
            .then_some(FlinkVersion::new(major, minor, patch)),
        [] => None,
    }
}

/// Whether an image is one of Flink, by the last part of its name.
pub(super) fn is_flink_image(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().is_some_and(|name| name.contains("flink"))
}

/// Whether an image is that of the Flink Kubernetes Operator, wherever it comes from.
pub(super) fn is_operator(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next() == Some("flink-kubernetes-operator")
}

/// Whether an image is one that the Flink project makes, or a copy of it in another registry: the last part of its name
/// is `flink`. What others call `flink-orders` counts its own releases.
pub(super) fn is_flinks_own(image: &str) -> bool {
    is_called_flink(image) && !is_bitnami(image)
}

fn is_called_flink(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next() == Some("flink")
}

/// Whether an image is one of Bitnami's: its releases are Flink's, its entrypoint, variables and directories are not.
pub(super) fn is_bitnami(image: &str) -> bool {
    is_called_flink(image) && image.split('/').any(|part| part.starts_with("bitnami"))
}

/// The release of Flink that an image says, where it is certain: images of the project and of Bitnami, whose releases are Flink's,
/// and tags with Flink's own words. What others call `team/flink` may count its own releases.
pub(super) fn release(image: &str) -> Option<FlinkVersion> {
    let tag = tag(image)?;
    let is_flinks_tag =
        || is_flink_image(image) && tag.contains("-scala_2.1") && 2 <= numbers(tag).len();
    let is_published = || is_official(image) || is_bitnami(image) && 2 <= numbers(tag).len();
    version(tag).filter(|_| is_published() || is_flinks_tag())
}

/// The release that the tag of somebody's own image may mean: of one that is called `flink`, otherwise all three numbers of a line
/// of Flink 1.x that no counting of one's own reaches soon. Nothing may be found wrong, left out or changed because of it.
pub(super) fn likely_release(image: &str) -> Option<FlinkVersion> {
    let tag = tag(image)?;
    let (count, version) = (numbers(tag).len(), version(tag)?);
    let is_likely = is_called_flink(image) && 2 <= count
        || is_flink_image(image) && 3 <= count && version.major == 1;
    is_likely.then_some(version)
}

/// The release that an image of Flink's says to the last number: `flink:1.20.5-java17` is not an other than 1.20.5.
pub(super) fn patch(image: &str) -> Option<FlinkVersion> {
    let numbers = numbers(tag(image)?);
    release(image).or_else(|| likely_release(image)).filter(|_| 3 <= numbers.len())
}

#[cfg(test)]
mod tests {
    use super::{is_newest, is_official, is_unknown, likely_release, patch, release, tag, version};
    use nutkin_flink::FlinkVersion;

    #[track_caller]
    fn check(image: &str, expected_tag: Option<&str>, expected: Option<&str>) {
        assert_eq!(tag(image), expected_tag, "{image}");
        let found = tag(image).and_then(version).map(|version| version.to_string());
        assert_eq!(found.as_deref(), expected, "{image}");
    }

    #[test]
    fn releases_to_the_last_number() {
        #[track_caller]
        fn check(image: &str, expected: Option<&str>) {
            assert_eq!(patch(image).map(|version| version.to_string()).as_deref(), expected);
        }
        check("flink:1.20.1-java17", Some("1.20.1"));
        check("apache/flink:1.14.0", Some("1.14.0"));
        check("flink:1.20", None);
        check("flink:latest", None);
        check("flink", None);
        check("docker.io/bitnami/flink:1.20.0-debian-12-r1", Some("1.20.0"));
        // A tag of somebody's own may count something else.
        check("acme/words:1.20.1", None);
    }

    /// What is certain, and what the tag may mean.
    #[test]
    fn releases_of_flinks_images_and_of_others() {
        #[track_caller]
        fn check(image: &str, certain: Option<&str>, likely: Option<&str>) {
            let text = |version: Option<FlinkVersion>| version.map(|version| version.to_string());
            assert_eq!(text(release(image)).as_deref(), certain, "{image}");
            assert_eq!(text(likely_release(image)).as_deref(), likely, "{image}");
        }
        check("flink:1.17.2", Some("1.17.2"), Some("1.17.2"));
        check("mirror.corp/hub/library/flink:1.17.2-java11", Some("1.17.2"), Some("1.17.2"));
        check("quay.corp/apache/flink:2.0.0", Some("2.0.0"), Some("2.0.0"));
        check("docker.io/bitnami/flink:1.20.0", Some("1.20.0"), Some("1.20.0"));
        check("registry.corp/flink:1.17.2-scala_2.12", Some("1.17.2"), Some("1.17.2"));
        check("team/flink:1.15.0", None, Some("1.15.0"));
        check("team/flink:2.1", None, Some("2.1.3"));
        check("team/flink-jobs:1.15.0", None, Some("1.15.0"));
        check("team/flink-jobs:2.1.0", None, None);
        check("team/flink-jobs:1.15", None, None);
        check("eu.gcr.io/p/flink:1.0.17", None, None);
        check("team/apacheflink:1.17.2", None, Some("1.17.2"));
        check("team/jobs:1.17.2", None, None);
    }

    #[test]
    fn images_of_the_project() {
        #[track_caller]
        fn check(image: &str, official: bool, newest: bool, unknown: bool) {
            let found = (is_official(image), is_newest(image), is_unknown(image));
            assert_eq!(found, (official, newest, unknown), "{image}");
        }
        check("flink:1.20.1", true, false, false);
        check("docker.io/library/flink:1.6-alpine", true, false, true);
        check("docker.io/apache/flink", true, true, false);
        check("flink:latest", true, true, false);
        check("flink:scala_2.12-java17", true, true, false);
        check("flink:latest@sha256:00", true, false, false);
        check("flink:1", true, false, false);
        check("mirror.corp:5000/hub/library/flink:1.6.0", true, false, true);
        check("10.0.0.1:5000/flink:1.4.2", false, false, true);
        check("10.0.0.1:5000/flink:7.4.2", false, false, false);
        check("10.0.0.1:5000/team/flink:1.4.2", false, false, false);
        check("shop/flink:latest", false, false, false);
        check("shop/flink:1.2.0", false, false, false);
        check("host:5000/flink", false, false, false);
        check("apache/flink-kubernetes-operator:1.6.0", false, false, false);
    }

    #[test]
    fn javas() {
        #[track_caller]
        fn check(image: &str, expected: Option<u8>) {
            assert_eq!(super::java(image), expected, "{image}");
        }
        check("flink:1.20.1-java17", Some(17));
        check("flink:1.20.1-scala_2.12-java8", Some(8));
        check("flink:1.20.1", Some(11));
        check("flink:2.0.0", Some(17));
        check("flink", Some(17));
        check("shop/flink:1.20.1-java17", None);
    }

    #[test]
    fn references() {
        check("flink:1.13-scala_2.12", Some("1.13-scala_2.12"), Some("1.13.6"));
        check("flink:1.14.0", Some("1.14.0"), Some("1.14.0"));
        check("flink:1", Some("1"), Some("1.20.5"));
        check("flink", None, None);
        check("host:5000/flink", None, None);
        check("host:5000/flink:1.4.2", Some("1.4.2"), None);
        check("flink:2.0.0-java17@sha256:00", Some("2.0.0-java17"), Some("2.0.0"));
        check("flink:latest", Some("latest"), None);
    }
}
