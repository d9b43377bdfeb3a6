//! Which Services select which pods, for many of both.

use std::collections::{BTreeMap, BTreeSet};

use super::kubernetes::{Object, POD_NAME, Workload, selects};
use super::node::Walk;
use nutkin_flink::yaml::{Key, Node};

/// Services by what they select, so that a thousand sessions need not be held against a thousand Services each.
#[derive(Debug, Default)]
pub(super) struct Selectors {
    /// Indices of objects, by the rarest label that the selector asks for.
    by_label: BTreeMap<(String, String), Vec<usize>>,
    /// Those that ask for a pod by its name.
    by_pod: Vec<usize>,
}

impl Selectors {
    pub(super) fn of(objects: &[Object]) -> Self {
        let mut selectors = Self::default();
        let services = || objects.iter().enumerate().filter(|(_, object)| object.kind == "Service");
        let mut asked: BTreeMap<Label<'_>, usize> = BTreeMap::new();
        for entry in services().flat_map(|(_, service)| {
            service.node.at("spec/selector").map_or(&[][..], Walk::entries)
        }) {
            *asked.entry(label(entry)).or_default() += 1;
        }
        for (index, service) in services() {
            let Some(selector) = service.node.at("spec/selector").map(Walk::entries) else {
                continue;
            };
            if selector.iter().any(|(key, _)| key.name == POD_NAME) {
                selectors.by_pod.push(index);
            } else if let Some(entry) = selector.iter().min_by_key(|entry| asked.get(&label(entry)))
            {
                // By the label that the fewest Services ask for: `app: flink` may be in all of them.
                let (key, value) = label(entry);
                let label = (key.to_owned(), value.to_owned());
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

/// Pods by their labels: the other way round.
#[derive(Debug, Default)]
pub(super) struct Pods<'a> {
    /// Every object with pods, under each of their labels.
    by_label: BTreeMap<Label<'a>, Vec<Labelled<'a>>>,
    /// StatefulSets of Flink by name: their pods are called after them.
    by_set: BTreeMap<&'a str, Vec<Workload<'a>>>,
    /// Namespaces of Flink's pods; `None`: one of them may be in any.
    namespaces: BTreeSet<Option<&'a str>>,
}

/// Name and value.
type Label<'a> = (&'a str, &'a str);

/// An object with pods, the pods' labels, and whether they run Flink.
#[derive(Debug, Clone, Copy)]
struct Labelled<'a> {
    object: &'a Object,
    labels: &'a [(Key, Node)],
    is_flink: bool,
}

fn label((key, value): &(Key, Node)) -> Label<'_> {
    (&key.name, value.text().unwrap_or_default())
}

impl<'a> Pods<'a> {
    pub(super) fn of(objects: &'a [Object]) -> Self {
        let mut pods = Self::default();
        // Services of Compose files are in no cluster.
        for object in objects.iter().filter(|object| object.compose.is_none()) {
            let workload = Workload::of(object);
            let labels = object.node.at("spec/template/metadata/labels").map(Walk::entries);
            let labels = labels.or_else(|| Some(workload.as_ref()?.labels())).unwrap_or_default();
            let labelled = Labelled { object, labels, is_flink: workload.is_some() };
            for entry in labels {
                pods.by_label.entry(label(entry)).or_default().push(labelled);
            }
            if let Some(workload) = workload {
                pods.namespaces.insert(object.namespace.as_deref());
                pods.by_set.entry(&object.name).or_default().push(workload);
            }
        }
        pods
    }

    fn with<'s>(&'s self, entry: &'s (Key, Node)) -> &'s [Labelled<'s>] {
        self.by_label.get(&label(entry)).map_or(&[], Vec::as_slice)
    }

    /// Whether a Service's selector selects any pods, of Flink or not.
    pub(super) fn are_selected(&self, service: &Object, selector: &[(Key, Node)]) -> bool {
        let rarest = selector.iter().map(|entry| self.with(entry)).min_by_key(|with| with.len());
        let mut by_label = rarest.unwrap_or_default().iter();
        let of_set = |(key, value): &(Key, Node)| {
            let set = value.text().filter(|_| key.name == POD_NAME)?.rsplit_once('-')?.0;
            self.by_set.get(set)
        };
        by_label.any(|one| one.object.shares_namespace(service) && selects(selector, one.labels))
            || selector.iter().filter_map(of_set).flatten().any(|workload| {
                workload.object.shares_namespace(service) && workload.is_selected(selector)
            })
    }

