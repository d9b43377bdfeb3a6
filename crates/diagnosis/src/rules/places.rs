//! What a place lacks before a session runs there: found by the checks of `doctor`.

super::symptoms! {
    "NK2701" Error Around Nothing Always
    "the platform does not answer"
    signs []
    happens "The API server or the Docker daemon cannot be reached: no session can be started, changed or looked at there."
    cure "Start it, or name the right one: `kubectl config current-context` and `--context`, `DOCKER_HOST` and `docker context ls`.";
    "NK2702" Error Around Nothing Always
    "the API server is too old"
    signs []
    happens "Nutkin changes objects with server-side apply, which is stable since Kubernetes 1.22. An older server refuses it, or does something else."
    cure "Update the cluster, or use another one.";
    "NK2703" Error Around Nothing Always
    "you may not do what starts and changes a session"
    signs []
    happens "The API server refuses a request of `nutkin up` in the middle, or a part of the session cannot be shown, changed or ended."
    cure "Have somebody who may apply the Role that `nutkin rbac --commands` prints, and bind it to you. The lines name what is missing.";
    "NK2704" Error Around Nothing Always
    "the namespace does not exist"
    signs []
    happens "Nothing can be created in it. Accounts and permissions of another namespace do not count: `kubernetes.namespace` and the context of the kubeconfig may name different ones."
    cure "Create it: `kubectl create namespace NAME`, or name another one with `-n`.";
    "NK2705" Error Around Nothing Always
    "there is no Java that Flink can use"
    signs []
    happens "Processes on this machine cannot be started."
    cure "Install a JDK or JRE of a release that this Flink supports (8, 11, 17, 21), and set JAVA_HOME or `env.java.home`.";
    "NK2706" Error Around Nothing Always
    "the session cannot be planned"
    signs []
    happens "`nutkin up` refuses with the same message, and changes nothing."
    cure "Read the message: an option, a file, a port or an image does not fit. `nutkin plan` says it with its place in the file.";
    "NK2707" Warning Around Nothing Always
    "the plan warns"
    signs []
    happens "The session can be started, and may not do what was meant: memory that the machine does not have, options without effect."
    cure "Read the warning, and change the option that it names.";
}
