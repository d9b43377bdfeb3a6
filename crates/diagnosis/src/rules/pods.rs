//! Pods that do not come to run. The words are those of kubelet, scheduler and controllers.

use crate::symptom::Sign::{Event, Says};

super::symptoms! {
    "NK2101" Error Around Nothing Always
    "an image cannot be pulled"
    signs [Event(&["ImagePullBackOff"]), Event(&["ErrImagePull"]), Event(&["InvalidImageName"]), Event(&["Failed to pull image"])]
    happens "The container waits and is tried again with growing pauses; the process of Flink never starts."
    cure "Read the message: `not found` is a wrong name or tag, `unauthorized` or `denied` a missing pull secret (at the ServiceAccount or in both pod templates), `no match for platform` an image for other processors, a timeout a registry that the node does not reach.";
    "NK2102" Error Around Nothing Always
    "no node has room for a pod"
    signs [Event(&["FailedScheduling"]), Event(&["Unschedulable"])]
    happens "The pod stays Pending: its requests, node selectors, taints or volumes fit no node. TaskManagers are missing, and jobs wait for slots."
    cure "Compare the request of the pod with what the largest node has left. Lower `taskmanager.memory.process.size` or `kubernetes.taskmanager.cpu`, start fewer TaskManagers, or add a node. Taints and selectors are named in the message.";
    "NK2103" Error Around Nothing Always
    "a quota refuses pods"
    signs [Event(&["exceeded quota"]), Says(&["exceeded quota"])]
    happens "The namespace may not have more pods, CPU or memory. Nobody makes the pods that are missing. In native mode only the log of the JobManager says so."
    cure "The message has what is used and what is allowed: start fewer or smaller TaskManagers, or have the ResourceQuota of the namespace raised.";
    "NK2104" Error Around Nothing Always
    "a pod waits for a volume, ConfigMap or Secret"
    signs [Event(&["FailedMount"]), Event(&["FailedAttachVolume"]), Event(&["CreateContainerConfigError"])]
    happens "The container is not started until what it mounts or reads is there."
    cure "Create the object that the message names, in the namespace of the session, or take it out of the pod template. A `hadoop-config-...` comes from a HADOOP_CONF_DIR of whoever created the session: set `kubernetes.hadoop.conf.config-map.name`. A volume that is attached to another node is free when the old pod is gone.";
    "NK2105" Error Around Nothing Always
    "Kubernetes refuses to make a pod"
    signs [Event(&["FailedCreate"]), Event(&["violates PodSecurity"])]
    happens "The workload exists, and its pods do not: an admission rule, a webhook or a limit refuses them."
    cure "The message names the rule. Change the pod template so that it fits, or ask whoever keeps the rules of the namespace.";
    "NK2106" Error Around Nothing Always
    "the command of a container cannot be run"
    signs [Event(&["RunContainerError"]), Event(&["StartError"]), Event(&["exec format error"]), Says(&["exec format error"])]
    happens "The program does not exist in the image (127), may not be executed (126), or was built for other processors. The container ends at once, each time."
    cure "Compare `command` and `args` of the pod template with what the image has. An image of Flink needs `/docker-entrypoint.sh`, or `command` has to name another program.";
    "NK2107" Error Around Nothing Always
    "a pod was evicted"
    signs [Event(&["Evicted"]), Event(&["Preempting"]), Event(&["Preempted"]), Event(&["TaintManagerEviction"])]
    happens "The node ran short of memory or disk, is drained, or made room for a pod of higher priority. The JobManager learns that a TaskManager has gone by its missing heartbeat only, after 50 s."
    cure "Set requests equal to limits, give the pods a priority, and mount a volume in place of the disk of the node for local state (`io.tmp.dirs`). Without high availability, jobs of an evicted JobManager are lost.";
}
