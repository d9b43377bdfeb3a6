//! A TaskManager like another one, where nobody knows what the session was made from.

use bollard::models::{ContainerCreateBody, EndpointSettings, NetworkingConfig};
use bollard::query_parameters::InspectContainerOptions;
use nutkin_container::image::ImageUser;
use nutkin_core::plan::docker::{EXTRAS, NAME};
use nutkin_shell::Error;

use super::failure;
use super::make::{self, Archive};
use super::session::DockerSession;

/// The argument that tells a TaskManager its own name.
const RESOURCE_ID: &str = "-Dtaskmanager.resource-id=";

/// Makes a container with all that another one was made with, under its own name, and starts it.
///
/// # Errors
/// The daemon refuses.
pub(super) async fn copy(
    session: &DockerSession,
    name: &str,
    alias: &str,
    like: &str,
    made: &mut Vec<String>,
) -> Result<(), Error> {
    let found = session.docker.inspect_container(like, None::<InspectContainerOptions>).await;
    let found = found.map_err(|error| failure(&error))?;
    let config = found.config.unwrap_or_default();
    let home = home(config.env.as_deref().unwrap_or_default());
    let own = |word: String| match word.strip_prefix(RESOURCE_ID) {
        Some(_) => format!("{RESOURCE_ID}{alias}"),
        None => word,
    };
    let mut labels = config.labels.unwrap_or_default();
    let label = labels.get(EXTRAS).map(String::as_str).unwrap_or_default();
    let extras: Vec<String> = serde_json::from_str(label).unwrap_or_default();
    labels.insert(NAME.to_owned(), alias.to_owned());
    let host = found.host_config.unwrap_or_default();
    let network = host.network_mode.clone().unwrap_or_default();
    let endpoint =
        EndpointSettings { aliases: Some(vec![alias.to_owned()]), ..EndpointSettings::default() };
    let body = ContainerCreateBody {
        hostname: Some(alias.to_owned()),
        image: config.image,
        cmd: config.cmd.map(|words| words.into_iter().map(own).collect()),
        env: config.env,
        labels: Some(labels),
        healthcheck: config.healthcheck,
        host_config: Some(host),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some([(network, endpoint)].into()),
        }),
        ..ContainerCreateBody::default()
    };
    let mut archives = Vec::new();
    for path in std::iter::once("conf".to_owned()).chain(extras) {
        let (folder, _) = path.rsplit_once('/').unwrap_or_default();
        let Some(bytes) = make::download(session, like, &format!("{home}/{path}")).await? else {
            continue;
        };
        let mut above = Archive::new(ImageUser::default());
        if folder.contains('/') {
            above.directory(folder)?;
        }
        archives.push((home.clone(), above.finish()?));
        archives.push((format!("{home}/{folder}"), bytes.into()));
    }
    make::make(session, name, body, &archives, made).await
}

fn home(environment: &[String]) -> String {
    let home = environment.iter().find_map(|one| one.strip_prefix("FLINK_HOME="));
    home.unwrap_or(nutkin_flink::official::FLINK_HOME).to_owned()
}
