//! Golden cases were answered by Flink 1.13.6, 1.17.2, 1.20.5 and 2.3.0.

use proptest::prelude::*;

use super::*;
use crate::notation::{self, Value, emit};
use crate::{FlinkVersion, Origin};

/// What is read: `key=text` for each entry, or the number of problems.
#[track_caller]
fn check(dialect: Dialect, text: &str, expected: Result<&[&str], usize>) {
    let found = read(dialect, text, "f").map(|reading| {
        reading.configuration.iter().map(|(k, e)| format!("{k}={}", e.value)).collect::<Vec<_>>()
    });
    match (&found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
        (Err(found), Err(expected)) => assert_eq!(found.len(), expected, "{text}: {found:?}"),
        _ => panic!("{text}: {found:?} is not {expected:?}"),
    }
}

#[track_caller]
fn yaml(text: &str, expected: Result<&[&str], usize>) {
    check(Dialect::ConfigYaml, text, expected);
}

#[track_caller]
fn conf(text: &str, expected: &[&str]) {
    check(Dialect::FlinkConf, text, Ok(expected));
}

#[test]
fn lines_of_flink_conf() {
    conf("a: 1\na: 2\n", &["a=2"]);
    conf(" b : x # y\n", &["b=x"]);
    conf("c:d\ne: \n: z\n#x\n\n", &[]);
    conf("f: ''\ng: \"q\"\nh: :i: j", &["f=''", "g=\"q\"", "h=:i: j"]);
    conf("a: 1\r\nb: 2\rc: 3", &["a=1", "b=2", "c=3"]);
    conf("a: pass#word", &["a=pass"]);
    conf("\u{feff}a: 1", &["\u{feff}a=1"]);
    conf("a: {k: v}\nb: 007", &["a={k: v}", "b=007"]);
}

#[test]
fn warnings_of_flink_conf_have_lines_and_no_values() {
    let reading =
        read(Dialect::FlinkConf, "a: 1\nbad\n\na: 2 # c\np: my#secret\nq: #\n", "f").unwrap();
    let lines: Vec<_> = reading
        .warnings
        .iter()
        .map(|w| (w.location.as_ref().unwrap().line, w.path.as_str()))
        .collect();
    assert_eq!(lines, [(Some(2), ""), (Some(4), "a"), (Some(5), "p"), (Some(6), "")]);
    assert!(!format!("{:?}", reading.warnings).contains("secret"));
    assert_eq!(reading.configuration.get("a").unwrap().origin, Origin::File("f".to_owned(), 4));
}

#[test]
fn scalars_of_config_yaml() {
    yaml(
        "a: 007\nb: 0x1F\nc: 1e3\nd: 1.50\ne: 0o17\nf: +5\ng: -0\n",
        Ok(&["a=7", "b=31", "c=1000.0", "d=1.5", "e=15", "f=5", "g=0"]),
    );
    yaml(
        "a: .5\nb: 5.\nc: 1e400\nd: -.Inf\ne: .NaN\nf: 1e10\ng: 1e-5\nh: -0.0\ni: 123456789.0\n",
        Ok(&[
            "a=0.5",
            "b=5.0",
            "c=.inf",
            "d=-.inf",
            "e=.nan",
            "f=1.0E10",
            "g=1.0E-5",
            "h=-0.0",
            "i=1.23456789E8",
        ]),
    );
    yaml(
        "a: True\nb: yes\nc: 1_000\nd: 12:30:00\ne: 2024-01-01\nf: <<\ng: =\nh: nULL\ni: -0x1\nj: -.nan\n",
        Ok(&[
            "a=true",
            "b=yes",
            "c=1_000",
            "d=12:30:00",
            "e=2024-01-01",
            "f=<<",
            "g==",
            "h=nULL",
            "i=-0x1",
            "j=-.nan",
        ]),
    );
    yaml(
        "a: 12345678901234567890123\nb: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n",
        Ok(&["a=12345678901234567890123", "b=87112285931760246646623899502532662132735"]),
    );
    yaml(
        "a: !!str 123\nb: !!int \"7\"\nc: !!float 1\nd: !!bool \"true\"\ne: ! 5\nf: ${HOME}\ng: !!str\n",
        Ok(&["a=123", "b=7", "c=1.0", "d=true", "e=5", "f=${HOME}", "g="]),
    );
    yaml(
        "a: |\n  two\n  lines\nb: >-\n  folded\n  text\nc: \"\\t\"\nd: 'it''s'\n",
        Ok(&["a=two\nlines\n", "b=folded text", "c=\t", "d=it's"]),
    );
    yaml("a: +.inf", Err(1));
    yaml("a: !!int abc", Err(1));
    yaml("a: !foo x", Err(1));
}

