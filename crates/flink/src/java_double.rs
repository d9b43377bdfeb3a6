//! Doubles in Java's decimal spelling, which Flink prints and also calculates with.

/// A positive, finite double as `digits * 10^exponent`, as `Double.toString` and `BigDecimal.valueOf` see it:
/// the shortest decimal that reads back as the same double, and of two equally near ones the even one.
/// (Rust takes the upper one: 0.83588409423828125 ends in ..13 for it and in ..12 for Java.)
pub(super) fn decimal(value: f64) -> (u128, i32) {
    let spelling = format!("{value:e}");
    let (mantissa, exponent) = spelling.split_once('e').unwrap_or((&spelling, "0"));
    let places = mantissa.split_once('.').map_or(0, |(_, places)| places.len());
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: u128 = mantissa.replace('.', "").parse().unwrap_or(0);
    let exponent = exponent - i32::try_from(places).unwrap_or(0);
    let below = digits.saturating_sub(1);
    let is_tie = digits % 2 == 1 && {
        // The exact value: no double has more digits than this.
        let exact = format!("{value:.767e}");
        let exact = exact.split('e').next().unwrap_or_default().replace('.', "");
        let (head, rest) = exact.split_at(places + 1);
        head.parse() == Ok(below) && rest.trim_end_matches('0') == "5"
    };
    if is_tie && format!("{below}e{exponent}").parse() == Ok(value) {
        return (below, exponent);
    }
    (digits, exponent)
}

/// `Double.toString`: `0.5`, `1.0E7`. What is not a number has Java's name.
pub(super) fn text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let magnitude = value.abs();
    if magnitude.is_infinite() {
        return format!("{sign}Infinity");
    }
    if magnitude == 0.0 {
        return format!("{sign}0.0");
    }
    let (digits, exponent) = decimal(magnitude);
    let digits = digits.to_string();
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // Where the point stands, counted from the first digit.
    let point = length + exponent;
    // From 10^-3 to below 10^7 Java writes no exponent.
    if !(1e-3..1e7).contains(&magnitude) {
        let (first, rest) = digits.split_at(1);
        let rest = rest.trim_end_matches('0');
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{sign}{first}.{rest}E{}", point - 1);
    }
    match usize::try_from(point) {
        Ok(whole) if whole != 0 => {
            let padded = format!("{digits:0<whole$}");
            let (whole, fraction) = padded.split_at(whole);
            format!("{sign}{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
        }
        _ => format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
    }
}

/// As `Double.parseDouble`: blanks around it and a type suffix (`1.5f`, `1d`) are accepted, as is `NaN`.
pub(super) fn parse(text: &str) -> Option<f64> {
    // What `Double.parseDouble` trims, and its names for what is not a number (Rust knows more spellings).
    let text = text.trim_matches(|c| c <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        "NaN" => return Some(f64::NAN),
        "Infinity" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        "Infinity" => return Some(f64::INFINITY),
        _ => {}
    }
    let text = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if plain && let Ok(number) = text.parse() {
        return Some(number);
    }
    hexadecimal(text)
}

/// `0x1.8p3`, which Java reads and Rust does not.
fn hexadecimal(text: &str) -> Option<f64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?;
    let (digits, exponent) = rest.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let mut weight = 1.0 / 16.0;
    for digit in fraction.chars() {
        value += f64::from(digit.to_digit(16)?) * weight;
        weight /= 16.0;
    }
    Some(sign * value * 2.0_f64.powi(exponent.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_java() {
        #[track_caller]
        fn check(value: f64, expected: &str) {
            assert_eq!(text(value), expected);
        }
        check(0.0, "0.0");
        check(-0.0, "-0.0");
        check(0.5, "0.5");
        check(1.0, "1.0");
        check(-2.5, "-2.5");
        check(100.0, "100.0");
        check(120.25, "120.25");
        check(0.001, "0.001");
        check(0.0001, "1.0E-4");
        check(9_999_999.0, "9999999.0");
        check(1e7, "1.0E7");
        check(12_345_678.9, "1.23456789E7");
        check(1e-50, "1.0E-50");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-Infinity");
        check(f64::MAX, "1.7976931348623157E308");
        check(f64::from(0.1_f32), "0.10000000149011612");
    }

    #[test]
    fn of_two_equally_near_decimals_the_even_one() {
        assert_eq!(decimal(f64::from(0.835_884_1_f32)), (8_358_840_942_382_812, -16));
        assert_eq!(decimal(0.5_f64.powi(25)), (29_802_322_387_695_312, -24));
        assert_eq!(decimal(0.375), (375, -3));
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(bits: u64) {
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() {
                proptest::prop_assert_eq!(text(value).parse(), Ok(value));
            }
        }
    }
}
