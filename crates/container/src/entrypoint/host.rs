//! The machine's names, as a container sees them.

/// What names this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// What the kernel says (`hostname`).
    pub name: String,
    /// Text of `/etc/hosts`, which Docker and Kubernetes write.
    pub hosts: String,
}

/// Up to the first dot: `hostname -s`.
pub fn short(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

impl Host {
    /// `hostname -f`: the first name on the line of `/etc/hosts` that has this host's name, otherwise that name itself.
    /// A resolver would ask DNS next, which knows no more of a container.
    pub fn full_name(&self) -> &str {
        self.lines()
            .find(|(_, names)| names.contains(&self.name.as_str()))
            .and_then(|(_, names)| names.first().copied())
            .unwrap_or(&self.name)
    }

    /// Whether a name or address means this machine.
    pub fn is_me(&self, name: &str) -> bool {
        let loopback = name == "localhost" || name == "::1" || name.starts_with("127.");
        loopback
            || name == self.name
            || name == short(&self.name)
            || self.lines().any(|(address, names)| {
                let mine =
                    names.iter().any(|name| *name == self.name || *name == short(&self.name));
                mine && (address == name || names.contains(&name))
            })
    }

    fn lines(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.hosts.lines().filter_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            Some((words.next()?, words.collect()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let host = Host {
            name: "flink-0".to_owned(),
            hosts: "127.0.0.1 localhost\n# flink-0 x\n10.1.2.3\tflink-0.flink.ns.svc flink-0\n"
                .to_owned(),
        };
        assert_eq!(host.full_name(), "flink-0.flink.ns.svc");
        for mine in ["localhost", "127.0.0.1", "flink-0", "10.1.2.3", "flink-0.flink.ns.svc"] {
            assert!(host.is_me(mine), "{mine}");
        }
        for other in ["flink-1", "10.1.2.4", "ns", ""] {
            assert!(!host.is_me(other), "{other}");
        }
        let bare = Host { name: "a.b".to_owned(), hosts: String::new() };
        assert_eq!((bare.full_name(), bare.is_me("a")), ("a.b", true));
    }
}