#[test]
fn collections_of_config_yaml() {
    yaml(
        "a: {k: v, l.m: n, o: {p: q}}\nb: {}\nc: []\n",
        Ok(&["a.k=v", "a.l.m=n", "a.o.p=q", "c=[]"]),
    );
    yaml(
        "a: [a, 1, '1', 1e3, true, 'true', {k: v, 'n': 1}, [x, 'y,z'], null, ~, 'a: b', '', it's]",
        Ok(&[
            "a=[a, 1, '1', 1000.0, true, 'true', {k: v, n: 1}, [x, 'y,z'], null, null, 'a: b', '', it's]",
        ]),
    );
    yaml("a:\n- x\n- {k: v}\n", Ok(&["a=[x, {k: v}]"]));
    yaml("a: &x {k: v}\nb: *x\nc: [1, *x]\n", Ok(&["a.k=v", "b.k=v", "c=[1, {k: v}]"]));
    yaml("a.b: 1\na:\n  b: 2\n", Ok(&["a.b=2"]));
    yaml("a:\n  b: 2\na.b: 1\n", Ok(&["a.b=1"]));
    yaml("a: x\na.b: y\n", Ok(&["a=x", "a.b=y"]));
    yaml("d:\n  <<: {k: v}\n", Ok(&["d.<<.k=v"]));
    yaml("~: x\n'': y\na..b: z\n", Ok(&["=y", "a..b=z", "null=x"]));
    yaml("\u{feff}a: x\r\nb: y\r\n", Ok(&["a=x", "b=y"]));
    yaml("", Ok(&[]));
    yaml("# nothing\n", Ok(&[]));
    yaml("--- \na: x\n...\n", Ok(&["a=x"]));
    yaml("%YAML 1.1\n---\na: yes\n", Ok(&["a=yes"]));
}

#[test]
fn what_flink_refuses_in_config_yaml() {
    yaml("a:\nb: {c: , d: null}\n1: x\ntrue: y\n", Err(5));
    yaml("a: x\nb: 1\na: y\n", Err(1));
    yaml("a: x\n---\nb: y\n", Err(1));
    yaml("- a\n", Err(1));
    yaml("just text\n", Err(1));
    yaml("a: b: c\n", Err(1));
    yaml("a: @x\n", Err(1));
    yaml("a: %x\n", Err(1));
    yaml("a: *nope\n", Err(1));
    yaml("? [x]\n: y\n", Err(1));
    yaml("a: 'x\n", Err(1));
    yaml("a: &x [*x]\n", Err(1));
}

#[test]
fn tabs_are_no_blanks() {
    for good in [
        "a: x\t\n",
        "a: x\t# c\nb: y\n",
        "a: [a\t, b]\n",
        "a\t: x\n",
        "a: b\tc\n",
        "a: |\n  x\ty\n",
        "a: # x\ty\n  b\n",
        "#\tc\na: x\n",
        "a: 1\t\n",
        "a: x\t\n\nb: y\n",
        "? a\t\n: b\n",
        "a: >-\n  x\n  \ty\n",
    ] {
        assert!(read(Dialect::ConfigYaml, good, "f").is_ok(), "{good:?}");
    }
    for bad in [
        "a: \"x\"\t\n",
        "a: \"x\"\t# c\n",
        "a: [a,\tb]\n",
        "a: x\n\t# c\nb: y\n",
        "a: x\n\t\nb: y\n",
        "a: x\n \t\nb: y\n",
        "a:\tx\n",
        "a: \tx\n",
        "\"a\"\t: x\n",
        "a: {k:\tv}\n",
        "a:\n  - \tb\n",
        "a:\n  -\tb\n",
        "a: b\n\tc\n",
        "a: b\n \tc\n",
        "a: |\n  x\n\t\nb: y\n",
        "a: x\n\t",
        "a: [a,\n\tb]\n",
        "a: x\n\n\t\n",
        "a: &x\ty\n",
        "a: !!str\ty\n",
        "a:\t\n  b: c\n",
        "\ta: x\n",
        "a: |\t\n  x\n",
        "---\t\na: x\n",
    ] {
        yaml(bad, Err(1));
    }
}

