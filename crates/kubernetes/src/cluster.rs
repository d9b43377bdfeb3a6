//! Which Kubernetes cluster, as whom, and in which namespace.

use std::path::PathBuf;

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use nutkin_flink::{Argument, Configuration};

use nutkin_shell::{ClusterPlace, Environment, Error, Kind, Tenure};

/// How a cluster is reached, before anything was asked of it.
#[derive(Debug, Clone)]
pub struct Access {
    /// Address, certificates, credentials.
    pub config: Config,
    /// The namespace that holds where nothing else is said: the one given, the context's, `default`.
    pub namespace: String,
    /// The context's own namespace, where it has one.
    pub context_namespace: Option<String>,
    /// Whether this process runs in a pod of that cluster.
    pub inside: bool,
    /// The same in words, to be found again whatever the current context is then.
    pub place: ClusterPlace,
    /// The field manager, where it is not that of a command.
    pub manager: Option<&'static str>,
    /// For how long anything there may be changed, where that ends.
    pub tenure: Option<Tenure>,
}

/// Finds the cluster in the order of Flink's client: `kubernetes.config.file`, otherwise the kubeconfig (`KUBECONFIG`, or
/// `~/.kube/config`), each with the context that is given or `kubernetes.context`, otherwise the `ServiceAccount` of the pod
/// that this runs in.
///
/// # Errors
/// There is none, or its file cannot be read (exit 2).
pub async fn find(
    place: &ClusterPlace,
    options: &Configuration,
    environment: &Environment,
) -> Result<Access, Error> {
    // Whoever is first in the process installs it; a second installation is refused, and needless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Chosen { files, file, context, kubeconfig } = chosen(place, options, environment)?;
    let named = context.clone();
    let named = named.or_else(|| kubeconfig.as_ref()?.current_context.clone());
    let (config, context_namespace, inside) = match kubeconfig {
        Some(kubeconfig) => {
            let own = namespace_of(&kubeconfig, context.as_deref());
            let wanted = KubeConfigOptions { context, ..KubeConfigOptions::default() };
            let config = Config::from_custom_kubeconfig(kubeconfig, &wanted).await;
            (config.map_err(|error| unusable(&files, error))?, own, false)
        }
        None => match Config::incluster() {
            Ok(config) => {
                let own = Some(config.default_namespace.clone());
                (config, own, true)
            }
            Err(_) => return Err(nowhere(&files)),
        },
    };
    let namespace = place.namespace.clone().or_else(|| options.text("kubernetes.namespace"));
    let namespace = namespace.or_else(|| context_namespace.clone());
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    let mut config = config;
    // Requests are repeated by `Api`, which knows which of them may be.
    config.default_retry = false;
    let place =
        ClusterPlace { namespace: Some(namespace.clone()), context: named, kubeconfig: file };
    let (manager, tenure) = (environment.manager, environment.tenure.clone());
    Ok(Access { config, namespace, context_namespace, inside, place, manager, tenure })
}

/// The namespace that holds where neither the command line nor an option says one, as [`find`] takes it: that of
/// the kubeconfig's context, or of the pod that this runs in. Asks no cluster, and needs none: `None` where nothing
/// says one.
///
/// # Errors
/// The kubeconfig cannot be read, or has no context of the name that was given (exit 2).
pub fn implied_namespace(
    place: &ClusterPlace,
    options: &Configuration,
    environment: &Environment,
) -> Result<Option<String>, Error> {
    let says_how = |failure: Error| failure.hint("-n NAME says the namespace without it");
    let Chosen { files, context, kubeconfig, .. } =
        chosen(place, options, environment).map_err(says_how)?;
    let Some(kubeconfig) = kubeconfig else {
        return Ok(Config::incluster().ok().map(|config| config.default_namespace));
    };
    if let Some(name) = context.as_deref().filter(|name| !has_context(&kubeconfig, name)) {
        let error = KubeconfigError::LoadContext(name.to_owned());
        return Err(says_how(unusable(&files, error)));
    }
    Ok(namespace_of(&kubeconfig, context.as_deref()))
}

/// Where a cluster's address stands.
struct Chosen {
    /// Files that were looked for.
    files: Vec<PathBuf>,
    /// The one that was named in so many words.
    file: Option<PathBuf>,
    /// The context that was named.
    context: Option<String>,
    /// What the files say; `None` where there are none.
    kubeconfig: Option<Kubeconfig>,
}

