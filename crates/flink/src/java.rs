//! Which Java a Flink release runs on, and which of several installed ones to take.

use super::{Configuration, FlinkVersion, high_availability};

/// What is to be said of a Flink release on a Java version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// Flink was built and tested for it.
    Supported,
    /// Not tested by Flink, but it runs.
    Works {
        /// What to tell the user.
        warning: String,
    },
    /// It does not run, or the user asked for supported pairs only.
    Refused {
        /// What is wrong.
        message: String,
        /// What to install.
        hint: String,
    },
}

/// A Java installation as the shell found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// 8, 11, 17, 21...
    pub major: u8,
    /// How the user named it.
    pub named: Named,
}

/// How strongly the user asked for a Java. The order is the precedence, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Brought by Nutkin, because there was no other.
    Brought,
    /// Found where systems keep their Javas.
    Installed,
    /// First `java` of `PATH`.
    OnPath,
    /// `JAVA_HOME`.
    JavaHome,
    /// Option `env.java.home`: binding.
    Option,
}

/// First Java that 1.13 to 1.17 were not tested on and run on all the same.
///
/// Source: sessions and WordCount of 1.13.6 and 1.17.2 on OpenJDK 17 with the `--add-opens` that later
/// releases ship in their configuration.
const WORKS_UP_TO: u8 = 17;

/// The first release line that supports [`WORKS_UP_TO`] itself.
const SUPPORTS_17_SINCE: (u16, u16) = (1, 18);

/// What a session asks of its Java beside running Flink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// `nutkin.java.check: strict`: tested pairs only.
    pub strict: bool,
    /// High availability with ZooKeeper.
    pub zookeeper: bool,
}

impl Needs {
    /// What a configuration asks for.
    pub fn of(configuration: &Configuration) -> Self {
        let is = |value: Option<String>, word: &str| {
            value.is_some_and(|value| value.eq_ignore_ascii_case(word))
        };
        Self {
            strict: is(configuration.text("nutkin.java.check"), "strict"),
            zookeeper: is(high_availability(configuration), "zookeeper"),
        }
    }
}

/// The first release line with a ZooKeeper client that connects on Java 14 and later. Client 3.4 takes the host from the text of
/// an unresolved address, which has had `/<unresolved>` behind the host since Java 14 (JDK-8225499).
///
/// Source: 1.13.6 with its client 3.4.14 on OpenJDK 17 connects to no server; 1.15 dropped client 3.4 (FLINK-25146).
const ZOOKEEPER_ON_14_SINCE: (u16, u16) = (1, 15);

/// The first Java whose unresolved addresses client 3.4 misreads.
const MISREAD_SINCE: u8 = 14;

/// Judges a pair.
pub fn check(flink: FlinkVersion, java: u8, needs: Needs) -> Support {
    let line = flink.line();
    if line.java.contains(&java) {
        return Support::Supported;
    }
    let Needs { strict, zookeeper } = needs;
    let newest = line.java.last().copied().unwrap_or(java);
    let works = line.number < SUPPORTS_17_SINCE && java > newest && java <= WORKS_UP_TO;
    let cannot_connect = zookeeper && line.number < ZOOKEEPER_ON_14_SINCE && MISREAD_SINCE <= java;
    if works && !strict && !cannot_connect {
        let warning = format!(
            "Flink {flink} was tested on Java {}, not on {java}: it runs with added `--add-opens`; \
             `nutkin.java.check: strict` would refuse it",
            listed(line.java)
        );
        return Support::Works { warning };
    }
    let message = if works && cannot_connect {
        format!(
            "the ZooKeeper client of Flink {flink} connects to no server on Java {java}: it needs {}",
            listed(line.java)
        )
    } else if works {
        format!(
            "Flink {flink} was not tested on Java {java} (it was on {}), and \
             `nutkin.java.check: strict` asks for tested pairs only",
            listed(line.java)
        )
    } else {
        format!("Flink {flink} does not run on Java {java}: it needs {}", listed(line.java))
    };
    Support::Refused { message, hint: install_hint(flink, needs) }
}

/// What to type to get a Java that this Flink runs on, for the common package managers: the newest
/// that all of them package, which is 17; where only a tested one will do, perhaps an older one.
pub fn install_hint(flink: FlinkVersion, needs: Needs) -> String {
    let newest = flink.line().java.last().copied().unwrap_or(WORKS_UP_TO);
    let version =
        if needs.strict || needs.zookeeper { newest.min(WORKS_UP_TO) } else { WORKS_UP_TO };
    format!(
        "install Java {version}: `apt install openjdk-{version}-jdk-headless`, `dnf install \
         java-{version}-openjdk-headless` or `brew install openjdk@{version}`; or set JAVA_HOME \
         to one"
    )
}

/// The Java to bring to a machine that has none for this Flink: the one that it was tested on of those that each source has,
/// which is 17; before 1.18 it is 11.
pub fn to_bring(flink: FlinkVersion) -> u8 {
    let java = flink.line().java;
    if java.contains(&WORKS_UP_TO) {
        WORKS_UP_TO
    } else {
        java.last().copied().unwrap_or(WORKS_UP_TO)
    }
}

/// Index of the Java to take, if there is any that runs this Flink or is named by `env.java.home`. The rules, strongest first:
///
/// 1. `env.java.home` is taken, whatever it is: the user said so in so many words.
/// 2. Supported before merely working.
/// 3. Among equals `JAVA_HOME`, then the `java` of `PATH`, then one that the system has, then one that Nutkin brought.
/// 4. Among equals the highest version.
pub fn choose(flink: FlinkVersion, needs: Needs, candidates: &[Candidate]) -> Option<usize> {
    let rank = |candidate: &Candidate| match check(flink, candidate.major, needs) {
        Support::Supported => 2,
        Support::Works { .. } => 1,
        Support::Refused { .. } => 0,
    };
    let key = |candidate: &Candidate| {
        let option = candidate.named == Named::Option;
        (option, rank(candidate), candidate.named, candidate.major)
    };
    // The first of equals: candidates come in the order of the search.
    let runs = |index: &usize| {
        let candidate = &candidates[*index];
        candidate.named == Named::Option || rank(candidate) != 0
    };
    (0..candidates.len()).rev().filter(runs).max_by_key(|&index| key(&candidates[index]))
}

