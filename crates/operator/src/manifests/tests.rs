//! Names, scopes and promises of the manifests.

use super::*;

fn install(watched: &[&str]) -> Install {
    Install {
        namespace: "flink".to_owned(),
        watched: watched.iter().map(|name| (*name).to_owned()).collect(),
        image: "registry/nutkin@sha256:1".to_owned(),
        definitions: true,
        policy: true,
    }
}

fn titles(objects: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let title = |one: &Value| {
        let metadata = &one["metadata"];
        let place = text(&metadata["namespace"]);
        let place = if place.is_empty() { place } else { format!(" in {place}") };
        format!("{} {}{place}", text(&one["kind"]), text(&metadata["name"]))
    };
    objects.iter().map(title).collect()
}

#[test]
fn names_are_those_of_the_chart() {
    assert_eq!(
        titles(&objects(&install(&[]))),
        [
            "CustomResourceDefinition flinkdeployments.flink.apache.org",
            "CustomResourceDefinition flinksessionjobs.flink.apache.org",
            "CustomResourceDefinition flinkstatesnapshots.flink.apache.org",
            "ServiceAccount flink-operator in flink",
            "ClusterRole flink-operator",
            "ClusterRoleBinding flink-operator-role-binding",
            "Role flink-operator-own in flink",
            "RoleBinding flink-operator-own in flink",
            "ServiceAccount flink in flink",
            "Role flink in flink",
            "RoleBinding flink-role-binding in flink",
            "ConfigMap flink-operator-config in flink",
            "Deployment flink-kubernetes-operator in flink",
            "ValidatingAdmissionPolicy flink-options.nutkin.dev",
            "ValidatingAdmissionPolicyBinding flink-options.nutkin.dev",
        ]
    );
}

#[test]
fn with_a_list_of_namespaces_nothing_is_granted_beyond_them() {
    let install = Install { definitions: false, policy: false, ..install(&["default", "orders"]) };
    let objects = objects(&install);
    let titles = titles(&objects);
    assert!(!titles.iter().any(|title| title.starts_with("Cluster")), "{titles:?}");
    for namespace in &install.watched {
        for title in
            ["Role flink-operator", "ServiceAccount flink", "RoleBinding flink-role-binding"]
        {
            let title = format!("{title} in {namespace}");
            assert!(titles.contains(&title), "{title}: {titles:?}");
        }
    }
    let configuration = objects.iter().find(|one| one["kind"] == "ConfigMap").unwrap();
    let text = configuration["data"]["config.yaml"].as_str().unwrap();
    assert!(text.contains("kubernetes.operator.watched.namespaces: default,orders\n"), "{text}");
}

/// Fields that the restricted Pod Security Standard asks for (Kubernetes 1.34).
#[test]
fn the_pod_is_restricted() {
    let objects = objects(&install(&[]));
    let deployment = objects.iter().find(|one| one["kind"] == "Deployment").unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let container = &pod["containers"][0];
    let context = &container["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(container["ports"][0]["containerPort"], HEALTH);
    for volume in pod["volumes"].as_array().unwrap() {
        assert!(volume.get("configMap").is_some() || volume.get("emptyDir").is_some());
    }
}

#[test]
fn no_rule_has_a_star_or_escalates() {
    for object in objects(&install(&[])) {
        for rule in object["rules"].as_array().into_iter().flatten() {
            let text = rule.to_string();
            for word in ["\"*\"", "escalate", "bind\"", "impersonate", "deletecollection"] {
                assert!(!text.contains(word), "{text}");
            }
        }
    }
}

#[test]
fn the_configuration_is_read_as_it_is_meant() {
    let objects = objects(&install(&["default", "flink"]));
    let configuration = objects.iter().find(|one| one["kind"] == "ConfigMap").unwrap();
    let text = configuration["data"]["config.yaml"].as_str().unwrap();
    let options: nutkin_flink::Configuration = text
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(crate::settings::problems(&options), []);
    let wide = crate::settings::OperatorWide::of(&options);
    assert_eq!(wide.lease, LEASE);
    assert_eq!(wide.health, Some(HEALTH));
    let names = ["default", "flink"].map(str::to_owned).into();
    assert_eq!(wide.namespaces, crate::settings::WatchedNamespaces::These(names));
}
