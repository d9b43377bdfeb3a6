//! `ENABLE_BUILT_IN_PLUGINS`: jars of Flink's `opt/` that shall be loaded as plugins.

use std::collections::BTreeMap;

use nutkin_flink::Problem;

/// What the shell sees of plugins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Available {
    /// Names of the jars in `opt/`.
    pub opt: Vec<String>,
    /// Folders in `plugins/`, each with its jars.
    pub plugins: BTreeMap<String, Vec<String>>,
}

/// Links that make a directory of plugins with the wanted ones in it: path below that directory, target. `None`
/// where nothing is wanted that is not there, and Flink's own directory does.
///
/// # Errors
/// Every wanted jar that is not in `opt/`, with those that are.
pub fn links(
    wanted: &str,
    flink_home: &str,
    available: &Available,
) -> Result<Option<BTreeMap<String, String>>, Vec<Problem>> {
    let wanted: Vec<&str> = wanted.split([';', ' ']).filter(|name| !name.is_empty()).collect();
    let mut jars: Vec<&String> = available.opt.iter().collect();
    jars.sort();
    let missing = wanted.iter().filter(|name| !available.opt.iter().any(|jar| jar == **name));
    let problems: Vec<Problem> = missing
        .map(|name| {
            let list: Vec<&str> = jars.iter().map(|jar| jar.as_str()).collect();
            let hint = match list.as_slice() {
                [] => format!("`{flink_home}/opt` has no jars"),
                list => format!("there are {}", list.join(", ")),
            };
            let hint = format!(
                "{hint}; an image has what it was built with from Apache's archive of Flink"
            );
            let message = format!("`{name}` is not in `{flink_home}/opt`");
            Problem::new("ENABLE_BUILT_IN_PLUGINS", message).hint(hint)
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let folder = |jar: &str| jar.strip_suffix(".jar").unwrap_or(jar).to_owned();
    let is_there = |jar: &str| {
        available.plugins.get(&folder(jar)).is_some_and(|jars| jars.iter().any(|one| one == jar))
    };
    if wanted.iter().all(|jar| is_there(jar)) {
        return Ok(None);
    }
    let mut links = BTreeMap::new();
    for (name, jars) in &available.plugins {
        let target = format!("{flink_home}/plugins/{name}");
        if wanted.iter().any(|jar| folder(jar) == *name) {
            links.extend(
                jars.iter().map(|jar| (format!("{name}/{jar}"), format!("{target}/{jar}"))),
            );
        } else {
            links.insert(name.clone(), target);
        }
    }
    for jar in wanted {
        links.insert(format!("{}/{jar}", folder(jar)), format!("{flink_home}/opt/{jar}"));
    }
    Ok(Some(links))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn available() -> Available {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Available {
            opt: texts(&["flink-s3-fs-hadoop-1.20.5.jar", "flink-cep-1.20.5.jar"]),
            plugins: BTreeMap::from([
                ("metrics-jmx".to_owned(), texts(&["jmx.jar"])),
                ("flink-cep-1.20.5".to_owned(), texts(&["flink-cep-1.20.5.jar", "x.jar"])),
            ]),
        }
    }

    #[test]
    fn wanted_ones_stand_beside_those_that_are_there() {
        let links = links("flink-s3-fs-hadoop-1.20.5.jar", "/f", &available()).unwrap().unwrap();
        let links: Vec<(&str, &str)> =
            links.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            links,
            [
                ("flink-cep-1.20.5", "/f/plugins/flink-cep-1.20.5"),
                (
                    "flink-s3-fs-hadoop-1.20.5/flink-s3-fs-hadoop-1.20.5.jar",
                    "/f/opt/flink-s3-fs-hadoop-1.20.5.jar"
                ),
                ("metrics-jmx", "/f/plugins/metrics-jmx"),
            ]
        );
    }

    #[test]
    fn nothing_to_do() {
        assert_eq!(links("", "/f", &available()), Ok(None));
        assert_eq!(links(";flink-cep-1.20.5.jar;", "/f", &available()), Ok(None));
    }

    #[test]
    fn all_missing_ones_are_told_with_what_there_is() {
        let problems = links("a.jar;b.jar", "/f", &available()).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert_eq!(
            problems[0].hint,
            Some(Box::new(
                "there are flink-cep-1.20.5.jar, flink-s3-fs-hadoop-1.20.5.jar; an image has what it was built with from Apache's \
                 archive of Flink"
                    .into()
            ))
        );
    }
}
