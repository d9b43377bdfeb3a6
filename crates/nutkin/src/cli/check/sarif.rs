//! Findings as SARIF 2.1.0 (OASIS), as code hosting sites read it.

use nutkin_check::{Finding, Report, Rule, codes};
use serde_json::{Value, json};

/// The whole document: the rules that were met, and the results.
pub(super) fn document(report: &Report) -> Value {
    let met = |rule: &&Rule| report.findings.iter().any(|finding| finding.rule.code == rule.code);
    let rules: Vec<&Rule> = codes::all().filter(met).collect();
    let index = |code: &str| rules.iter().position(|rule| rule.code == code);
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, index(finding.rule.code))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "nutkin",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.happens},
        "help": {"text": rule.cure},
        "defaultConfiguration": {"level": rule.severity.name()},
    })
}

fn result(finding: &Finding, index: Option<usize>) -> Value {
    let mut region = json!({});
    if let Some(line) = finding.location.line {
        region = json!({
            "startLine": line,
            "startColumn": finding.location.column.unwrap_or(1),
            "snippet": {"text": finding.quote},
        });
    }
    let artifact = json!({"uri": finding.location.file});
    let mut result = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": index,
        "level": finding.severity().name(),
        "message": {"text": format!("{} {}", finding.message, finding.advice())},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
    });
    if let Some(reason) = &finding.silenced {
        result["suppressions"] = json!([{"kind": "inSource", "justification": reason}]);
    }
    if let Some(patch) = &finding.patch {
        let removed = u32::try_from(patch.remove.len()).unwrap_or(u32::MAX);
        let end = patch.line.saturating_add(removed);
        let text: String = patch.insert.iter().map(|line| format!("{line}\n")).collect();
        result["fixes"] = json!([{
            "description": {"text": finding.advice()},
            "artifactChanges": [{
                "artifactLocation": {"uri": finding.location.file},
                "replacements": [{
                    "deletedRegion": {
                        "startLine": patch.line, "startColumn": 1, "endLine": end, "endColumn": 1,
                    },
                    "insertedContent": {"text": text},
                }],
            }],
        }]);
    }
    result
}
