//! The few files of a system that Java and Flink look for.

use crate::image::ImageUser;

/// Name of the user and of its group, as in the official image.
const NAME: &str = "flink";

/// How glibc looks names of users and hosts up without it: it would not ask the DNS at all in some
/// releases (`nsswitch.conf(5)`).
pub(super) const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files dns\n";

/// `/etc/passwd` with the image's user, or `None` when it has one of that number or name already.
pub(super) fn passwd(base: Option<&str>, user: ImageUser, home: &str) -> Option<String> {
    let text = base.unwrap_or("root:x:0:0:root:/root:/sbin/nologin\n");
    let line = format!("{NAME}:x:{}:{}::{home}:/bin/sh\n", user.uid, user.gid);
    with_line(base, text, user.uid, &line)
}

/// `/etc/group` with the image's group, or `None` when it has one of that number or name already.
pub(super) fn group(base: Option<&str>, user: ImageUser) -> Option<String> {
    let text = base.unwrap_or("root:x:0:\n");
    with_line(base, text, user.gid, &format!("{NAME}:x:{}:\n", user.gid))
}

fn with_line(base: Option<&str>, text: &str, id: u32, line: &str) -> Option<String> {
    let id = id.to_string();
    let is_there = text.lines().any(|line| {
        let mut fields = line.split(':');
        fields.next() == Some(NAME) || fields.nth(1) == Some(&id)
    });
    if is_there {
        return base.is_none().then(|| text.to_owned());
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Some(format!("{text}{newline}{line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups() {
        #[track_caller]
        fn check(base: Option<&str>, uid: u32, expected: Option<&str>) {
            let user = ImageUser { uid, gid: uid };
            assert_eq!(passwd(base, user, "/opt/flink").as_deref(), expected, "{base:?}");
        }
        let root = "root:x:0:0:root:/root:/sbin/nologin\n";
        let flink = "flink:x:9999:9999::/opt/flink:/bin/sh\n";
        check(None, 9999, Some(&format!("{root}{flink}")));
        check(None, 0, Some(root));
        check(
            Some("root:x:0:0::/:/bin/sh"),
            9999,
            Some(&format!("root:x:0:0::/:/bin/sh\n{flink}")),
        );
        check(Some("a:x:9999:1::/:/bin/sh\n"), 9999, None);
        check(Some("flink:x:7:7::/:/bin/sh\n"), 9999, None);
        assert_eq!(
            group(Some("adm:x:4:\n"), ImageUser::default()).as_deref(),
            Some("adm:x:4:\nflink:x:9999:\n")
        );
    }
}
