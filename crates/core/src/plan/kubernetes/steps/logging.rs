//! Logging of pods whose session says nothing about it.

use std::collections::BTreeMap;

use nutkin_flink::log4j;

/// The files of a session file, and log4j to the console where they hold nothing for a console.
pub(in crate::plan::kubernetes) fn files(
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut files = given.clone();
    if !files
        .keys()
        .any(|name| name.ends_with("-console.properties") || name.ends_with("-console.xml"))
    {
        files.insert("log4j-console.properties".to_owned(), log4j::CONSOLE_AND_FILE.to_owned());
    }
    files
}
