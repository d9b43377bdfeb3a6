//! A real Kubernetes control plane for tests: etcd, kube-apiserver, kube-controller-manager and
//! kube-scheduler on loopback, with RBAC on, without root and without leftovers. No kubelet runs there: pods stay
//! Pending. With `--node` there is one, as root, and pods run.
//!
//! `cargo xtask kube up|down|status`.

mod binary;
mod control_plane;
mod node;
mod pki;

use std::path::PathBuf;

use anyhow::{Result, ensure};
pub(crate) use binary::{Binaries, PodPrograms};
pub(crate) use control_plane::ControlPlane;
pub(crate) use node::Node;

/// `cargo xtask kube`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,

    /// Where the cluster keeps its files
    #[arg(long, global = true, default_value = "target/kube")]
    directory: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Build what is missing, start the control plane and print its kubeconfig
    Up(UpArgs),
    /// Stop it and remove its files
    Down,
    /// Say whether it runs
    Status,
}

#[derive(Debug, clap::Args)]
struct UpArgs {
    /// With a node that runs pods; needs root, and Debian's packages of `.ci/run`
    #[arg(long)]
    node: bool,

    /// Bring an image into the node: an archive, as `nutkin image build --archive` writes it
    #[arg(long, value_name = "ARCHIVE", requires = "node")]
    image: Vec<PathBuf>,
}

/// Runs the task.
///
/// # Errors
/// When a part cannot be built or does not get ready, with the end of its log.
#[allow(clippy::print_stdout, reason = "a task talks to the developer")]
pub(crate) fn run(args: Args) -> Result<()> {
    let directory = std::path::absolute(&args.directory)?;
    match args.command {
        Command::Up(up) if up.node => {
            let binaries = Binaries::ensure_node()?;
            let programs = PodPrograms::ensure()?;
            Node::stop(&directory)?;
            let node = Node::start(&binaries, &programs, &directory)?;
            for archive in &up.image {
                node.import(&std::path::absolute(archive)?)?;
            }
            println!("export KUBECONFIG={}", node.kubeconfig().display());
            println!("# kubectl: {}", binaries.display("kubectl"));
            println!("# node ports: {}; this machine for pods: {}", node.address(), node.host());
        }
        Command::Up(_) => {
            ensure!(
                !Node::is_in(&directory),
                "a node is in `{}`: `cargo xtask kube down` first",
                directory.display()
            );
            let binaries = Binaries::ensure()?;
            let plane = ControlPlane::start(&binaries, &directory)?;
            println!("export KUBECONFIG={}", plane.kubeconfig().display());
            println!("# kubectl: {}", binaries.display("kubectl"));
        }
        Command::Down if Node::is_in(&directory) => {
            Node::stop(&directory)?;
            println!("stopped the node and removed `{}`", directory.display());
        }
        Command::Down => {
            let stopped = ControlPlane::stop(&directory)?;
            println!("stopped {stopped} processes and removed `{}`", directory.display());
        }
        Command::Status => {
            let parts = if Node::is_in(&directory) {
                Node::status(&directory)
            } else {
                ControlPlane::status(&directory)
            };
            for (part, alive) in parts {
                println!("{part:<24} {}", if alive { "running" } else { "gone" });
            }
        }
    }
    Ok(())
}
