//! `nutkin image build`.

use std::fs;
use std::path::PathBuf;

use nutkin_container::image::Words;
use nutkin_flink::Problem;
use nutkin_flink::version::UnknownVersion;
use serde_json::json;

use super::Context;
use super::shared::{Output, OutputArgs, document};
use crate::{Exit, Outcome, runtime};
use nutkin_images as image;
use nutkin_images::{Options, layer};
use nutkin_shell::files::At;
use nutkin_shell::size;
use nutkin_shell::{Error, Kind};

/// Arguments of `nutkin image`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin image build --load
  nutkin image build --base eclipse-temurin:17-jre --push -t registry.example.com/flink:1.20.5")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Build a container image with Flink, Java and Nutkin
    Build(Box<BuildArgs>),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  nutkin image build --load                            from this machine's own parts, into Docker
  nutkin image build --flink 2.3 --archive flink.tar   for `docker load`, podman, containerd
  nutkin image build --base eclipse-temurin:17-jre --push -t registry.example.com/flink:1.20.5
  nutkin image build --base flink:1.13.5-scala_2.11 --flink 1.13.5 --flink-from base \\
    --conf conf --dir /opt/flink/flink-web-upload --load
  nutkin image build --jar udf.jar --plugin ./my-fs.jar --opt flink-s3-fs-presto --layout image/
  nutkin image build --print-dockerfile --context context/")]
struct BuildArgs {
    /// Base: an image's name, an OCI layout or archive, a root file system, or none
    #[arg(long, default_value = "none", value_name = "IMAGE|PATH")]
    base: String,

    /// Java: a home directory, a .tar.gz, .zip or .whl, or `host`: this machine's, installed where there is none; otherwise
    /// the base's, if it has one
    #[arg(long, value_name = "DIR|ARCHIVE|host")]
    java_from: Option<String>,

    /// Take a JDK as it is, not reduced to what Flink needs
    #[arg(long)]
    no_jlink: bool,

    /// Flink release: 1.20, 1.20.5
    #[arg(long, value_name = "VERSION")]
    flink: Option<String>,

    /// Flink: a directory, a .tgz, or what the base has; otherwise as `nutkin dist install`
    #[arg(long, value_name = "DIR|ARCHIVE|base")]
    flink_from: Option<String>,

    /// Directory of Flink in the image
    #[arg(long, value_name = "PATH")]
    flink_home: Option<String>,

    /// A part of Flink's opt/, by name: flink-s3-fs-presto
    #[arg(long, value_name = "NAME")]
    opt: Vec<String>,

    /// A plugin: a built-in one by name (then only those named), a jar, or a directory
    #[arg(long, value_name = "NAME|PATH")]
    plugin: Vec<String>,

    /// A jar for lib/: a path, an https URL, or mvn:group:artifact:version
    #[arg(long, value_name = "JAR")]
    jar: Vec<String>,

    /// A directory with Flink's configuration
    #[arg(long, value_name = "DIR")]
    conf: Option<PathBuf>,

    /// Copy a file or directory: SRC:DST, or SRC:DST:UID
    #[arg(long, value_name = "SRC:DST[:UID]")]
    copy: Vec<String>,

    /// Make a directory that Flink may write to
    #[arg(long, value_name = "PATH[:UID]")]
    dir: Vec<String>,

    /// Set a variable
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,

    /// Set a label
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,

    /// A program of this machine with the libraries that it needs, without a base: bash
    #[arg(long, value_name = "NAME|PATH")]
    program: Vec<String>,

    /// User and group of the processes, as numbers
    #[arg(long, value_name = "UID[:GID]")]
    user: Option<String>,

    /// The nutkin binary for the entrypoint; this one by default
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,

    /// Leave the entry point to the base
    #[arg(long)]
    keep_entrypoint: bool,

    /// Add class data archives: JVMs start a second sooner; the digest then differs at each build
    #[arg(long)]
    class_data: bool,

    /// Name of the image; nutkin/flink:VERSION by default
    #[arg(long, short, value_name = "NAME[:TAG]")]
    tag: Vec<String>,

    /// Write a file for `docker load`, podman and containerd
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    archive: Option<PathBuf>,

    /// Write an OCI layout
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    layout: Option<PathBuf>,

    /// Load it into the Docker daemon
    #[arg(long, help_heading = "Output")]
    load: bool,

