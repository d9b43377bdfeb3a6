//! `-o`: the form in which a command prints data.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use nutkin_flink::yaml;
use nutkin_shell::{Error, Kind};
use serde_json::Value;

use super::template::Template;
use crate::report::Printer;

/// How data is printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
    /// What other commands call each thing, a line for each.
    Name,
    /// Parts of the document.
    JsonPath(Template),
}

/// `-o`, for commands that print data.
#[derive(Debug, Clone, clap::Args)]
pub struct OutputArgs {
    /// How to print.
    #[arg(help = "How to print; jsonpath as kubectl writes it: jsonpath='{.items[*].name}'")]
    #[arg(long, short, value_parser = OutputParser, default_value = "text", value_name = "FORMAT")]
    pub output: Output,
}

impl Default for OutputArgs {
    fn default() -> Self {
        Self { output: Output::Text }
    }
}

/// Reads the word after `-o`, and knows what completions offer.
#[derive(Debug, Clone)]
struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Output, clap::Error> {
        StringValueParser::new().try_map(|text| read(&text)).parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = ["text", "json", "yaml", "name", "jsonpath=TEMPLATE"];
        Some(Box::new(words.into_iter().map(PossibleValue::new)))
    }
}

fn read(text: &str) -> Result<Output, String> {
    match text {
        "text" => Ok(Output::Text),
        "json" => Ok(Output::Json),
        "yaml" => Ok(Output::Yaml),
        "name" => Ok(Output::Name),
        _ => match text.strip_prefix("jsonpath=") {
            Some(template) => Template::read(template).map(Output::JsonPath),
            None => Err("it is not one of text, json, yaml, name, jsonpath=TEMPLATE".to_owned()),
        },
    }
}

impl Printer {
    /// A document in the form that `-o` asks for.
    ///
    /// # Errors
    /// It cannot be written as YAML, or nothing in it has a name.
    pub fn document(&self, output: &Output, document: &Value) -> Result<(), Error> {
        match output {
            Output::Text => {}
            Output::Json => self.json(document),
            Output::Yaml => self.out(&yaml::to_string(document)?),
            Output::Name => self.out(&names(document).ok_or_else(|| {
                let kind = document["kind"].as_str().unwrap_or_default();
                let message = format!("`-o name` prints nothing here: a {kind} has no name");
                Error::new(Kind::Invalid, message).hint("`-o json` prints all of it")
            })?),
            Output::JsonPath(template) => self.out(&template.filled(document)),
        }
        Ok(())
    }
}

/// Fields by which other commands take a thing, the first that it has.
const NAMES: [&str; 4] = ["id", "name", "key", "code"];

/// A line for each thing of a list, or for the one that the document is.
fn names(document: &Value) -> Option<String> {
    let name = |thing: &Value| {
        let of_object = thing["metadata"]["name"].as_str();
        let name = NAMES.iter().find_map(|field| thing[*field].as_str()).or(of_object)?;
        Some(format!("{name}\n"))
    };
    match document["items"].as_array() {
        Some(items) => items.iter().map(name).collect(),
        None => name(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms() {
        #[track_caller]
        fn check(text: &str, expected: Result<Output, &str>) {
            match (read(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{text}: {found}"),
                (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
            }
        }
        check("json", Ok(Output::Json));
        check("name", Ok(Output::Name));
        check("xml", Err("not one of text, json"));
        check("jsonpath={.a", Err("`}`"));
    }

    #[test]
    fn names_of_things() {
        #[track_caller]
        fn check(document: &Value, expected: Option<&str>) {
            assert_eq!(names(document).as_deref(), expected);
        }
        check(&json!({"items": [{"name": "a"}, {"name": "b"}]}), Some("a\nb\n"));
        check(&json!({"items": [{"id": "0a", "name": "a"}]}), Some("0a\n"));
        check(&json!({"items": []}), Some(""));
        check(&json!({"name": "a", "state": "RUNNING"}), Some("a\n"));
        check(&json!({"kind": "Plan"}), None);
    }
}
