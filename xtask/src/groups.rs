//! Control groups that tests leave.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Removes the group of this name at the top of each hierarchy, with what is below it. Groups go one by one, those below
/// first; one that is busy is gone the next time.
pub(crate) fn remove(name: &str) {
    let top = Path::new("/sys/fs/cgroup");
    let Ok(controllers) = fs::read_dir(top) else { return };
    let mut groups = vec![top.join(name)];
    groups.extend(controllers.flatten().map(|one| one.path().join(name)));
    for group in groups {
        for _ in 0..20 {
            remove_tree(&group);
            if !group.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn remove_tree(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}