#[test]
fn problems_of_config_yaml_have_lines_and_no_values() {
    let problems =
        read(Dialect::ConfigYaml, "a: 1\nb:\n  c:\npassword: 'hunter2\n", "f").unwrap_err();
    assert!(!format!("{problems:?}").contains("hunter2"));
    let problems = read(Dialect::ConfigYaml, "a: 1\nb:\n  c:\nd: x\n", "f").unwrap_err();
    assert_eq!(problems[0].to_string(), "f:3: `b.c`: has no value; Flink does not start with it");
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..20 {
        let previous = format!("*a{}, ", i - 1).repeat(9);
        text.extend([format!("a{i}: &a{i} [{previous}]\n")]);
    }
    yaml(&text, Err(1));
}

#[track_caller]
fn check_written(dialect: Dialect, entries: &[(&str, &str)], expected: Result<&str, usize>) {
    let configuration: Configuration = entries.iter().copied().collect();
    let written = write(dialect, &configuration);
    assert_eq!(written.as_deref().map_err(Vec::len), expected);
}

#[test]
fn flink_conf_is_written() {
    let dialect = Dialect::FlinkConf;
    check_written(
        dialect,
        &[("b", "x y"), ("a.c", "007"), ("a", "1")],
        Ok("a: 1\na.c: 007\nb: x y\n"),
    );
    check_written(
        dialect,
        &[("a", "x#y"), ("b", ""), ("c", " x"), ("d", "x\ny"), ("e: f", "g")],
        Err(5),
    );
    let mut configuration = Configuration::new();
    let list = vec![Value::from("a;b"), Value::Int(7)];
    configuration.set("l", Value::List(list), Origin::CommandLine);
    assert_eq!(write(dialect, &configuration), Ok("l: 'a;b';7\n".to_owned()));
}

#[test]
fn config_yaml_is_written() {
    let dialect = Dialect::ConfigYaml;
    let nested = "a:\n  b:\n    c: x\n    d: '1'\n  e: 'true'\nf: ''\n";
    check_written(
        dialect,
        &[("a.b.c", "x"), ("a.b.d", "1"), ("a.e", "true"), ("f", "")],
        Ok(nested),
    );
    check_written(
        dialect,
        &[("", "x"), ("a..b", "y"), ("true", "z")],
        Ok("? ''\n: x\na:\n  ? ''\n  : b: y\n'true': z\n"),
    );
    check_written(dialect, &[("a", "1"), ("a.b", "2"), ("c.", "3")], Err(2));
    check_written(dialect, &[], Ok("{}\n"));
    let long = "k".repeat(128);
    check_written(dialect, &[(&long, "x")], Ok(&format!("? {long}\n: x\n")));
    let mut configuration = Configuration::new();
    configuration.set("a", Value::Bool(true), Origin::CommandLine);
    configuration.set("b", Value::Float(1e10), Origin::CommandLine);
    configuration.set(
        "c",
        Value::List(vec!["x".into(), "1".into(), Value::Int(1)]),
        Origin::CommandLine,
    );
    let expected = "a: true\nb: 1.0E10\nc: '[x, ''1'', 1]'\n";
    assert_eq!(write(dialect, &configuration), Ok(expected.to_owned()));
}

#[test]
fn a_conflict_names_the_new_spelling() {
    let entries =
        [("kubernetes.container.image", "x"), ("kubernetes.container.image.pull-policy", "Always")];
    let configuration: Configuration = entries.into_iter().collect();
    let problems = write(Dialect::ConfigYaml, &configuration).unwrap_err();
    let hint =
        "`kubernetes.container.image` is an old spelling: write `kubernetes.container.image.ref`";
    assert_eq!(problems[0].hint, Some(Box::new(hint.into())));
}

#[track_caller]
fn check_quoted(text: &str, block: &str, in_flow: &str) {
    assert_eq!(emit::quote(text, emit::Place::Block), block, "{text:?} in a block");
    assert_eq!(emit::quote(text, emit::Place::Flow), in_flow, "{text:?} in a flow");
}

