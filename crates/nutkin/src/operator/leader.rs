//! Holds the Lease without which nothing is done.

use std::time::Instant;

use nutkin_core::kubernetes::resource::LEASES;
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::error::{ApiError, failure};
use nutkin_operator::lease::{self, LeaseName, LeaseTurn};
use nutkin_shell::{Error, Kind, Tenure};
use serde_json::Value;

use super::{LeaseSettings, clock};
use crate::Context;

/// One that wants to lead.
pub(super) struct Leader<'s> {
    api: Api,
    settings: Option<&'s LeaseSettings>,
    /// The lease as it was found last, and since when it is like that.
    found: Option<(Value, Instant)>,
    /// When it was written last.
    renewed: Option<Instant>,
    /// For how long nobody else can have it.
    tenure: &'s Tenure,
}

impl<'s> Leader<'s> {
    /// `tenure`: is told for how long nobody else can have it. It does not hold up `api`, by which it is prolonged.
    pub(super) fn new(api: &Api, settings: Option<&'s LeaseSettings>, tenure: &'s Tenure) -> Self {
        let namespace = settings.map_or(api.namespace(), |settings| &settings.namespace);
        Self { api: api.in_namespace(namespace), settings, found: None, renewed: None, tenure }
    }

    /// Waits until it leads.
    pub(super) async fn acquire(&mut self, context: &Context<'_>) {
        let Some(settings) = self.settings else { return };
        let mut told = String::new();
        loop {
            let line = match self.turn(settings).await {
                Ok(LeaseSeen::Ours) => return,
                Ok(LeaseSeen::Of(other)) => {
                    format!("waiting for lease `{}`, which `{other}` holds", settings.name)
                }
                Ok(LeaseSeen::Overtaken) => {
                    format!("waiting for lease `{}`, which changes hands", settings.name)
                }
                Err(error) => format!("{:#}", failure(error).error),
            };
            if told != line {
                context.printer.say(&line);
                told = line;
            }
            clock::pause(settings.terms.retry).await;
        }
    }

    /// Renews it. Ends when it is lost.
    pub(super) async fn hold(&mut self) -> Error {
        let Some(settings) = self.settings else { return std::future::pending().await };
        loop {
            clock::pause(settings.terms.retry).await;
            let deadline = settings.terms.deadline;
            let passed = self.renewed.map_or(deadline, |renewed| renewed.elapsed());
            let left = deadline.saturating_sub(passed);
            match tokio::time::timeout(left, self.turn(settings)).await {
                Ok(Ok(LeaseSeen::Ours)) => {}
                Ok(Ok(LeaseSeen::Of(other))) => {
                    return lost(&settings.name, &format!("`{other}` holds it"));
                }
                // An answer may have been lost, and the next look finds what it said.
                Ok(Ok(LeaseSeen::Overtaken) | Err(_)) if passed < deadline => {}
                Ok(_) | Err(_) => return lost(&settings.name, "it could not be renewed in time"),
            }
        }
    }

    /// Looks at it and writes it where it may.
    async fn turn(&mut self, settings: &LeaseSettings) -> Result<LeaseSeen, ApiError> {
        let found = self.api.get(LEASES, &settings.name).await?;
        let since = match (&self.found, &found) {
            (Some((before, since)), Some(now)) if before["spec"] == now["spec"] => *since,
            _ => Instant::now(),
        };
        let (about, terms) = (settings.about(), settings.terms);
        // It holds from before the request: when that was heard nobody here knows.
        let begun = Instant::now();
        let turn = lease::lease(about, terms, found.as_ref(), since.elapsed(), &clock::micros());
        let written = match turn {
            LeaseTurn::Wait(other) => {
                self.found = found.map(|found| (found, since));
                return Ok(LeaseSeen::Of(other));
            }
            LeaseTurn::Write(lease) if found.is_none() => self.api.create(&lease).await,
            LeaseTurn::Write(lease) => self.api.replace(&lease).await,
        };
        match written {
            Ok(written) => {
                let lasts = terms.deadline.saturating_sub(begun.elapsed());
                self.tenure.renew(lasts, lease::mark(&written));
                self.found = Some((written, begun));
                self.renewed = Some(begun);
                Ok(LeaseSeen::Ours)
            }
            // Somebody else was faster.
            Err(error) if error.is("Conflict") || error.is("AlreadyExists") => {
                self.found = None;
                Ok(LeaseSeen::Overtaken)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives it away, so that the next one need not wait.
    pub(super) async fn release(&mut self) {
        let (Some(settings), Some((found, _))) = (self.settings, &self.found) else { return };
        if let Some(free) = lease::released(settings.about(), found, &clock::micros()) {
            let _ = self.api.replace(&free).await;
        }
    }
}

impl LeaseSettings {
    fn about(&self) -> LeaseName<'_> {
        LeaseName { namespace: &self.namespace, name: &self.name, holder: &self.holder }
    }
}

/// What one look at the lease came to.
enum LeaseSeen {
    /// It is ours, for its duration from now on.
    Ours,
    /// Somebody else holds it.
    Of(String),
    /// It changed while it was looked at.
    Overtaken,
}

fn lost(name: &str, why: &str) -> Error {
    Error::new(Kind::Conflict, format!("lease `{name}` is lost: {why}"))
        .hint("another operator goes on; this one begins anew when it is started again")
}
