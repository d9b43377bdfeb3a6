//! The fields that Compose knows, to tell a slip from a field of a later release.
//!
//! Source: `schema/compose-spec.json` of compose-go 2.9, and fields of older formats that it still reads.

use super::Refusal;
use crate::node::{Walk, key_place};
use crate::slip;
use nutkin_flink::yaml::Node;

/// Fields of a map: those that it has, and words that people write in their place, with what is meant.
pub(super) struct Fields {
    known: &'static [&'static str],
    meant: &'static [(&'static str, &'static str)],
}

/// Sections of a file.
pub(super) const OF_FILE: Fields = Fields {
    known: &[
        "configs", "include", "models", "name", "networks", "secrets", "services", "version",
        "volumes",
    ],
    meant: &[],
};

/// Fields of a service.
pub(super) const OF_SERVICE: Fields = Fields {
    known: &[
        "annotations",
        "attach",
        "blkio_config",
        "build",
        "cap_add",
        "cap_drop",
        "cgroup",
        "cgroup_parent",
        "command",
        "configs",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "credential_spec",
        "depends_on",
        "deploy",
        "develop",
        "device_cgroup_rules",
        "devices",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "driver_opts",
        "entrypoint",
        "env_file",
        "environment",
        "expose",
        "extends",
        "external_links",
        "extra_hosts",
        "gpus",
        "group_add",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "ipc",
        "isolation",
        "label_file",
        "labels",
        "links",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "models",
        "network_mode",
        "networks",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "pids_limit",
        "platform",
        "ports",
        "post_start",
        "pre_stop",
        "privileged",
        "profiles",
        "provider",
        "pull_policy",
        "pull_refresh_after",
        "read_only",
        "restart",
        "runtime",
        "scale",
        "secrets",
        "security_opt",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "sysctls",
        "tmpfs",
        "tty",
        "ulimits",
        "use_api_socket",
        "user",
        "userns_mode",
        "uts",
        "volumes",
        "volumes_from",
        "working_dir",
    ],
    meant: &[
        ("args", "command"),
        ("cmd", "command"),
        ("env", "environment"),
        ("environments", "environment"),
        ("envs", "environment"),
        ("replicas", "deploy.replicas"),
        ("resources", "deploy.resources"),
        ("restart_policy", "deploy.restart_policy"),
    ],
};

/// Adds the fields of a map that are slips.
pub(super) fn of_map(
    map: &Node,
    what: &str,
    fields: &Fields,
    file: usize,
    told: &mut Vec<Refusal>,
) {
    for (key, _) in map.entries() {
        let name = key.name.as_str();
        if fields.known.contains(&name) || name.starts_with("x-") {
            continue;
        }
        let meant = fields.meant.iter().find(|(word, _)| *word == name).map(|(_, meant)| *meant);
        let meant = meant.or_else(|| fields.known.iter().copied().find(|one| is_slip(name, one)));
        if let Some(meant) = meant {
            let message = format!("`{name}` is not a field of {what}: `{meant}` is meant");
            told.push(Refusal::new(key_place(key, file), message));
        }
    }
}

/// Whether two words differ by one letter, or by two that change places.
fn is_slip(one: &str, other: &str) -> bool {
    slip::SHORTEST <= one.len().min(other.len()) && slip::is_slip(one, other, 1)
}

#[cfg(test)]
mod tests {
    use super::is_slip;

    #[test]
    fn slips() {
        #[track_caller]
        fn check(one: &str, other: &str, expected: bool) {
            assert_eq!(is_slip(one, other), expected, "{one} {other}");
        }
        check("enviroment", "environment", true);
        check("volume", "volumes", true);
        check("comand", "command", true);
        check("imgae", "image", true);
        check("port", "ports", true);
        check("expose", "expires", false);
        check("pix", "pid", false);
        check("build", "networks", false);
    }
}
