//! What kustomizations apply, each as `kubectl kustomize` of the release in its comment prints it.

use crate::source::{File, Input};
use crate::world::World;
use nutkin_flink::yaml;
use serde_json::Value;

const BASE: &str = "\
kind: Kustomization
resources: [all.yaml]
";

const ALL: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  config.yaml: |
    rest.port: 8081
    parallelism.default: 1
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tm, labels: {app: f}}
spec:
  replicas: 1
  selector: {matchLabels: {app: f}}
  template:
    metadata: {labels: {app: f}}
    spec:
      serviceAccountName: runner
      containers:
      - {name: tm, image: 'flink:1.19.1', args: [taskmanager]}
      volumes:
      - {name: conf, configMap: {name: conf}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runs}
roleRef: {kind: Role, name: elsewhere}
subjects: [{kind: ServiceAccount, name: runner}, {kind: ServiceAccount, name: other, namespace: old}]
";

fn world(files: &[(&str, &str)]) -> World {
    let input = |(name, text): &(&str, &str)| {
        File::new(&Input { name: (*name).to_owned(), text: (*text).to_owned() })
    };
    World::read(files.iter().map(input).collect())
}

/// An overlay of the base above, with these words, and files beside it.
fn overlay(words: &str, beside: &[(&str, &str)]) -> World {
    let words = format!("resources: [../base]\n{words}");
    let mut files = vec![
        ("base/all.yaml", ALL),
        ("base/kustomization.yaml", BASE),
        ("o/kustomization.yaml", words.as_str()),
    ];
    files.extend(beside);
    world(&files)
}

/// Each path begins with the kind of an object, `Deployment/spec/replicas`; its value is as YAML has it.
#[track_caller]
fn check_world(world: &World, expected: &[(&str, &str)]) {
    assert_eq!(world.applied.unread, [], "unread");
    assert_eq!(world.applied.refused, [], "refused");
    for (path, value) in expected {
        let (kind, path) = path.split_once('/').unwrap();
        let object = world.objects.iter().find(|object| object.kind == kind);
        let object = object.unwrap_or_else(|| panic!("no {kind}")).node.to_json();
        let found = object.pointer(&format!("/{path}")).unwrap_or(&Value::Null);
        let value = yaml::documents(value, "").0.remove(0).to_json();
        assert_eq!(*found, value, "{kind}/{path}");
    }
}

#[track_caller]
fn check(words: &str, expected: &[(&str, &str)]) {
    check_world(&overlay(words, &[]), expected);
}

const CONTAINER: &str = "Deployment/spec/template/spec/containers/0";

#[test]
fn fields_that_change_one_thing() {
    let image = format!("{CONTAINER}/image");
    check("images: [{name: flink, newTag: 1.20.1}]", &[(&image, "flink:1.20.1")]);
    check("replicas: [{name: tm, count: 7}]", &[("Deployment/spec/replicas", "7")]);
    check(
        "commonLabels: {env: live}",
        &[
            ("Deployment/metadata/labels", "{app: f, env: live}"),
            ("Deployment/spec/selector/matchLabels", "{app: f, env: live}"),
            ("Deployment/spec/template/metadata/labels", "{app: f, env: live}"),
        ],
    );
    check(
        "labels: [{pairs: {env: live}}]",
        &[
            ("Deployment/metadata/labels", "{app: f, env: live}"),
            ("Deployment/spec/template/metadata/labels", "{app: f}"),
        ],
    );
    check(
        "labels: [{pairs: {env: live}, includeTemplates: true}]",
        &[
            ("Deployment/spec/selector/matchLabels", "{app: f}"),
            ("Deployment/spec/template/metadata/labels", "{app: f, env: live}"),
        ],
    );
    check(
        "commonAnnotations: {a: b}",
        &[("Deployment/spec/template/metadata/annotations", "{a: b}")],
    );
}

