//! Numbers of things, in words.

use std::fmt::Display;

/// `1 JobManager`, `2 JobManagers`.
pub fn counted(number: impl TryInto<u64> + Display + Copy, one: &str) -> String {
    let plural = if number.try_into().is_ok_and(|number: u64| number == 1) { "" } else { "s" };
    format!("{number} {one}{plural}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_not_many() {
        let counted = |number: usize| super::counted(number, "slot");
        assert_eq!([counted(0), counted(1), counted(2)], ["0 slots", "1 slot", "2 slots"]);
    }
}
