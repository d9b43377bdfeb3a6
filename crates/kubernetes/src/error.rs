//! What an API server refuses, in words for people.

use http::StatusCode;
use kube::core::Status;
use nutkin_core::decide::kubernetes::Refusal;
use nutkin_core::kubernetes::progress::plain;

use nutkin_core::remedy::{Argument, Deed};
use nutkin_shell::{Error, Kind, TenureOver};

/// Why a request to the API server had no success.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It said no.
    #[error("{}", words(.what, .status))]
    Refused {
        /// `create Deployment/orders`: what was asked for.
        what: String,
        /// Its words.
        status: Box<Status>,
    },
    /// No connection.
    #[error("the API server at {0} does not answer")]
    Unreachable(String, #[source] kube::Error),
    /// The connection broke, or the answer did not come in time.
    #[error("the connection to the API server broke ({0})")]
    Broken(String),
    /// The answer is not one of an API server.
    #[error("the answer of the API server cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// It was not asked: another operator may be at work.
    #[error(transparent)]
    Over(TenureOver),
}

impl ApiError {
    /// The HTTP status, where there was one.
    pub fn code(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } => StatusCode::from_u16(status.code).ok(),
            _ => None,
        }
    }

    /// Whether the server gave this reason: `AlreadyExists`, `Conflict`, `NotFound`, `Forbidden`, `Invalid`.
    pub fn is(&self, reason: &str) -> bool {
        matches!(self, Self::Refused { status, .. } if status.reason == reason)
    }
}

/// The refusal of a request in one sentence.
fn words(what: &str, status: &Status) -> String {
    let message = plain(&status.message);
    // Two kinds of refusal have the same code: the authorizer's, and those of admission.
    if status.reason == "Forbidden" && is_rbac(status) {
        return format!("you may not {what}: {message}");
    }
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let causes: Vec<String> = causes
        .filter(|cause| !cause.field.is_empty())
        .map(|cause| format!("{}: {}", cause.field, cause.message))
        .collect();
    if !causes.is_empty() {
        return format!("Kubernetes does not {what}: {}", causes.join("; "));
    }
    format!("Kubernetes does not {what}: {message}")
}

/// Whether the authorizer refused: its message names the user and the verb.
pub fn is_rbac(status: &Status) -> bool {
    status.message.contains("cannot ") && status.message.contains("User ")
}

/// The failure of a command that an API server caused, with what to do next.
pub fn failure(error: ApiError) -> Error {
    let hint = match &error {
        ApiError::Refused { status, .. } if status.reason == "Forbidden" && is_rbac(status) => {
            Some(Deed::Permissions.does("prints what each command needs"))
        }
        ApiError::Refused { status, .. } if status.message.contains("exceeded quota") => {
            Some("ask for less (memory, CPU), or have the namespace's ResourceQuota raised".into())
        }
        ApiError::Refused { status, .. } if status.code == 401 => {
            Some("your credentials are not accepted: `kubectl auth whoami` tells more".into())
        }
        ApiError::Refused { status, .. }
            if status.reason == "NotFound" && status.message.starts_with("namespaces ") =>
        {
            Some("create the namespace first: `kubectl create namespace NAME`".into())
        }
        ApiError::Unreachable(..) => Some(
            Argument::Context
                .within("is it the right context? `kubectl config current-context`, ", ""),
        ),
        _ => None,
    };
    let kind = match &error {
        ApiError::Refused { status, .. } => match status.code {
            404 if hint.is_none() => Kind::NotFound,
            401 | 403 => Kind::Denied,
            409 => Kind::Conflict,
            // Too many requests, a gateway, an API server that starts or is overloaded.
            429 | 502 | 503 | 504 => Kind::Retry,
            _ => Kind::Broken,
        },
        ApiError::Unreachable(..) => Kind::Retry,
        ApiError::Over(_) => Kind::Conflict,
        _ => Kind::Broken,
    };
    let failure = Error::of(kind, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The failure of a command whose wish cannot be had as things are.
pub fn refusal(refusal: Refusal) -> Error {
    let kind = match &refusal {
        Refusal::Invalid(problems) => return Error::input(problems.clone()),
        Refusal::NotCounted { .. } => Kind::Invalid,
        Refusal::InTheWay { .. } | Refusal::NotOurs { .. } => Kind::Conflict,
        Refusal::BeingDeleted { .. } | Refusal::StillRuns { .. } => Kind::Retry,
        Refusal::CannotBecome { .. }
        | Refusal::Immutable { .. }
        | Refusal::Deleted { .. }
        | Refusal::Stuck { .. }
        | Refusal::NoTaskManagers { .. } => Kind::Broken,
    };
    let error = Error::new(kind, refusal.message()).because(refusal.reason());
    refusal.hints().into_iter().fold(error, Error::hint)
}

/// Whether a field was refused because it never changes, as a Service's `clusterIP`.
pub fn is_immutable(error: &ApiError) -> bool {
    let ApiError::Refused { status, .. } = error else { return false };
    status.code == 422
        && [
            "immutable",
            "may not change once set",
            "primary clusterIP can not be unset",
            "field is immutable",
            "updates to statefulset spec for fields other than",
            "spec is immutable after creation",
        ]
        .iter()
        .any(|words| status.message.contains(words))
}