    /// Push it under its names; logs in as NUTKIN_REGISTRY_USERNAME with NUTKIN_REGISTRY_PASSWORD, otherwise with what `docker login` has stored
    #[arg(long, help_heading = "Output")]
    push: bool,

    /// Write a bill of materials (CycloneDX 1.5)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    sbom: Option<PathBuf>,

    /// Print the same as a Dockerfile, and build nothing
    #[arg(long, help_heading = "Output")]
    print_dockerfile: bool,

    /// With --print-dockerfile: write it there with the files that it adds
    #[arg(long, value_name = "DIR", requires = "print_dockerfile", help_heading = "Output")]
    context: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
///
/// # Errors
/// Bad input (2); what cannot be fetched, read or written (1).
pub fn run(args: Args, context: &Context<'_>) -> Outcome {
    let Command::Build(args) = args.command;
    runtime::block_on(build(*args, context))
}

async fn build(args: BuildArgs, context: &Context<'_>) -> Outcome {
    let goes_somewhere = args.archive.is_some() || args.layout.is_some() || args.load || args.push;
    if !goes_somewhere && !args.print_dockerfile {
        return Err(Error::new(Kind::Invalid, "the image would go nowhere")
            .hint("--load, --push, --archive FILE, --layout DIR or --print-dockerfile"));
    }
    let flink =
        args.flink.as_deref().map(str::parse).transpose().map_err(|error: UnknownVersion| {
            Error::input(vec![Problem::new("--flink", error.to_string())])
        })?;
    let options = Options {
        words: Words {
            flink_home: args.flink_home,
            opt: args.opt,
            plugins: args.plugin,
            jars: args.jar,
            copies: args.copy,
            directories: args.dir,
            environment: args.env,
            labels: args.label,
            user: args.user,
        },
        base: Some(args.base),
        java_from: args.java_from,
        no_jlink: args.no_jlink,
        flink,
        flink_from: args.flink_from,
        configuration: args.conf,
        programs: args.program,
        binary: args.binary,
        keep_entrypoint: args.keep_entrypoint,
        class_data: args.class_data,
        tags: args.tag,
    };
    let prepared = image::prepare(options, context).await?;
    if args.print_dockerfile {
        if let Some(directory) = &args.context {
            prepared.write_context(directory)?;
        }
        context.printer.out(&prepared.dockerfile());
        if !goes_somewhere {
            return Ok(Exit::Done);
        }
    }
    let (built, written) = prepared.build(context)?;
    if let Some(path) = &args.sbom {
        let document = prepared.bill_of_materials(&built, &written);
        fs::write(path, format!("{document:#}\n")).at("write", path)?;
    }
    if let Some(path) = &args.archive {
        built.write_archive(path)?;
    }
    if let Some(directory) = &args.layout {
        built.write_layout(directory)?;
    }
    if args.load {
        let archive = prepared.work().join("load.tar");
        built.write_archive(&archive)?;
        nutkin_docker::load::archive(&archive, context.environment).await?;
    }
    let mut uploaded = None;
    if args.push {
        uploaded = Some(built.push(context).await?);
    }

    let digest = format!("sha256:{}", built.manifest.0.sha256);
    let id = format!("sha256:{}", built.config.0.sha256);
    let bytes: u64 = built.layers.iter().map(|(blob, _)| blob.bytes).sum();
    if args.output.output == Output::Text {
        for tag in &built.tags {
            context.printer.say(&format!("{tag}  {digest}  {}", size(bytes)));
        }
        if let Some((count, bytes)) = uploaded {
            context.printer.say(&format!("uploaded {count} blobs, {}", size(bytes)));
        }
        if !args.print_dockerfile {
            context.printer.out(&format!("{digest}\n"));
        }
        return Ok(Exit::Done);
    }
    let own = written.iter().map(|one: &layer::Written| {
        json!({
            "name": one.text,
            "digest": format!("sha256:{}", one.blob.sha256),
            "diffId": one.diff_id,
            "bytes": one.blob.bytes,
        })
    });
    let fields = json!({
        "tags": built.tags,
        "digest": digest,
        "imageId": id,
        "bytes": bytes,
        "layers": own.collect::<Vec<_>>(),
        "uploadedBlobs": uploaded.map(|(count, _)| count),
        "uploadedBytes": uploaded.map(|(_, bytes)| bytes),
    });
    context.printer.document(&args.output.output, &document("Image", fields))?;
    Ok(Exit::Done)
}