#[test]
fn names_and_namespaces_with_what_refers_to_them() {
    check(
        "namePrefix: p-\nnameSuffix: -s",
        &[
            ("Deployment/metadata/name", "p-tm-s"),
            ("Deployment/spec/template/spec/volumes/0/configMap/name", "p-conf-s"),
            ("Deployment/spec/template/spec/serviceAccountName", "p-runner-s"),
            ("RoleBinding/subjects/0/name", "p-runner-s"),
            ("RoleBinding/subjects/1/name", "other"),
            ("RoleBinding/roleRef/name", "elsewhere"),
        ],
    );
    check(
        "namespace: live",
        &[
            ("Deployment/metadata/namespace", "live"),
            ("RoleBinding/subjects/0/namespace", "live"),
            ("RoleBinding/subjects/1/namespace", "old"),
        ],
    );
    // What an overlay adds may name what its base has under the old name.
    let world = world(&[
        ("base/all.yaml", ALL),
        ("base/kustomization.yaml", "resources: [all.yaml]\nnamePrefix: p-\n"),
        ("o/kustomization.yaml", "resources: [../base, pod.yaml]\n"),
        (
            "o/pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {volumes: [{name: c, configMap: {name: conf}}]}\n",
        ),
    ]);
    check_world(&world, &[("Pod/spec/volumes/0/configMap/name", "p-conf")]);
}

const PATCH: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: tm}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: tm
        resources: {limits: {memory: 1Gi}}
";

#[test]
fn patches_of_all_forms() {
    let limit = format!("{CONTAINER}/resources/limits/memory");
    let image = format!("{CONTAINER}/image");
    let merged = [("Deployment/spec/replicas", "3"), (&*limit, "1Gi"), (&*image, "'flink:1.19.1'")];
    for words in [
        "patches: [{path: more.yaml}]",
        "patchesStrategicMerge: [more.yaml]",
        "patches: [{path: more.yaml, target: {kind: Deployment}}]",
        "patches: [{path: more.yaml, target: {labelSelector: app=f}}]",
        "patches: [{path: ./more.yaml}]",
    ] {
        check_world(&overlay(words, &[("o/more.yaml", PATCH)]), &merged);
    }
    let inline: String = PATCH.lines().map(|line| format!("    {line}\n")).collect();
    check(&format!("patches:\n- patch: |\n{inline}"), &merged);
    check(&format!("patchesStrategicMerge:\n- |\n{inline}"), &merged);
    let operations = "[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 3}]";
    let target = "target: {group: apps, version: v1, kind: Deployment, name: tm}";
    for words in [
        format!("patches:\n- {target}\n  patch: '{operations}'\n"),
        format!("patchesJson6902:\n- {target}\n  patch: '{operations}'\n"),
        format!("patches:\n- {target}\n  path: more.json\n"),
    ] {
        let beside = [("o/more.json", operations)];
        check_world(&overlay(&words, &beside), &[("Deployment/spec/replicas", "3")]);
    }
    let gone = "patches:\n- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: ServiceAccount\n    metadata: {name: runner}\n";
    let world = overlay(gone, &[]);
    assert!(world.objects.iter().all(|object| object.kind != "ServiceAccount"));
}

#[test]
fn generators() {
    let beside = [("o/a.properties", "x = 1\n"), ("o/v.env", "# of\nA=b\n")];
    let world = overlay(
        "configMapGenerator:\n- {name: conf, behavior: merge, files: [a.properties, n=a.properties], envs: [v.env], literals: [L=m]}",
        &beside,
    );
    check_world(
        &world,
        &[
            ("ConfigMap/data/a.properties", "\"x = 1\\n\""),
            ("ConfigMap/data/n", "\"x = 1\\n\""),
            ("ConfigMap/data/A", "b"),
            ("ConfigMap/data/L", "m"),
        ],
    );
    let text = world.objects.iter().find(|one| one.kind == "ConfigMap").unwrap().node.to_json();
    assert!(text["data"]["config.yaml"].is_string());
    let world =
        overlay("configMapGenerator: [{name: conf, behavior: replace, literals: [L=m]}]", &[]);
    check_world(&world, &[("ConfigMap/data", "{L: m}")]);
    let world = overlay("secretGenerator: [{name: s, literals: [L=m]}]", &[]);
    check_world(&world, &[("Secret/stringData", "{L: m}")]);
}

