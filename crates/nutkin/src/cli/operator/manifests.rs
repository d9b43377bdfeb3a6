//! `nutkin operator manifests`.

use std::path::PathBuf;

use nutkin_core::plan::kubernetes::{Objects, is_label, kustomize};
use nutkin_flink::Problem;
use nutkin_operator::manifests::{self, Install, NAME};

use super::super::render_objects;
use super::super::shared::OutputArgs;
use crate::{Context, Outcome};
use nutkin_shell::Error;

/// Arguments of `nutkin operator manifests`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Where the Java operator's definitions are installed already, `--no-crds` leaves them as they are.

Examples:
  nutkin operator manifests --image registry.example.com/nutkin:1 | kubectl apply -f -
  nutkin operator manifests --image registry.example.com/nutkin:1 -n flink --watch-namespaces orders,billing
  nutkin operator manifests --image registry.example.com/nutkin:1 --output-dir operator/
                                         a directory for `kubectl apply -k`"
)]
pub(super) struct Args {
    /// Image with the `nutkin` binary in its search path; each of `nutkin image build` has it
    #[arg(long, value_name = "IMAGE")]
    image: String,

    /// Namespace that the operator runs in; it is not created
    #[arg(long, short, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,

    /// Look at these namespaces only, with permissions in no other one; at all namespaces by default
    #[arg(long, value_name = "NAMESPACES", value_delimiter = ',')]
    watch_namespaces: Vec<String>,

    /// Add an admission policy that refuses options the definitions cannot see; needs Kubernetes 1.30
    #[arg(long)]
    admission_policy: bool,

    /// Leave out the custom resource definitions
    #[arg(long)]
    no_crds: bool,

    /// Write one file for each object, and a kustomization.yaml, into this directory
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "output")]
    output_dir: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Prints the objects, or writes them. Asks nobody.
///
/// # Errors
/// Bad input (2); the directory cannot be written (1), or has files of somebody else's (2).
pub(super) fn run(args: Args, context: &Context<'_>) -> Outcome {
    let named = [("--namespace", &args.namespace)];
    let watched = args.watch_namespaces.iter().map(|name| ("--watch-namespaces", name));
    let problems: Vec<Problem> = named
        .into_iter()
        .chain(watched)
        .filter(|(_, name)| !is_label(name))
        .map(|(flag, name)| Problem::new(flag, format!("`{name}` is not the name of a namespace")))
        .collect();
    if !problems.is_empty() {
        return Err(Error::input(problems));
    }
    let mut watched = args.watch_namespaces;
    watched.sort();
    watched.dedup();
    let install = Install {
        namespace: args.namespace.clone(),
        watched,
        image: args.image,
        definitions: !args.no_crds,
        policy: args.admission_policy,
    };
    let objects = Objects {
        cluster_id: NAME.to_owned(),
        namespace: args.namespace,
        items: manifests::objects(&install),
        warnings: Vec::new(),
    };
    match &args.output_dir {
        Some(directory) => {
            render_objects::write(&objects, directory, kustomize::OPERATOR_MARK, context)
        }
        // kubectl reads documents, not a table.
        None => render_objects::print(&objects, &args.output.output, context),
    }
}