#[test]
fn quotes() {
    for same in
        ["a b  c", "é", "😀", "-a", "a-", "+", "0x", "1e", "a\\b", "a\"b", "a'", "$A", "<<", "."]
    {
        check_quoted(same, same, same);
    }
    for quoted in [
        "",
        "007",
        "1.",
        ".5",
        "true",
        "NULL",
        "~",
        "${A}",
        "${ A:-b }",
        "---",
        "...",
        "a:",
        "a #b",
        " a",
        "a ",
        "[",
        "'a",
        "\"a",
        "-",
        "- a",
        "? a",
        ": a",
        "%a",
        "@a",
        "`",
        "!",
        "&a",
        "*a",
        ">",
        "|",
        "?",
        ":",
        "#",
        ",",
    ] {
        let expected = format!("'{}'", quoted.replace('\'', "''"));
        check_quoted(quoted, &expected, &expected);
    }
    for only_flow in
        ["a :b", "a, b", "a[", "a]b", "a?", "?a", ":a", "a{b", "1:2", "a,b", "${A:-b c}", "${}"]
    {
        check_quoted(only_flow, only_flow, &format!("'{only_flow}'"));
    }
    for (text, quoted) in [
        ("a\tb", r#""a\tb""#),
        ("a\nb", r#""a\nb""#),
        ("\u{7f}", r#""\x7f""#),
        ("\u{85}", r#""\N""#),
        ("\u{2028}", r#""\L""#),
        ("\u{fffe}", r#""\ufffe""#),
        ("\0", r#""\0""#),
    ] {
        check_quoted(text, quoted, quoted);
    }
}

#[test]
fn which_file_is_loaded() {
    let version = |minor| FlinkVersion::new(1, minor, 0);
    let v2 = FlinkVersion::new(2, 0, 0);
    assert_eq!(Dialect::loaded(version(18), false, true), None);
    assert_eq!(Dialect::loaded(version(18), true, true), Some(Dialect::FlinkConf));
    assert_eq!(Dialect::loaded(version(19), true, true), Some(Dialect::FlinkConf));
    assert_eq!(Dialect::loaded(version(20), false, true), Some(Dialect::ConfigYaml));
    assert_eq!(Dialect::loaded(v2, true, true), Some(Dialect::ConfigYaml));
    assert_eq!(Dialect::loaded(v2, true, false), None);
    assert_eq!(Dialect::for_version(version(18)), Dialect::FlinkConf);
    assert_eq!(Dialect::for_version(version(19)), Dialect::ConfigYaml);
}

/// Keys as users write them, and worse.
fn any_key() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,3}(\\.[a-z0-9-]{1,3}){0,3}", "[ -~é]{0,6}"]
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        ".*".prop_map(Value::Text),
        "[ -~]{0,8}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Int(n.into())),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |f| !f.is_nan())
            .prop_map(Value::Float),
    ];
    scalar.prop_recursive(2, 8, 4, |inner| {
        proptest::collection::vec(inner, 0..4).prop_map(Value::List)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entries in proptest::collection::btree_map(any_key(), any_value(), 0..6)) {
        let configuration: Configuration = entries.into_iter().collect();
        for dialect in [Dialect::FlinkConf, Dialect::ConfigYaml] {
            let Ok(text) = write(dialect, &configuration) else { continue };
            let again = read(dialect, &text, "f").map(|reading| reading.configuration);
            let Ok(again) = again else { return Err(TestCaseError::fail(format!("{text:?}: {again:?}"))) };
            prop_assert_eq!(again.len(), configuration.len(), "{:?}", text);
            for (key, entry) in configuration.iter() {
                let found = again.get(key).map(|e| &e.value);
                let found_text = found.map(ToString::to_string);
                match (dialect, &entry.value) {
                    // `flink-conf.yaml` has a notation of its own for lists.
                    (Dialect::FlinkConf, Value::List(_) | Value::Map(_)) => {}
                    (Dialect::ConfigYaml, Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::Float(_)) => {
                        prop_assert_eq!(found, Some(&entry.value), "{:?}", text);
                    }
                    _ => prop_assert_eq!(found_text, Some(entry.value.to_string()), "{:?}", text),
                }
            }
        }
    }

    #[test]
    fn a_list_keeps_its_items(items in proptest::collection::vec(".*", 0..5)) {
        let value = Value::List(items.iter().map(|item| Value::Text(item.clone())).collect());
        prop_assert_eq!(notation::list(&value.to_string()), Some(items));
    }

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = read(Dialect::FlinkConf, &text, "f");
        let _ = read(Dialect::ConfigYaml, &text, "f");
    }

    #[test]
    fn no_yaml_panics(text in "([a:&*!'\"\\[\\]{},#|>?~ 0-9.%-]|\n|\n  |: |- )*") {
        let _ = read(Dialect::ConfigYaml, &text, "f");
    }
}