fn chosen(
    place: &ClusterPlace,
    options: &Configuration,
    environment: &Environment,
) -> Result<Chosen, Error> {
    let context = place.context.clone().or_else(|| options.text("kubernetes.context"));
    let file = options.text("kubernetes.config.file").map(PathBuf::from);
    let file = file.or_else(|| place.kubeconfig.clone());
    let file = file.map(|file| environment.directory.join(file));
    let files = file.clone().map_or_else(|| kubeconfigs(environment), |file| vec![file]);
    let kubeconfig = read(&files)?;
    Ok(Chosen { files, file, context, kubeconfig })
}

/// Files of `KUBECONFIG`, otherwise the one in the home directory.
fn kubeconfigs(environment: &Environment) -> Vec<PathBuf> {
    match environment.path("KUBECONFIG") {
        Some(list) => std::env::split_paths(&list)
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| environment.directory.join(path))
            .collect(),
        None => vec![environment.home().join(".kube/config")],
    }
}

/// Reads and merges them as kubectl does: those that are missing are passed over.
fn read(files: &[PathBuf]) -> Result<Option<Kubeconfig>, Error> {
    let mut merged: Option<Kubeconfig> = None;
    for file in files.iter().filter(|file| file.exists()) {
        let next = Kubeconfig::read_from(file).map_err(|error| unusable(files, error))?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|error| unusable(files, error))?,
            None => next,
        });
    }
    Ok(merged)
}

fn namespace_of(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let name = context.or(kubeconfig.current_context.as_deref())?;
    let named = kubeconfig.contexts.iter().find(|one| one.name == name)?;
    named.context.as_ref()?.namespace.clone().filter(|namespace| !namespace.is_empty())
}

fn has_context(kubeconfig: &Kubeconfig, name: &str) -> bool {
    kubeconfig.contexts.iter().any(|one| one.name == name)
}

fn unusable(files: &[PathBuf], error: KubeconfigError) -> Error {
    let message = format!("the kubeconfig {} cannot be used", list(files));
    Error::of(Kind::Invalid, anyhow::Error::new(error).context(message)).hint(
        Argument::Context.within(
            "`kubectl config get-contexts` shows what it holds; ",
            " and KUBECONFIG choose",
        ),
    )
}

fn nowhere(files: &[PathBuf]) -> Error {
    let message = format!("there is no kubeconfig ({}), and this is not a pod", list(files));
    Error::new(Kind::Invalid, message)
        .hint("name one in KUBECONFIG or `kubernetes.config.file`")
        .hint(Argument::Platform.within("without Kubernetes: ", " local"))
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
apiVersion: v1
kind: Config
current-context: first
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: first, context: {cluster: c, user: u}}
- {name: second, context: {cluster: c, user: u, namespace: two}}
";

    #[track_caller]
    fn check(place: (Option<&str>, Option<&str>), options: &[(&str, &str)], expected: &str) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config"), TEXT).unwrap();
        let variables = [("KUBECONFIG", "missing:config")];
        let environment = Environment::of_test(&variables, directory.path().to_owned());
        let place = ClusterPlace {
            namespace: place.0.map(str::to_owned),
            context: place.1.map(str::to_owned),
            kubeconfig: None,
        };
        let options: Configuration = options.iter().copied().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(find(&place, &options, &environment));
        let found = match found {
            Ok(access) => access.namespace,
            Err(failure) => format!("{:?}: {:#}", failure.kind, failure.error),
        };
        assert!(found.contains(expected), "{found}");
        let given = place.namespace.clone().or_else(|| options.text("kubernetes.namespace"));
        let implied = implied_namespace(&place, &options, &environment);
        let rendered = match implied {
            Ok(implied) => given.or(implied).unwrap_or_else(|| "default".to_owned()),
            Err(failure) => format!("{:?}: {:#}", failure.kind, failure.error),
        };
        let without_cluster = options.contains("kubernetes.config.file");
        let expected = if without_cluster { "default" } else { expected };
        assert!(rendered.contains(expected), "who asks no cluster: {rendered}");
    }

    #[test]
    fn namespaces() {
        check((None, None), &[], "default");
        check((None, Some("second")), &[], "two");
        check((None, None), &[("kubernetes.context", "second")], "two");
        check((None, Some("first")), &[("kubernetes.context", "second")], "default");
        check((None, Some("second")), &[("kubernetes.namespace", "three")], "three");
        check((Some("four"), Some("second")), &[("kubernetes.namespace", "three")], "four");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        check((None, Some("third")), &[], "Invalid: the kubeconfig `");
        check(
            (None, None),
            &[("kubernetes.config.file", "no")],
            "Invalid: there is no kubeconfig (`",
        );
    }
}