#[test]
fn components_change_what_is_there() {
    let component = "kind: Component\npatches: [{path: more.yaml}]\n";
    let world = overlay(
        "components: [../c]",
        &[("c/kustomization.yaml", component), ("c/more.yaml", PATCH)],
    );
    check_world(&world, &[("Deployment/spec/replicas", "3")]);
}

/// A value has the place at which somebody wrote it.
#[test]
fn places_lead_to_the_files() {
    let world = overlay(
        "patches: [{path: more.yaml}]\nimages: [{name: flink, newTag: 1.20.1}]",
        &[("o/more.yaml", PATCH)],
    );
    let object = world.objects.iter().find(|object| object.kind == "Deployment").unwrap();
    let home = |path: &str| {
        let place = object.place_of(path).home(&world.files);
        format!("{}:{}", world.files[place.file].name, place.line)
    };
    assert_eq!(home("spec/replicas"), "o/more.yaml:5");
    assert_eq!(home("metadata/name"), "base/all.yaml:11");
    assert_eq!(object.place().home(&world.files).line, 9);
    let text = world.texts.iter().find(|text| text.name == "config.yaml").unwrap();
    let place = text.place(&world.files, 2, 1).home(&world.files);
    assert_eq!((&*world.files[place.file].name, place.line), ("base/all.yaml", 7));
    // The kustomization itself says the image.
    let image = image(object);
    assert_eq!(image.home(&world.files).line, 3);
}

/// A text inside of a kustomization has its lines, too.
#[test]
fn places_lead_into_patches_of_the_kustomization() {
    let patch = "\
patches:
- patch: |-
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: conf}
    data:
      config.yaml: |
        rest.port: 8082
- target: {kind: Deployment}
  patch: |
    - op: replace
      path: /spec/replicas
      value: 5
";
    let world = overlay(patch, &[]);
    let text = world.texts.iter().find(|text| text.name == "config.yaml").unwrap();
    let home = |place: crate::finding::Place| {
        let place = place.home(&world.files);
        (world.files[place.file].name.clone(), place.line)
    };
    assert_eq!(home(text.place(&world.files, 1, 1)), ("o/kustomization.yaml".to_owned(), 9));
    let object = world.objects.iter().find(|object| object.kind == "Deployment").unwrap();
    let place = object.place_of("spec/replicas");
    assert_eq!(home(place), ("o/kustomization.yaml".to_owned(), 14));
}

fn image(object: &crate::kubernetes::Object) -> crate::finding::Place {
    use crate::node::Walk as _;
    let containers = object.node.at("spec/template/spec/containers").unwrap().items();
    containers[0].get("image").unwrap().place(object.file)
}

#[test]
fn what_is_not_known_or_stops_kustomize_is_said() {
    #[track_caller]
    fn check(words: &str, unread: &[&str], refused: &[&str]) {
        let world = overlay(words, &[("o/more.yaml", PATCH)]);
        let said = |all: &[(crate::finding::Place, String)]| -> Vec<String> {
            all.iter().map(|(place, text)| format!("{}: {text}", place.line)).collect()
        };
        assert_eq!(said(&world.applied.unread), unread, "{words}");
        assert_eq!(said(&world.applied.refused), refused, "{words}");
    }
    check("replacements: [{path: x.yaml}]", &["2: replacements"], &[]);
    check("patches: [{path: more.yaml, target: {name: '[ab]'}}]", &["2: patches"], &[]);
    check("patches: [{path: none.yaml}]", &[], &["2: there is no `o/none.yaml`"]);
    check("components: [../../x]", &[], &["2: there is no `../x`"]);
    check(
        "replicas: [{name: x, count: 1}]",
        &[],
        &["2: `replicas` names a workload that is not there"],
    );
    check(
        "patches:\n- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: jm}}'",
        &[],
        &["3: there is no Deployment `jm` to change"],
    );
    check(
        "patches:\n- target: {kind: Deployment}\n  patch: '[{\"op\": \"remove\", \"path\": \"/spec/none\"}]'",
        &[],
        &["4: the patch does not fit Deployment tm"],
    );
}

#[test]
fn what_is_a_resource_of_itself_ends() {
    let world = world(&[
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
    ]);
    assert_eq!(world.objects.len(), 0);
}
