//! Notations of Compose: command lines, amounts of memory, ports and volumes in one line.

use crate::service::Port;

/// A command line as Compose splits it, in the way of a POSIX shell without its expansions.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some('"') | None, '\\') => match letters.next() {
                // A line that goes on.
                Some('\n') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Bytes of `512m`, `1.5G`, `2gb` or a number: units of Docker are powers of two in every spelling (Compose
/// Specification, "Specifying byte values").
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift);
    }
    let bytes = number.parse::<f64>().ok()? * 2_f64.powi(shift);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was just checked"
    )]
    (0.0..9e18).contains(&bytes).then_some(bytes as u64)
}

/// The same as a quantity of Kubernetes.
pub(super) fn quantity(text: &str) -> Option<String> {
    let bytes = bytes(text)?;
    Some(match bytes % (1 << 20) {
        0 => format!("{}Mi", bytes >> 20),
        _ => bytes.to_string(),
    })
}

/// `8081`, `8081:8081`, `127.0.0.1:9999:8081/tcp`; ranges are one port each. `None` where it is not a port.
pub(super) fn ports(text: &str) -> Option<Vec<Port>> {
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (rest, target) = match text.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, text),
    };
    let targets = range(target)?;
    let (address, hosts) = match rest {
        None => (None, None),
        Some(rest) => {
            let (address, host) = match rest.rsplit_once(':') {
                Some((address, host)) => (Some(address.trim_matches(['[', ']']).to_owned()), host),
                None => (None, rest),
            };
            (address, if host.is_empty() { None } else { Some(range(host)?) })
        }
    };
    let made = targets.clone().enumerate().map(|(index, target)| Port {
        address: address.clone(),
        host: hosts.clone().and_then(|mut hosts| match hosts.len() {
            // A range of the host for one port of the container: any of them.
            many if many != targets.len() => None,
            _ => hosts.nth(index),
        }),
        target,
        is_tcp: protocol == "tcp",
    });
    Some(made.collect())
}

/// `8081` or `9090-9099`, of at most a thousand ports: more than anybody publishes.
fn range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.trim().parse::<u16>().ok()?, high.trim().parse::<u16>().ok()?);
    (low <= high && high - low < 1000).then_some(low..=high)
}

/// Source, target and mode of `./conf:/opt/flink/conf:ro`. Without a source it is a volume of the container's own.
pub(super) fn volume(text: &str) -> (Option<&str>, &str, bool) {
    // One letter is a drive of Windows.
    let is_drive = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && (text[1..].starts_with(":\\") || text[1..].starts_with(":/"))
        && 1 < text.matches(':').count();
    let from = if is_drive { 2 } else { 0 };
    let Some(at) = text[from..].find(':').map(|at| from + at) else { return (None, text, false) };
    let (first, rest) = (&text[..at], &text[at + 1..]);
    let (target, mode) = rest.split_once(':').unwrap_or((rest, ""));
    (Some(first), target, mode.split(',').any(|word| word == "ro"))
}

#[cfg(test)]
mod tests {
    use super::{Port, bytes, ports, quantity, split, volume};

    #[test]
    fn command_lines() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(split(text), expected, "{text}");
        }
        check("taskmanager", &["taskmanager"]);
        check(
            "  standalone-job --job-classname  a.B\n",
            &["standalone-job", "--job-classname", "a.B"],
        );
        check("bash -c \"a 'b' \\\"c\\\"\" ''", &["bash", "-c", "a 'b' \"c\"", ""]);
        check("a \\\n b", &["a", "b"]);
        check("a 'open", &["a", "open"]);
        check("", &[]);
    }

    #[test]
    fn amounts() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(quantity(text).as_deref(), expected, "{text}");
        }
        check("512M", Some("512Mi"));
        check("1.5g", Some("1536Mi"));
        check("2 gb", Some("2048Mi"));
        check("1000", Some("1000"));
        check("2Ti", None);
        check("much", None);
        assert_eq!(bytes("0.5t"), Some(1 << 39));
        assert_eq!(bytes("99999999999999t"), None);
    }

    #[test]
    fn published_ports() {
        #[track_caller]
        fn check(text: &str, expected: &[(Option<&str>, Option<u16>, u16)]) {
            let found = ports(text).unwrap_or_default();
            let expected: Vec<Port> = expected
                .iter()
                .map(|(address, host, target)| Port {
                    address: address.map(str::to_owned),
                    host: *host,
                    target: *target,
                    is_tcp: true,
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        }
        check("8081", &[(None, None, 8081)]);
        check("8082:8081/tcp", &[(None, Some(8082), 8081)]);
        check("127.0.0.1::8081", &[(Some("127.0.0.1"), None, 8081)]);
        check("[::1]:9:8081", &[(Some("::1"), Some(9), 8081)]);
        check("91-92:8091-8092", &[(None, Some(91), 8091), (None, Some(92), 8092)]);
        check("91-99:8081", &[(None, None, 8081)]);
        check("eight", &[]);
    }

    #[test]
    fn volumes_in_one_line() {
        assert_eq!(
            volume("./conf:/opt/flink/conf:ro,z"),
            (Some("./conf"), "/opt/flink/conf", true)
        );
        assert_eq!(volume("state:/state"), (Some("state"), "/state", false));
        assert_eq!(volume("/cache"), (None, "/cache", false));
        assert_eq!(volume("C:\\conf:/opt/conf"), (Some("C:\\conf"), "/opt/conf", false));
        assert_eq!(volume("c:/a"), (Some("c"), "/a", false));
    }
}