fn listed(versions: &[u8]) -> String {
    match versions {
        [] => "none".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("{} or {last}", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Named::{Brought, Installed, JavaHome, OnPath, Option as ByOption};

    /// `expected`: `ok`, or part of the warning or message.
    #[track_caller]
    fn check_pair(flink: &str, java: u8, strict: bool, expected: &str) {
        check_needs(flink, java, Needs { strict, zookeeper: false }, expected);
    }

    #[track_caller]
    fn check_needs(flink: &str, java: u8, needs: Needs, expected: &str) {
        let text = match check(flink.parse().unwrap(), java, needs) {
            Support::Supported => "ok".to_owned(),
            Support::Works { warning } => format!("works: {warning}"),
            Support::Refused { message, hint } => format!("refused: {message}; {hint}"),
        };
        assert!(text.contains(expected), "{flink} on {java}: {text}");
    }

    #[test]
    fn pairs() {
        check_pair("1.20.5", 8, false, "ok");
        check_pair("1.20.5", 17, true, "ok");
        check_pair("2.3.0", 21, false, "ok");
        check_pair(
            "2.3.0",
            8,
            false,
            "refused: Flink 2.3.0 does not run on Java 8: it needs 11, 17 or 21",
        );
        check_pair("2.3.0", 8, false, "apt install openjdk-17-jdk-headless");
        check_pair("2.3.0", 25, false, "refused");
        check_pair(
            "1.13.6",
            17,
            false,
            "works: Flink 1.13.6 was tested on Java 8 or 11, not on 17",
        );
        check_pair("1.17.2", 17, false, "works");
        check_pair("1.17.2", 17, true, "refused: Flink 1.17.2 was not tested on Java 17");
        check_pair("1.17.2", 17, true, "openjdk-11-jdk-headless");
        check_pair("1.17.2", 21, false, "refused");
        check_pair("1.13.6", 7, false, "refused");
    }

    #[test]
    fn zookeeper_on_a_java_of_which_its_client_knows_nothing() {
        let needs = Needs { strict: false, zookeeper: true };
        check_needs(
            "1.13.6",
            17,
            needs,
            "refused: the ZooKeeper client of Flink 1.13.6 connects to no server on Java 17: it needs 8 or 11; \
             install Java 11",
        );
        check_needs("1.14.6", 17, needs, "refused");
        check_needs("1.13.6", 11, needs, "ok");
        check_needs("1.15.4", 17, needs, "works");
        check_needs("1.20.5", 17, needs, "ok");
        check_needs("1.13.6", 17, Needs::default(), "works");
    }

    #[test]
    fn needs_of_configurations() {
        #[track_caller]
        fn check(options: &[(&str, &str)], strict: bool, zookeeper: bool) {
            let pairs = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            assert_eq!(Needs::of(&pairs.collect()), Needs { strict, zookeeper }, "{options:?}");
        }
        check(&[], false, false);
        check(&[("nutkin.java.check", "strict")], true, false);
        check(&[("high-availability", "ZooKeeper")], false, true);
        check(&[("high-availability.type", "zookeeper")], false, true);
        check(&[("high-availability.type", "kubernetes")], false, false);
    }

    #[track_caller]
    fn check_choice(flink: &str, strict: bool, found: &[(u8, Named)], expected: Option<u8>) {
        let candidates: Vec<Candidate> =
            found.iter().map(|&(major, named)| Candidate { major, named }).collect();
        let needs = Needs { strict, zookeeper: false };
        let chosen = choose(flink.parse().unwrap(), needs, &candidates);
        assert_eq!(chosen.map(|index| candidates[index].major), expected, "{flink} {found:?}");
    }

    #[test]
    fn choices() {
        check_choice("1.20.5", false, &[], None);
        check_choice(
            "1.20.5",
            false,
            &[(11, Installed), (21, Installed), (17, Installed)],
            Some(21),
        );
        check_choice("1.20.5", false, &[(25, Installed), (17, Installed)], Some(17));
        check_choice("1.20.5", false, &[(25, JavaHome), (17, Installed)], Some(17));
        check_choice("1.20.5", false, &[(11, JavaHome), (21, Installed)], Some(11));
        check_choice("1.20.5", false, &[(17, OnPath), (21, Installed)], Some(17));
        check_choice("1.20.5", false, &[(25, ByOption), (17, JavaHome)], Some(25));
        check_choice("1.13.6", false, &[(17, JavaHome), (11, Installed)], Some(11));
        check_choice("1.13.6", false, &[(21, OnPath), (17, Installed)], Some(17));
        check_choice("1.13.6", false, &[(25, OnPath)], None);
        check_choice("1.13.6", false, &[(25, OnPath), (11, Brought)], Some(11));
        check_choice("1.20.5", false, &[(21, Brought), (17, Installed)], Some(17));
    }

    #[test]
    fn what_is_brought() {
        #[track_caller]
        fn check(flink: &str, expected: u8) {
            assert_eq!(to_bring(flink.parse().unwrap()), expected, "{flink}");
        }
        check("1.13.6", 11);
        check("1.17.2", 11);
        check("1.18.1", 17);
        check("2.3.0", 17);
    }
}
