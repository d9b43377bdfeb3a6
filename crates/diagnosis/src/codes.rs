//! The table of codes of what runs, and the codes that readers of evidence give themselves.

pub use nutkin_core::codes::{Rule, Severity};

use crate::rules;

/// All codes, in order.
pub fn all() -> impl Iterator<Item = &'static Rule> + Clone {
    rules::all().map(|symptom| &symptom.rule)
}

/// The entry of a code, in capitals or not.
pub fn find(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($name:ident $code:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*
        /// All of these.
        #[cfg(test)]
        pub(crate) const GIVEN: &[&str] = &[$($code),*];
    };
}

codes! {
    UNSEEN "NK2001";
    NO_ROOM "NK2102";
    QUOTA "NK2103";
    NO_VOLUME "NK2104";
    NO_COMMAND "NK2106";
    START_FAILED "NK2108";
    RUN_FAILED "NK2109";
    FATAL "NK2110";
    NATIVE_CRASH "NK2111";
    KILLED "NK2112";
    TERMINATED "NK2113";
    ENDED "NK2114";
    NODE_LOST "NK2115";
    CODE_LOST "NK2116";
    APPLICATION_FAILED "NK2117";
    HANGS "NK2119";
    NOT_RUNNING "NK2120";
    TASK_MANAGERS_MISSING "NK2121";
    SILENT "NK2122";
    TERMINATING "NK2123";
    UNKEPT "NK2124";
    TASK_MANAGER_LOST "NK2204";
    TO_ITSELF "NK2207";
    JARS_GONE "NK2411";
    OUT_OF_MEMORY "NK2301";
    JAVA_OUT_OF_MEMORY "NK2302";
    FORBIDDEN "NK2401";
    NO_SLOTS "NK2501";
    CHECKPOINTS_EXPIRE "NK2502";
    CHECKPOINTS_FAIL "NK2503";
    STATE_DOES_NOT_FIT "NK2504";
    JOB_GONE "NK2507";
    JOB_FAILS "NK2512";
    NO_PLATFORM "NK2701";
    OLD_SERVER "NK2702";
    MAY_NOT "NK2703";
    NO_NAMESPACE "NK2704";
    NO_JAVA "NK2705";
    NO_PLAN "NK2706";
    PLAN_WARNS "NK2707";
}
