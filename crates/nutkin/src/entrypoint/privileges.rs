//! From root to the user `flink`, where there is one.

use std::fs;

use anyhow::Context as _;
use nutkin_container::entrypoint::user::{self, User};
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The user to become: `flink` for root, nobody else for anybody else.
pub(super) fn user() -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    user::find(user::NAME, &read("/etc/passwd"), &read("/etc/group"))
}

/// Becomes that user for good. The process has one thread, so that of the thread is that of the process; the program
/// that takes its place inherits it.
///
/// # Errors
/// The kernel refuses, as it does where a container may not change its user.
pub(super) fn become_user(user: &User) -> anyhow::Result<()> {
    let groups: Vec<Gid> = user.groups.iter().map(|group| Gid::from_raw(*group)).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    let told = || format!("cannot become the user `{}` ({})", user::NAME, user.uid);
    set_thread_groups(&groups).with_context(told)?;
    set_thread_res_gid(gid, gid, gid).with_context(told)?;
    set_thread_res_uid(uid, uid, uid).with_context(told)?;
    Ok(())
}
