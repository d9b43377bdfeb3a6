//! The way to REST through the API server, with a real Flink at its end.
//!
//! Nobody runs pods here. So a session of processes on this machine stands for the pod: its address is written into the
//! pod's status, and Kubernetes leads the Service there.

use std::net::{IpAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use nutkin_e2e::{Cluster, Rest};
use serde_json::{Value, json};

/// A pod that is noted to run is seen by all controllers within this.
const LIMIT: Duration = Duration::from_secs(30);

/// An address of this machine that is not loopback: an API server leads to no other one.
fn address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    // Nothing is sent: the system only chooses the address that it would send from.
    socket.connect("192.0.2.1:9").expect("a route");
    socket.local_addr().expect("an address").ip()
}

/// A session on Kubernetes whose JobManager is a local one.
fn session() -> Cluster {
    exposed("ClusterIP")
}

/// The same with another type of Service.
fn exposed(service: &str) -> Cluster {
    let cluster = Cluster::new();
    let host = address().to_string();
    // Nutkin asks it on loopback, the API server at the machine's address.
    let bind = "rest.bind-address=0.0.0.0";
    cluster.nutkin.ok(&["up", "flink", "--on", "local", "-D", "rest.port=0", "-D", bind]);
    let status = cluster.nutkin.ok(&["status", "flink", "--on", "local", "-o", "json"]).json();
    let url = status["restUrl"].as_str().expect("an address").to_owned();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    let port = format!("rest.port={port}");
    // The scheduler would go on noting that no node takes it.
    let template = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"schedulerName": "nobody"}});
    let template = cluster.nutkin.file("pod.yaml", &template.to_string());
    let template = format!("kubernetes.pod-template-file.jobmanager={}", template.display());
    let service = format!("kubernetes.rest-service.exposed.type={service}");
    let options = ["-D", &port, "-D", &template, "-D", &service];
    cluster.run(&[&["up", "a", "--no-wait"][..], &options].concat()).expect(0);
    let pods = || cluster.get("pods")["items"].as_array().cloned().unwrap_or_default();
    cluster.nutkin.eventually("a pod", LIMIT, || pods().len() == 1);
    let pod = pods()[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    let now = "2026-01-01T00:00:00Z";
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    let status = json!({"status": {
        "phase": "Running",
        "podIP": host,
        "podIPs": [{"ip": host}],
        "conditions": conditions,
        "containerStatuses": [{
            "name": "flink-main-container", "ready": true, "started": true, "restartCount": 0,
            "image": "flink", "imageID": "flink", "state": {"running": {"startedAt": now}},
        }],
    }});
    cluster.kubectl(&["patch", "pod", &pod, "--subresource=status", "-p", &status.to_string()]);
    let waited = cluster.run(&[&["up", "a", "--timeout", "60"][..], &options].concat());
    waited.expect(0).says("session `a` is up").says("`nutkin open a` opens it");
    cluster
}

fn job(cluster: &Cluster) -> Vec<String> {
    let jar = cluster.nutkin.setup().job("1.20.5", "ExactlyOnce");
    let output = cluster.nutkin.directory().join("numbers");
    let text = |path: &std::path::Path| path.to_str().expect("a path in UTF-8").to_owned();
    let more = ["--output", &text(&output), "--total", "1000000", "--rate", "10"];
    [&[text(&jar)][..], &more.map(str::to_owned)].concat()
}

#[test]
fn jobs_run_by_way_of_the_api_server() {
    // A Service without an address even inside the cluster: the API server leads to the pods behind it.
    let cluster = exposed("Headless_ClusterIP");
    assert_eq!(cluster.get("service/a-rest")["spec"]["clusterIP"], "None");
    let status = cluster.run(&["status", "a", "-o", "json"]).json();
    assert_eq!(status["state"], "running", "{status}");
    assert_eq!(status["slots"]["total"], 2);

    let job = job(&cluster);
    let words: Vec<&str> = job.iter().map(String::as_str).collect();
    let run = cluster.run(&[&["run", "--session", "a", "-d"][..], &words].concat());
    let id = run.expect(0).stdout.trim().to_owned();
    let jobs = || cluster.run(&["jobs", "--session", "a", "-o", "json"]).json()["items"].clone();
    cluster.nutkin.eventually("the job runs", LIMIT, || jobs()[0]["state"] == "RUNNING");

    // A change that would lose it names it, and needs more than `--yes`.
    let change = cluster.run(&["up", "a", "--yes", "-D", "rest.port=9999"]);
    change.expect(6).says("will be lost").says(&id).says("--force");
    let down = cluster.run(&["down", "a"]);
    down.expect(6).says(&id);

    let saved = cluster.run(&["savepoint", "--session", "a", &id, "file:///tmp"]);
    let path = saved.expect(0).stdout.trim().to_owned();
    cluster.run(&["savepoint", "--session", "a", "--dispose", &path]).expect(0);
    cluster.run(&["cancel", "--session", "a", &id]).expect(0);
    cluster.run(&["down", "a"]).expect(0);
}

