//! What a cluster has made of other objects of the files: `kubectl get all -o yaml` prints both.

use std::collections::BTreeSet;

use super::kubernetes::Object;
use super::node::Walk;

/// Kinds that controllers make of others.
const MADE: [&str; 4] = ["Job", "Pod", "ReplicaSet", "ReplicationController"];

/// The label of what Flink's client makes (`Constants.LABEL_CONFIGMAP_TYPE_NATIVE_TYPE`).
const NATIVE: &str = "flink-native-kubernetes";

/// Kind, name and namespace.
type Title<'a> = (&'a str, &'a str, Option<&'a str>);

fn title(object: &Object) -> Title<'_> {
    (&object.kind, &object.name, object.namespace.as_deref())
}

/// Takes out what is made of objects that are there themselves. Returns the files that they were in.
pub(super) fn take(objects: &mut Vec<Object>) -> BTreeSet<usize> {
    let all: BTreeSet<Title<'_>> = objects.iter().map(title).collect();
    let is_native = |object: &Object| {
        let label = object.node.at("metadata/labels").and_then(|labels| labels.text_of("type"));
        let session = ("FlinkDeployment", object.name.as_str(), object.namespace.as_deref());
        object.kind == "Deployment" && label == Some(NATIVE) && all.contains(&session)
    };
    let of_sessions: BTreeSet<Title<'_>> =
        objects.iter().filter(|object| is_native(object)).map(title).collect();
    let is_made: Vec<bool> = objects
        .iter()
        .map(|object| {
            let owners = object.node.at("metadata/ownerReferences").map_or(&[][..], Walk::items);
            let mut owners = owners.iter().filter_map(|owner| {
                let (kind, name) = (owner.text_of("kind")?, owner.text_of("name")?);
                Some((kind, name, object.namespace.as_deref()))
            });
            let is_of_kind = MADE.contains(&object.kind.as_str());
            let is_below = owners
                .any(|owner| is_of_kind && all.contains(&owner) || of_sessions.contains(&owner));
            is_below || is_native(object)
        })
        .collect();
    drop((all, of_sessions));
    let mut files = BTreeSet::new();
    let mut is_made = is_made.into_iter();
    objects.retain(|object| {
        let is_made = is_made.next().unwrap_or(false);
        if is_made {
            files.insert(object.file);
        }
        !is_made
    });
    files
}
