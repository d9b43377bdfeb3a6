//! The time zone in which a process writes its log.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::launch::Definition;

/// Seconds by which the times in the logs of a process are ahead of UTC, by its own time zone or that of this machine.
pub(super) fn offset(definition: &Definition) -> i32 {
    let of_system = definition.environment.get("TZ").map(String::as_str);
    let zone = zone(&definition.arguments, of_system).and_then(|name| TimeZone::get(name).ok());
    Timestamp::now().to_zoned(zone.unwrap_or_else(TimeZone::system)).offset().seconds()
}

/// The time zone of a process: the last `user.timezone` of its JVM comes before `TZ`.
fn zone<'a>(arguments: &'a [String], of_system: Option<&'a str>) -> Option<&'a str> {
    let mut arguments = arguments.iter().rev();
    let of_java = arguments.find_map(|one| one.strip_prefix("-Duser.timezone="));
    of_java.or(of_system).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_log_are_those_of_its_jvm() {
        #[track_caller]
        fn check(arguments: &[&str], of_system: Option<&str>, expected: Option<&str>) {
            let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(zone(&arguments, of_system), expected);
        }
        check(&["-Xmx1g", "-Duser.timezone=UTC"], Some("Asia/Tokyo"), Some("UTC"));
        check(&["-Duser.timezone=UTC", "-Duser.timezone=Asia/Tokyo"], None, Some("Asia/Tokyo"));
        check(&["-Xmx1g"], Some("Asia/Tokyo"), Some("Asia/Tokyo"));
        // The controls: nothing is said.
        check(&["-Xmx1g"], None, None);
        check(&["-Duser.timezone="], None, None);
    }
}