/// A load balancer's own address is used as soon as there is one; the machine's own stands for it here.
#[test]
fn jobs_run_by_way_of_a_load_balancer() {
    let cluster = exposed("LoadBalancer");
    let status = || cluster.run(&["status", "a", "-o", "json"]).json();
    // Nobody balances load here, and the way leads through the API server.
    let before = status();
    assert_eq!((&before["state"], &before["restUrl"]), (&json!("running"), &Value::Null));
    let host = address().to_string();
    let port = cluster.get("service/a-rest")["spec"]["ports"][0]["port"].clone();
    let ingress = json!({"status": {"loadBalancer": {"ingress": [{"ip": host}]}}});
    let ingress = ingress.to_string();
    cluster.kubectl(&["patch", "service", "a-rest", "--subresource=status", "-p", &ingress]);
    let url = format!("http://{host}:{port}");
    let after = status();
    assert_eq!((&after["state"], &after["restUrl"]), (&json!("running"), &json!(url)));
    let job = job(&cluster);
    let words: Vec<&str> = job.iter().map(String::as_str).collect();
    let run = cluster.run(&[&["run", "--session", "a", "-d"][..], &words].concat());
    let id = run.expect(0).stdout.trim().to_owned();
    let jobs = Rest::new(&url).get("/jobs").expect("Flink answers at that address");
    assert_eq!(jobs["jobs"][0]["id"], id.as_str());
    cluster.run(&["cancel", "--session", "a", &id]).expect(0);
    cluster.run(&["down", "a"]).expect(0);
}

#[test]
fn open_keeps_an_address_open_for_programs_of_this_machine() {
    let cluster = session();
    let mut command = cluster.command(&["open", "a", "--no-browser"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("nutkin starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
    let rest = Rest::new(line.trim());
    let overview = rest.get("/overview").expect("an answer");
    assert_eq!(overview["flink-version"], "1.20.5");
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(rest.get("/overview"), None, "the address goes with the command");
    cluster.run(&["down", "a"]).expect(0);
}

#[test]
fn a_jar_of_200_mb_arrives() {
    let cluster = session();
    let jar = cluster.nutkin.file("large.jar", "");
    std::fs::copy(cluster.nutkin.setup().job("1.20.5", "ExactlyOnce"), &jar).expect("a copy");
    let large = std::fs::File::create(cluster.nutkin.directory().join("large.bin"));
    large.and_then(|file| file.set_len(200_000_000)).expect("a large file");
    let java =
        std::env::var_os("JAVA_HOME").map(|home| std::path::PathBuf::from(home).join("bin/jar"));
    let program = java.filter(|path| path.is_file()).unwrap_or_else(|| "jar".into());
    let mut command = Command::new(program);
    command.args(["--update", "--no-compress", "--file"]).arg(&jar).arg("large.bin");
    let packed =
        command.current_dir(cluster.nutkin.directory()).status().expect("the JDK has `jar`");
    assert!(packed.success());
    let mut words = job(&cluster);
    words[0] = jar.to_str().expect("a path in UTF-8").to_owned();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let run = cluster.run(&[&["run", "--session", "a", "-d"][..], &words].concat());
    let id = run.expect(0).stdout.trim().to_owned();
    cluster.run(&["cancel", "--session", "a", &id]).expect(0);
    cluster.run(&["down", "a"]).expect(0);
}

#[test]
fn jobs_of_a_file_are_remembered_in_the_cluster() {
    let cluster = session();
    let words = job(&cluster);
    let port = cluster.get("service/a-rest")["spec"]["ports"][0]["port"].clone();
    let job = json!({
        "jarURI": words[0], "args": words[1..], "parallelism": 1, "upgradeMode": "stateless",
    });
    let deployment = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "a"},
        "spec": {"flinkVersion": "v1_20", "flinkConfiguration": {"rest.port": port.to_string()}},
    });
    let session_job = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
        "metadata": {"name": "numbers"}, "spec": {"deploymentName": "a", "job": job},
    });
    let file = cluster.nutkin.file("s.yaml", &format!("{deployment}\n---\n{session_job}\n"));
    let run = ["run", "-f", file.to_str().expect("a path in UTF-8")];
    cluster.run(&run).expect(0).says("job `numbers` is submitted");
    let record = cluster.get("configmap/nutkin-a");
    let text = record["data"]["record.json"].as_str().expect("a record").to_owned();
    let record: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(record["kind"], "SessionRecord");
    assert!(record["jobs"]["numbers"].is_object(), "{text}");
    cluster.run(&run).expect(0).says("job `numbers` is unchanged");
    cluster.run(&["down", "a", "--force"]).expect(0);
    assert_eq!(cluster.get("configmap/nutkin-a"), Value::Null, "the record goes with the session");
}

/// By way of Flink's own client, for which the tunnel's address has a part that it has to put before every path.
#[test]
fn a_program_that_collects_runs_in_a_client_here() {
    let cluster = session();
    let jar = cluster.nutkin.setup().job("1.20.5", "Collects");
    let jar = jar.to_str().expect("a path in UTF-8");
    let flink = |words: &[&str]| {
        let mut command = cluster.nutkin.command(&["flink"]);
        command.args(words).env("KUBECONFIG", cluster.kubeconfig());
        cluster.finish(command)
    };
    let namespace = format!("-Dkubernetes.namespace={}", cluster.namespace);
    let target = ["-t", "kubernetes-session", "-Dkubernetes.cluster-id=a", &namespace];
    let run = flink(&[&["run"][..], &target, &["-p", "1", jar]].concat());
    run.expect(0).prints("counted 10, doubled 20\n").says("main() runs here (--client jvm)");
    let list = flink(&[&["list", "-a"][..], &target].concat());
    assert_eq!(list.expect(0).stdout.matches("(FINISHED)").count(), 2, "{}", list.all());
    flink(&["list", "-t", "kubernetes-session"]).expect(1).says("No cluster id was specified.");
    flink(&["list", "-t", "yarn-session"]).expect(1).says("`yarn-session` is not a session");
    cluster.run(&["down", "a"]).expect(0);
}
