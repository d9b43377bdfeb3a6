//! An HDFS of one NameNode and one DataNode in a pod, from Hadoop's own jars: the `hadoop-client-minicluster` of Maven
//! has the servers beside what tests run within one JVM.

use nutkin_e2e::Rest;
use nutkin_e2e::node::{World, image};
use serde_json::{Value, json};

/// Hadoop's own default of the NameNode.
const PORT: u16 = 8020;
/// Group, name and version of a jar.
type Jar = (&'static str, &'static str, &'static str);

/// What a client of HDFS needs on its class path, Flink's own jars beside it.
const CLIENT: [Jar; 3] = [
    ("org.apache.hadoop", "hadoop-client-api", "3.3.6"),
    ("org.apache.hadoop", "hadoop-client-runtime", "3.3.6"),
    ("commons-logging", "commons-logging", "1.2"),
];
const SERVERS: Jar = ("org.apache.hadoop", "hadoop-client-minicluster", "3.3.6");
/// The host name of the NameNode, as clients know it.
const NAME_NODE: &str = "namenode";

/// Volumes of Hadoop's jars, of this machine, and how a container has them in a directory.
fn jars(world: &World, jars: &[Jar], directory: &str) -> (Vec<Value>, Vec<Value>) {
    let setup = world.cluster.nutkin.setup();
    let volume = |(group, name, version): &Jar| {
        let path = setup.maven(group, name, version);
        json!({"name": name, "hostPath": {"path": path, "type": "File"}})
    };
    let mount =
        |(_, name, _): &Jar| json!({"name": name, "mountPath": format!("{directory}/{name}.jar")});
    (jars.iter().map(volume).collect(), jars.iter().map(mount).collect())
}

/// The client's jars, as lines of a session file's pod template: `(mounts, volumes)`.
pub(super) fn client(world: &World, directory: &str) -> (String, String) {
    let (volumes, mounts) = jars(world, &CLIENT, directory);
    let lines = |indent: &str, items: Vec<Value>| -> String {
        items.iter().map(|item| format!("{indent}- {item}\n")).collect()
    };
    (lines("            ", mounts), lines("        ", volumes))
}

/// Starts it, with a ConfigMap that tells clients of it, and waits until it takes blocks. Gives its REST API.
#[track_caller]
pub(super) fn start(world: &World, files: &str) -> Rest {
    let (mut volumes, mut mounts) = jars(world, &[&CLIENT[..], &[SERVERS]].concat(), "/hadoop");
    volumes.push(json!({"name": "data", "emptyDir": {}}));
    mounts.push(json!({"name": "data", "mountPath": "/data"}));
    let options = [
        // The DataNode is known by the address from which it speaks: the pod's own, which has no name.
        &format!("fs.defaultFS=hdfs://$(POD_IP):{PORT}"),
        "dfs.namenode.datanode.registration.ip-hostname-check=false",
        "dfs.namenode.name.dir=file:///data/name",
        "dfs.datanode.data.dir=file:///data/blocks",
        "dfs.replication=1",
    ];
    let container = |name: &str, class: &str, more: &[&str]| {
        // WebHDFS binds its answers by JAXB, which looks into classes of the JDK.
        let opens = "--add-opens=java.base/java.lang=ALL-UNNAMED";
        let java = ["java", "-Xmx96m", opens, "-classpath", "/hadoop/*:/opt/flink/lib/*"];
        let class = format!("org.apache.hadoop.hdfs.server.{class}");
        let mut args: Vec<&str> = [&java[..], &[class.as_str()]].concat();
        args.extend(options.iter().flat_map(|option| ["-D", option]));
        args.extend(more);
        let ip = json!({"fieldRef": {"fieldPath": "status.podIP"}});
        json!({
            "name": name, "image": image("1.20.5"), "imagePullPolicy": "Never", "args": args,
            "env": [{"name": "POD_IP", "valueFrom": ip}], "volumeMounts": mounts,
        })
    };
    let format = container("format", "namenode.NameNode", &["-format", "-nonInteractive"]);
    let servers = [
        container("namenode", "namenode.NameNode", &[]),
        container("datanode", "datanode.DataNode", &[]),
    ];
    let labels = json!({"app": "hdfs"});
    let site = format!(
        "<configuration><property><name>fs.defaultFS</name><value>hdfs://{NAME_NODE}:{PORT}</value>\
         </property></configuration>"
    );
    let replication = "<configuration><property><name>dfs.replication</name><value>1</value>\
                       </property></configuration>";
    world.cluster.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": files},
            "data": {"core-site.xml": site, "hdfs-site.xml": replication}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME_NODE},
            "spec": {"clusterIP": "None", "selector": labels, "ports": [{"port": PORT}]}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hdfs", "labels": labels},
            "spec": {"initContainers": [format], "containers": servers, "volumes": volumes,
                "terminationGracePeriodSeconds": 1}},
    ]}));
    let mut rest = None;
    world.eventually("HDFS has a DataNode", || {
        let pod = world.cluster.get("pod/hdfs");
        let Some(ip) = pod["status"]["podIP"].as_str() else { return false };
        let asked = Rest::new(&format!("http://{ip}:9870"));
        let state = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState";
        let state = asked.get(state).unwrap_or_default();
        rest = Some(asked);
        state["beans"][0]["NumLiveDataNodes"] == 1
    });
    rest.expect("an address")
}

/// Waits until a directory has something whose name begins so, by the NameNode's own word.
#[track_caller]
pub(super) fn has(world: &World, rest: &Rest, directory: &str, prefix: &str) {
    let begins =
        |file: &Value| file["pathSuffix"].as_str().is_some_and(|name| name.starts_with(prefix));
    world.eventually(&format!("{prefix}* is in {directory} of HDFS"), || {
        let asked = format!("/webhdfs/v1{directory}?op=LISTSTATUS");
        let seen = rest.get(&asked).unwrap_or_default();
        let files = seen["FileStatuses"]["FileStatus"].as_array();
        files.is_some_and(|files| files.iter().any(begins))
    });
}
