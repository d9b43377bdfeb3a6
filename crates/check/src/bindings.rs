//! Bindings of permissions by the accounts that they name, for many of both.

use std::collections::BTreeMap;

use super::kubernetes::Object;
use super::node::Walk;

/// RoleBindings and ClusterRoleBindings: indices of objects.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// By the name of an account and its namespace; `None`: the binding is of any.
    by_account: BTreeMap<(String, Option<String>), Vec<usize>>,
    /// Those that name groups, which accounts of many names are in.
    of_groups: Vec<usize>,
}

impl Bindings {
    pub(super) fn of(objects: &[Object]) -> Self {
        let mut bindings = Self::default();
        let is_binding =
            |object: &Object| matches!(object.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        for (index, binding) in objects.iter().enumerate().filter(|(_, one)| is_binding(one)) {
            for subject in binding.node.items_of("subjects") {
                let namespace = subject.text_of("namespace").or(binding.namespace.as_deref());
                match (subject.text_of("kind"), subject.text_of("name")) {
                    (Some("Group"), _) => bindings.of_groups.push(index),
                    (Some("ServiceAccount"), Some(name)) => {
                        let account = (name.to_owned(), namespace.map(str::to_owned));
                        bindings.by_account.entry(account).or_default().push(index);
                    }
                    _ => {}
                }
            }
        }
        bindings
    }

    /// Those that may name an account, each at least once. Without a namespace it may be in any.
    pub(super) fn candidates(&self, account: &str, namespace: Option<&str>) -> Vec<usize> {
        let mut found = self.of_groups.clone();
        let all = (account.to_owned(), None)..;
        let of_name = self.by_account.range(all).take_while(|((name, _), _)| name == account);
        match namespace {
            None => found.extend(of_name.flat_map(|(_, indices)| indices)),
            Some(_) => {
                for one in [None, namespace] {
                    let key = (account.to_owned(), one.map(str::to_owned));
                    found.extend(self.by_account.get(&key).into_iter().flatten());
                }
            }
        }
        found
    }
}
