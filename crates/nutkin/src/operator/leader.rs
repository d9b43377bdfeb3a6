//! Holds the Lease without which nothing is done.

use std::time::Instant;

use nutkin_core::kubernetes::resource::LEASES;
use nutkin_kubernetes::api::Api;
use nutkin_kubernetes::error::{ApiError, failure};
use nutkin_operator::lease::{self, LeaseName, LeaseTurn};
use nutkin_shell::{Error, Kind};
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
}

impl<'s> Leader<'s> {
    pub(super) fn new(api: &Api, settings: Option<&'s LeaseSettings>) -> Self {
        let namespace = settings.map_or(api.namespace(), |settings| &settings.namespace);
        Self { api: api.in_namespace(namespace), settings, found: None, renewed: None }
    }

    /// Waits until it leads.
    pub(super) async fn acquire(&mut self, context: &Context<'_>) {
        let Some(settings) = self.settings else { return };
        let mut told = String::new();
        loop {
            let line = match self.turn(settings).await {
                Ok(None) => return,
                Ok(Some(other)) => {
                    format!("waiting for lease `{}`, which `{other}` holds", settings.name)
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
            let turn = tokio::time::timeout(deadline, self.turn(settings)).await;
            let is_late = self.renewed.is_none_or(|renewed| deadline <= renewed.elapsed());
            match turn {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(other))) => return lost(&settings.name, &format!("`{other}` holds it")),
                Ok(Err(_)) | Err(_) if is_late => {
                    return lost(&settings.name, "it could not be renewed in time");
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    /// Looks at it and writes it where it may. `None`: it is ours; else who holds it.
    async fn turn(&mut self, settings: &LeaseSettings) -> Result<Option<String>, ApiError> {
        let found = self.api.get(LEASES, &settings.name).await?;
        let since = match (&self.found, &found) {
            (Some((before, since)), Some(now)) if before["spec"] == now["spec"] => *since,
            _ => Instant::now(),
        };
        let LeaseSettings { namespace, name, holder, terms } = settings;
        let about = LeaseName { namespace, name, holder };
        let turn = lease::lease(about, *terms, found.as_ref(), since.elapsed(), &clock::micros());
        let written = match turn {
            LeaseTurn::Wait(other) => {
                self.found = found.map(|found| (found, since));
                return Ok(Some(other));
            }
            LeaseTurn::Write(lease) if found.is_none() => self.api.create(&lease).await,
            LeaseTurn::Write(lease) => self.api.replace(&lease).await,
        };
        match written {
            Ok(written) => {
                self.found = Some((written, Instant::now()));
                self.renewed = Some(Instant::now());
                Ok(None)
            }
            // Somebody else was faster.
            Err(error) if error.is("Conflict") || error.is("AlreadyExists") => {
                self.found = None;
                Ok(Some("another one".to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Gives it away, so that the next one need not wait.
    pub(super) async fn release(&mut self) {
        if let (Some(_), Some((found, _))) = (self.renewed, &self.found) {
            let _ = self.api.replace(&lease::released(found, &clock::micros())).await;
        }
    }
}

fn lost(name: &str, why: &str) -> Error {
    Error::new(Kind::Conflict, format!("lease `{name}` is lost: {why}"))
        .hint("another operator goes on; this one begins anew when it is started again")
}
