//! What could not be looked at.

super::symptoms! {
    "NK2001" Warning Around Nothing Always
    "a part of the session could not be looked at"
    signs []
    happens "What is wrong there is not seen: other findings may be consequences of it, and a session without findings may not be well."
    cure "Read the reason: a permission that is missing, a process that does not answer in time, a log that cannot be opened. Fix it, and look again.";
}
