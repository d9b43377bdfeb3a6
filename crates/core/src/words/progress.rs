//! What a session on Kubernetes waits for while it starts or its pods are replaced, and what keeps it from starting,
//! with the remedy.

use std::fmt::{self, Display, Formatter};

use crate::remedy::{Deed, Remedy};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits<'a> {
    /// Kubernetes has not made this role's pod.
    Pod(&'a str),
    /// No node has the pod, as far as known because of this.
    Node(Option<&'a str>),
    /// This pod failed, with this message.
    Failed(&'a str, &'a str),
    /// The node pulls this image.
    Image(&'a str),
    /// A volume, with the message of the event.
    Volume(&'a str),
    /// The network of the pod, with the message of the event.
    Network(&'a str),
    /// The node makes this role's container.
    Container(&'a str),
    /// The workloads' controllers have not seen the change.
    Seen,
    /// New pods of a role: ready ones, wanted ones.
    New(&'a str, u64, u64),
    /// The old JobManager has not ended.
    OldJobManager,
    /// So many old pods have not ended.
    Old(usize),
    /// The last of the new pods are not ready.
    LastNew,
}

impl Display for Waits<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Pod(role) => {
                let whose = if role == "TaskManager" { "a" } else { "the" };
                write!(f, "waiting for Kubernetes to make {whose} {role}'s pod")
            }
            Self::Node(None) => f.write_str("waiting for a node"),
            Self::Node(Some(why)) => write!(f, "waiting for a node: {why}"),
            Self::Failed(pod, why) => {
                write!(f, "pod {pod} has failed ({why}); another one follows")
            }
            Self::Image(image) => write!(f, "pulling the image `{image}`"),
            Self::Volume(why) => write!(f, "waiting for a volume: {why}"),
            Self::Network(why) => write!(f, "waiting for the pod's network: {why}"),
            Self::Container(role) => write!(f, "the {role}'s container is being made"),
            Self::Seen => f.write_str("waiting for Kubernetes to see the change"),
            Self::New(role, ready, wanted) => {
                write!(
                    f,
                    "{ready} of {wanted} new {role}s are ready; the old ones run until all are"
                )
            }
            Self::OldJobManager => f.write_str("waiting for the old JobManager to terminate"),
            Self::Old(1) => f.write_str("waiting for 1 old pod to terminate"),
            Self::Old(number) => write!(f, "waiting for {number} old pods to terminate"),
            Self::LastNew => f.write_str("waiting for the last new pods to be ready"),
        }
    }
}

/// Why a pod waits, where Kubernetes does not say it.
pub(crate) const NO_NODE: &str = "no node takes it";

/// Why a pod failed, where Kubernetes does not say it.
pub(crate) const CONTAINERS_ENDED: &str = "its containers ended";

/// What keeps a session from starting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect<'a> {
    /// Kubernetes does not make this role's pod, and says why.
    NoPod(&'a str, &'a str),
    /// The name of the image is not valid.
    ImageName(&'a str),
    /// This image cannot be pulled, and why.
    Image(&'a str, &'a str),
    /// This container cannot start, and why.
    Container(&'a str, &'a str),
    /// A container ended.
    Ended(EndedContainer<'a>),
}

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndedContainer<'a> {
    /// Its name.
    pub(crate) container: &'a str,
    /// Its pod.
    pub(crate) pod: &'a str,
    /// The session of that.
    pub(crate) session: &'a str,
    /// Whether that is a JobManager.
    pub(crate) is_job_manager: bool,
    /// Kubernetes' reason.
    pub(crate) reason: Option<&'a str>,
    /// The exit code as Kubernetes writes it.
    pub(crate) code: &'a str,
}

/// Kubernetes' reason for the end of a container that used more memory than its limit.
const OUT_OF_MEMORY: Option<&str> = Some("OOMKilled");

impl Defect<'_> {
    /// What to do about it.
    pub(crate) fn remedy(self) -> Remedy {
        let words = match self {
            Self::NoPod(_, why) if why.contains("exceeded quota") => {
                "ask for less (memory, CPU), or have the namespace's ResourceQuota raised"
            }
            Self::NoPod(_, why)
                if why.contains("service account") || why.contains("serviceaccount") =>
            {
                return Remedy::ProcessAccount;
            }
            Self::NoPod(_, why) if why.contains("violates PodSecurity") => {
                "give the pod template a securityContext that the namespace's level allows"
            }
            Self::NoPod(..) => "fix the cause; Kubernetes tries again by itself",
            Self::ImageName(_) => "set `kubernetes.container.image.ref`",
            Self::Image(..) => {
                "check the image's name, and `kubernetes.container.image.pull-secrets` for a private registry"
            }
            Self::Container(..) => {
                "check the Secrets, ConfigMaps and commands that the pod template names"
            }
            Self::Ended(EndedContainer { reason: OUT_OF_MEMORY, is_job_manager: true, .. }) => {
                "give it more: `jobmanager.memory.process.size`"
            }
            Self::Ended(EndedContainer { reason: OUT_OF_MEMORY, .. }) => {
                "give it more: `taskmanager.memory.process.size`"
            }
            Self::Ended(EndedContainer { session, .. }) => {
                let log = Deed::PreviousLog { session: session.to_owned() };
                return log.within("its log says why: ", "");
            }
        };
        words.into()
    }
}

impl Display for Defect<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoPod(role, why) => {
                let whose = if role == "TaskManager" { "a" } else { "the" };
                write!(f, "Kubernetes does not make {whose} {role}'s pod: {}", plain(why))
            }
            Self::ImageName(image) => write!(f, "`{image}` is not a valid image name"),
            Self::Image(image, why) => write!(f, "the image `{image}` cannot be pulled: {why}"),
            Self::Container(name, why) => write!(f, "container {name} cannot start: {why}"),
            Self::Ended(EndedContainer { container, pod, reason, code, .. }) => {
                write!(f, "container {container} of pod {pod} ended: ")?;
                match reason {
                    OUT_OF_MEMORY => f.write_str("it used more memory than its limit"),
                    Some(reason) if reason != "Error" => write!(f, "{reason}, exit code {code}"),
                    _ => write!(f, "exit code {code}"),
                }
            }
        }
    }
}

/// An API server's refusal without the part that names the resource: `pods "x" is forbidden: exceeded quota: ...`.
pub fn plain(message: &str) -> &str {
    message.split_once(" is forbidden: ").map_or(message, |(_, rest)| rest)
}

/// What happens to the pods of a change that nobody continues: those of StatefulSets, or of Deployments.
pub(crate) const fn left_alone(is_set: bool) -> &'static str {
    if is_set {
        "if no command continues the change, the other pods stay as they are"
    } else {
        "if no command continues the change, Kubernetes ends each old pod when a new one has been ready for nine \
         minutes, and jobs fail over more than once"
    }
}