    /// Whether pods of Flink have one of the labels that the selector asks for.
    pub(super) fn are_akin(&self, service: &Object, selector: &[(Key, Node)]) -> bool {
        selector
            .iter()
            .flat_map(|entry| self.with(entry))
            .any(|one| one.is_flink && one.object.shares_namespace(service))
    }

    /// Whether pods of Flink may be in the Service's namespace.
    pub(super) fn are_near(&self, service: &Object) -> bool {
        match service.namespace.as_deref() {
            None => !self.namespaces.is_empty(),
            own => self.namespaces.contains(&own) || self.namespaces.contains(&None),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::kubernetes;
    use super::*;
    use nutkin_flink::yaml;

    /// A namespace, and labels: few of each, so that they meet.
    fn around() -> impl Strategy<Value = (String, String)> {
        let namespace = prop::sample::select(vec!["", ", namespace: one", ", namespace: two"]);
        let name = prop::sample::select(vec!["app", "component", POD_NAME]);
        let value = prop::sample::select(vec!["flink", "a", "a-0", "a-7", "b-1"]);
        let labels = prop::collection::btree_map(name, value, 0..3).prop_map(|labels| {
            let lines: Vec<String> = labels.iter().map(|(k, v)| format!("{k}: {v}")).collect();
            format!("{{{}}}", lines.join(", "))
        });
        (namespace.prop_map(str::to_owned), labels)
    }

    fn object() -> impl Strategy<Value = String> {
        let kind = prop::sample::select(vec!["Service", "Deployment", "StatefulSet", "Pod", "Job"]);
        let image = prop::sample::select(vec!["flink:1.20", "nginx:1"]);
        let name = prop::sample::select(vec!["a", "b"]);
        (kind, name, image, around()).prop_map(|(kind, name, image, (namespace, labels))| {
            let pod =
                format!("{{containers: [{{name: c, image: \"{image}\", args: [jobmanager]}}]}}");
            let metadata = format!("metadata: {{name: {name}{namespace}");
            match kind {
                "Service" => format!("kind: Service\n{metadata}}}\nspec: {{selector: {labels}}}\n"),
                "Pod" => format!("kind: Pod\n{metadata}, labels: {labels}}}\nspec: {pod}\n"),
                _ => format!(
                    "kind: {kind}\n{metadata}}}\nspec:\n  replicas: 2\n  template:\n    \
                     metadata: {{labels: {labels}}}\n    spec: {pod}\n"
                ),
            }
        })
    }

    proptest! {
        /// The index finds what one would find who looks at every object.
        #[test]
        fn pods_are_found_as_by_looking_at_each(texts in prop::collection::vec(object(), 1..8)) {
            let (documents, _) = yaml::documents(&texts.join("---\n"), "objects.yaml");
            let objects = kubernetes::objects(0, documents);
            let pods = Pods::of(&objects);
            let all = || objects.iter().filter_map(Workload::of);
            for service in objects.iter().filter(|object| object.kind == "Service") {
                let selector = service.node.at("spec/selector").map_or(&[][..], Walk::entries);
                let near = || all().filter(|one| one.object.shares_namespace(service));
                let labelled = objects.iter().any(|object| {
                    let labels = object.node.at("spec/template/metadata/labels");
                    object.shares_namespace(service)
                        && labels.is_some_and(|labels| selects(selector, labels.entries()))
                });
                let selected = labelled || near().any(|one| one.is_selected(selector));
                let akin = near().any(|one| {
                    selector.iter().any(|entry| one.labels().iter().any(|l| label(l) == label(entry)))
                });
                prop_assert_eq!(pods.are_selected(service, selector), selected);
                prop_assert_eq!(pods.are_akin(service, selector), akin);
                prop_assert_eq!(pods.are_near(service), near().next().is_some());
            }
        }
    }
}
