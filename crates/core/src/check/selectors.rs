//! Which Services select which pods, for many of both.

use std::collections::BTreeMap;

use super::kubernetes::{Object, POD_NAME, Workload};
use super::node::Walk;

/// Services by what they select, so that a thousand sessions need not be held against a thousand Services each.
#[derive(Debug, Default)]
pub(super) struct Selectors {
    /// Indices of objects, by the first label that the selector asks for.
    by_label: BTreeMap<(String, String), Vec<usize>>,
    /// Those that ask for a pod by its name.
    by_pod: Vec<usize>,
}

impl Selectors {
    pub(super) fn of(objects: &[Object]) -> Self {
        let mut selectors = Self::default();
        for (index, service) in objects.iter().enumerate().filter(|(_, o)| o.kind == "Service") {
            let Some(selector) = service.node.at("spec/selector").map(Walk::entries) else {
                continue;
            };
            if selector.iter().any(|(key, _)| key.name == POD_NAME) {
                selectors.by_pod.push(index);
            } else if let Some((key, value)) = selector.first() {
                let label = (key.name.clone(), value.text().unwrap_or_default().to_owned());
                selectors.by_label.entry(label).or_default().push(index);
            }
        }
        selectors
    }

    /// Indices of Services that may select a workload's pods, each at least once.
    pub(super) fn candidates(&self, workload: &Workload<'_>) -> Vec<usize> {
        let mut found = self.by_pod.clone();
        for (key, value) in workload.labels() {
            let label = (key.name.clone(), value.text().unwrap_or_default().to_owned());
            found.extend(self.by_label.get(&label).into_iter().flatten());
        }
        found
    }
}
