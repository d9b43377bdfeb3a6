//! Whom a container that starts as root becomes: the user `flink`, as `gosu flink` of the official images does.

/// The name of the user in the official images.
pub const NAME: &str = "flink";

/// A user of `/etc/passwd` with the groups of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// All groups, the first one included.
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: String,
}

/// The user of a name, from the texts of the two files.
pub fn find(name: &str, passwd: &str, group: &str) -> Option<User> {
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))?;
    let uid = fields.get(2)?.parse().ok()?;
    let gid = fields.get(3)?.parse().ok()?;
    let home = fields.get(5).filter(|home| !home.is_empty()).unwrap_or(&"/");
    let mut groups = vec![gid];
    for line in group.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let (Some(id), Some(members)) = (fields.get(2), fields.get(3)) else { continue };
        if let Ok(id) = id.parse()
            && members.split(',').any(|member| member == name)
            && !groups.contains(&id)
        {
            groups.push(id);
        }
    }
    Some(User { uid, gid, groups, home: (*home).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_two_files() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nflink:x:9999:9999::/opt/flink:/bin/sh\nbad:x\n";
        let group = "root:x:0:\nflink:x:9999:\nhadoop:x:500:hive,flink\nodd\n";
        assert_eq!(
            find("flink", passwd, group),
            Some(User { uid: 9999, gid: 9999, groups: vec![9999, 500], home: "/opt/flink".into() })
        );
        assert_eq!(find("bad", passwd, group), None);
        assert_eq!(find("nobody", passwd, group), None);
    }
}
