//! `cargo xtask options`: makes the table of Flink's options from real distributions, and the page from it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use anyhow::{Result, bail, ensure};
use nutkin_flink::options::{self, OBSERVED};

use crate::java::Flink;
use crate::root::root;

/// Arguments of `cargo xtask options`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A distribution: 1.13.6=DIRECTORY; all of the table's versions, or none to write only the page
    #[arg(long, value_name = "VERSION=DIRECTORY")]
    flink: Vec<Flink>,
}

/// Writes `crates/flink/src/options/flink.tsv` and `docs/options.md`.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = root();
    if !args.flink.is_empty() {
        let mut merged: BTreeMap<String, Row> = BTreeMap::new();
        for (index, version) in OBSERVED.iter().enumerate() {
            let Some(flink) = args.flink.iter().find(|flink| flink.version == *version) else {
                bail!("the table needs Flink {version}: --flink {version}=DIRECTORY");
            };
            for option in listed(flink)? {
                let row = merged.entry(option.key.clone()).or_default();
                // The first of two classes with one key is the one without `@Deprecated`.
                if row.columns[index]
                    .as_ref()
                    .is_none_or(|seen| seen.deprecated && !option.deprecated)
                {
                    row.columns[index] = Some(option);
                }
            }
        }
        for key in OF_SCRIPTS {
            let Some(row) = merged.get_mut(*key) else { continue };
            let declared = row.columns.iter().flatten().next().cloned();
            for column in row.columns.iter_mut().filter(|column| column.is_none()) {
                column.clone_from(&declared);
            }
        }
        fs::write(root.join("crates/flink/src/options/flink.tsv"), table(&merged))?;
    }
    fs::create_dir_all(root.join("docs"))?;
    fs::write(root.join("docs/options.md"), options::page())?;
    Ok(())
}

#[derive(Default)]
struct Row {
    columns: [Option<Listed>; OBSERVED.len()],
}

/// Options that the scripts of all versions read (`config.sh`), and that only later versions declare.
const OF_SCRIPTS: &[&str] = &["env.java.home"];

/// One option of one version.
#[derive(Clone)]
struct Listed {
    key: String,
    type_name: String,
    default: String,
    old: String,
    deprecated: bool,
}

/// Packages whose options belong into `CREATE TABLE` and the like, not into a configuration.
const ELSEWHERE: &[&str] = &[
    "org.apache.flink.connector.",
    "org.apache.flink.formats.",
    "org.apache.flink.table.catalog.",
    "org.apache.flink.table.connector.",
    "org.apache.flink.table.factories.",
    "org.apache.flink.table.filesystem.",
    "org.apache.flink.table.module.",
    "org.apache.flink.table.runtime.",
    "org.apache.flink.table.secret.",
    "org.apache.flink.table.sinks.",
    "org.apache.flink.table.utils.",
];

fn listed(flink: &Flink) -> Result<Vec<Listed>> {
    let directory = tempfile::tempdir()?;
    let output = flink
        .program("OptionsProbe", directory.path())?
        .args(flink.jars()?)
        .stdout(Stdio::piped())
        .output()?;
    ensure!(output.status.success(), "the listing of Flink {} failed", flink.version);
    let mut options = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [class, _, key, type_name, default, old, deprecated] = columns[..] else {
            bail!("a line of the listing has {} columns", columns.len());
        };
        // Reporters and hints read keys without a dot behind a prefix of their own.
        let bare = !key.contains('.')
            && (!class.starts_with("org.apache.flink.configuration.")
                || key == "class"
                || key == "enabled");
        let internal = key.starts_with('$') || key.starts_with('?');
        if bare || internal || ELSEWHERE.iter().any(|package| class.starts_with(package)) {
            continue;
        }
        options.push(Listed {
            key: key.to_owned(),
            type_name: type_name.to_owned(),
            default: default.to_owned(),
            old: old.to_owned(),
            deprecated: deprecated == "true",
        });
    }
    Ok(options)
}

/// The table: key, versions, type, default, old spellings, newer spellings. See `options/table.rs`.
fn table(rows: &BTreeMap<String, Row>) -> String {
    let mut newer: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, row) in rows {
        for old in row.columns.iter().flatten().flat_map(|option| option.old.split(',')) {
            let old = old.trim_start_matches('~');
            let keys = newer.entry(old).or_default();
            if !old.is_empty() && !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
    }
    newer.remove("");
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for (key, row) in rows {
        let versions: String = ('a'..)
            .zip(&row.columns)
            .filter_map(|(letter, column)| {
                let deprecated = column.as_ref()?.deprecated;
                Some(if deprecated { letter.to_ascii_uppercase() } else { letter })
            })
            .collect();
        let columns = [
            key.clone(),
            versions,
            merged(row, |option| &option.type_name),
            merged(row, |option| &option.default),
            merged(row, |option| &option.old),
            newer.get(key.as_str()).map(|keys| keys.join(",")).unwrap_or_default(),
        ];
        lines.insert(key, columns.join("\t"));
    }
    for (old, keys) in &newer {
        lines.entry(old).or_insert_with(|| format!("{old}\t\t\t\t\t{}", keys.join(",")));
    }
    lines.values().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// One text where all versions agree, otherwise `ab=x ¦ cd=y`.
fn merged(row: &Row, column: impl Fn(&Listed) -> &str) -> String {
    let mut groups: Vec<(String, &str)> = Vec::new();
    for (letter, option) in ('a'..).zip(&row.columns) {
        let Some(option) = option else { continue };
        let text = column(option);
        match groups.iter_mut().find(|(_, seen)| *seen == text) {
            Some((letters, _)) => letters.push(letter),
            None => groups.push((letter.to_string(), text)),
        }
    }
    match &groups[..] {
        [(_, text)] => (*text).to_owned(),
        _ => groups
            .iter()
            .map(|(letters, text)| format!("{letters}={text}"))
            .collect::<Vec<_>>()
            .join(" ¦ "),
    }
}
