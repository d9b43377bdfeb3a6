//! Heartbeats: how often they are sent, and how long they are waited for.

use std::time::Duration;

use super::HEARTBEAT;
use crate::finding::Findings;
use crate::settings::Settings;
use crate::system::System;
use nutkin_flink::{FlinkVersion, values};

/// Defaults of Flink (`HeartbeatManagerOptions`, 1.13 to 2.3).
const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(50);

/// `HeartbeatServices` refuses an interval that is longer than the timeout (1.13 to 2.3).
pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    if !system.refused.is_empty() || system.is_of_unknown_release() {
        return;
    }
    for settings in [system.settings_of_job_managers(), system.settings_of_task_managers()] {
        of_role(system, settings, out);
    }
}

fn of_role(system: &System<'_>, settings: &Settings, out: &mut Findings<'_>) {
    let version = system.version.unwrap_or(FlinkVersion::DEFAULT);
    let (interval, timeout) =
        (settings.get("heartbeat.interval"), settings.get("heartbeat.timeout"));
    let read = |text: String| values::duration(&text, version).ok();
    let length = |setting: Option<&crate::settings::Setting>, default| match setting {
        Some(setting) => read(setting.text()),
        None => Some(default),
    };
    // What is not a duration has a code of its own.
    let (Some(every), Some(wait)) = (length(interval, INTERVAL), length(timeout, TIMEOUT)) else {
        return;
    };
    let Some(setting) = interval.or(timeout).filter(|_| wait < every) else { return };
    let said = |is_said: bool| if is_said { "" } else { ", the default" };
    let message = format!(
        "`heartbeat.interval` is {every:?}{}, `heartbeat.timeout` {wait:?}{}",
        said(interval.is_some()),
        said(timeout.is_some())
    );
    out.add(&HEARTBEAT, setting.place, message);
}
