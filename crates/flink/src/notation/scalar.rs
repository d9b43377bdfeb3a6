//! What a plain word of YAML is: text, number, boolean or nothing, by the core schema of
//! snakeyaml-engine 2.6, the library inside Flink 1.19 to 2.3 (`CoreScalarResolver`).

use super::node::Node;
use crate::java_double;

/// What a plain scalar stands for, or why Flink's library throws on it.
pub(crate) fn resolve(text: &str) -> Result<Node, &'static str> {
    match kind(text) {
        Kind::Null => Ok(Node::Null),
        Kind::Bool => Ok(Node::Bool(text.eq_ignore_ascii_case("true"))),
        Kind::Int => int(text),
        Kind::Float => float(text),
        // Without an environment configuration the library leaves `${NAME}` as it stands.
        Kind::Env | Kind::Text => Ok(Node::Text(text.to_owned())),
    }
}

/// Whether text, written plainly, is read back as text.
pub(crate) fn is_text(text: &str) -> bool {
    kind(text) == Kind::Text
}

#[derive(PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Env,
    Text,
}

fn kind(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Kind::Bool,
        ".nan" | ".NaN" | ".NAN" => return Kind::Float,
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        Kind::Float
    } else if digits(unsigned, 10) || prefixed(text, "0o", 8) || prefixed(text, "0x", 16) {
        Kind::Int
    } else if decimal(unsigned) {
        Kind::Float
    } else if variable(text) {
        Kind::Env
    } else {
        Kind::Text
    }
}

fn digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_digit(radix))
}

fn prefixed(text: &str, prefix: &str, radix: u32) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| digits(rest, radix))
}

/// `1.`, `.5`, `1.5`, `1e3`, `1.5e-3`; no sign.
fn decimal(text: &str) -> bool {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    if let Some(exponent) = exponent
        && !digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), 10)
    {
        return false;
    }
    match number.split_once('.') {
        None => digits(number, 10),
        Some(("", fraction)) => digits(fraction, 10),
        Some((whole, fraction)) => {
            digits(whole, 10) && (fraction.is_empty() || digits(fraction, 10))
        }
    }
}

/// `${NAME}`, `${NAME:-value}`, `${NAME?value}`: what the library could take from the environment.
fn variable(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
        return false;
    };
    let inner = inner.trim_matches(|c: char| c.is_ascii_whitespace());
    let name = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let rest = &inner[name..];
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    name > 0
        && (inner.len() == name
            || rest
                .strip_prefix(['-', '?'])
                .is_some_and(|value| !value.contains(|c: char| c.is_ascii_whitespace())))
}

/// A number of the INT tag as decimal digits without sign `+` or leading zeros; Java's BigInteger knows no
/// bound, so digits stay text.
pub(crate) fn int(text: &str) -> Result<Node, &'static str> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, number) = if let Some(rest) = unsigned.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = unsigned.strip_prefix("0o") {
        (8, rest)
    } else {
        (10, unsigned)
    };
    if !digits(number, radix) {
        return Err("is tagged as a whole number and is none");
    }
    let decimal = to_decimal(number, radix);
    Ok(Node::Int(if negative && decimal != "0" { format!("-{decimal}") } else { decimal }))
}

/// Digits of any radix up to 16 as decimal digits.
fn to_decimal(digits: &str, radix: u32) -> String {
    let mut decimal: Vec<u32> = vec![0];
    for digit in digits.chars() {
        let mut carry = digit.to_digit(radix).unwrap_or(0);
        for place in &mut decimal {
            carry += *place * radix;
            *place = carry % 10;
            carry /= 10;
        }
        while carry > 0 {
            decimal.push(carry % 10);
            carry /= 10;
        }
    }
    while decimal.len() > 1 && decimal.last() == Some(&0) {
        decimal.pop();
    }
    decimal.iter().rev().filter_map(|place| char::from_digit(*place, 10)).collect()
}

/// A number of the FLOAT tag.
pub(crate) fn float(text: &str) -> Result<Node, &'static str> {
    let bad = "is tagged as a number and is none";
    let lower = text.to_ascii_lowercase();
    Ok(Node::Float(match lower.as_str() {
        ".inf" => f64::INFINITY,
        "-.inf" => f64::NEG_INFINITY,
        ".nan" => f64::NAN,
        // The library strips the sign, then does not know what is left.
        "+.inf" => return Err("is `+.inf`, on which Flink's YAML library throws"),
        number if decimal(number.strip_prefix(['+', '-']).unwrap_or(number)) => {
            number.parse().map_err(|_| bad)?
        }
        _ => return Err(bad),
    }))
}

/// `Double.toString` of Java, and YAML's names for what is not a number.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    java_double::text(value)
}
