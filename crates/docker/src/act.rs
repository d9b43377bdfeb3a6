//! Does one step on a daemon, if what was decided about is still so.

use std::path::PathBuf;
use std::sync::Arc;

use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveVolumeOptions};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use nutkin_container::image::ImageUser;
use nutkin_core::crash_log;
use nutkin_core::decide::docker::{Make, Mine, Step, Within, undo};
use nutkin_core::decide::{Condition, Goal};
use nutkin_core::plan::docker::{MountSource, SESSION, next_name, old_name};
use nutkin_core::remedy::Deed;
use nutkin_fetch::extras;
use nutkin_shell::{Context, Error, Kind, Purpose, ledger};

use super::observe::{Aim, Run};
use super::{copy, failure, helper, lock, make, message, status, view};

/// Lines of a dead container that are shown: the exception and its cause fit.
const SHOWN_LINES: usize = 15;

/// Lines in which the exception is looked for: a JobManager that ends writes some hundreds after it.
const SEARCHED_LINES: usize = 500;

impl Run {
    /// Does a step.
    ///
    /// # Errors
    /// Another command changed the session since it was looked at ([`Kind::Conflict`]), or the daemon refuses.
    pub async fn act(&mut self, step: &Step, context: &Context<'_>) -> Result<(), Error> {
        if !step.only_brings() {
            self.begin(context).await?;
        }
        match step {
            Step::Fetch { .. } => self.fetch(context).await,
            Step::Pull { image } => self.pull(image, context).await,
            Step::Need { image } => self.need(image).await,
            Step::MakeNetwork { name } => self.make_network(name).await,
            Step::MakeVolume { name } => self.make_volume(name).await,
            Step::SaveLedger => self.save_ledger().await,
            Step::Copy { name, alias, like } => self.copy(name, alias, like).await,
            Step::End { name, id } => {
                if self.mine.retired.contains(id) {
                    // The new ones serve: there is nothing to take back any more.
                    self.prepared.clear();
                    self.retired.clear();
                    self.drop_old(name, id, context).await;
                    return Ok(());
                }
                if matches!(self.aim, Aim::Session(_)) && !self.is_quiet {
                    context.events.say(&format!("Ending {name}"));
                }
                make::end(&self.session, id).await
            }
            Step::Prepare(make) => self.prepare(make).await,
            Step::Retire { name, id } => {
                context.events.say(&format!("Ending {name}"));
                self.mine.retired.insert(id.clone());
                self.retired.push((name.clone(), id.clone()));
                make::stop(&self.session, id).await?;
                make::rename(&self.session, id, &old_name(name)).await
            }
            Step::Promote { name } => self.promote(name).await,
            Step::Make(make) => self.make(make).await,
            Step::Start { id, name } => {
                self.mine.started.insert(id.clone());
                make::start(&self.session, name).await
            }
            Step::Restart { id, name } => {
                if !self.is_quiet {
                    context.events.say(&format!("Restarting {name}"));
                }
                self.mine.started.insert(id.clone());
                make::restart(&self.session, id).await
            }
            Step::RemoveNetwork { name } => match self.session.docker.remove_network(name).await {
                Err(error) if status(&error) != Some(404) => Err(failure(&error)),
                _ => Ok(()),
            },
            Step::RemoveVolume { name } => {
                helper::remove_all(&self.session).await;
                let options = None::<RemoveVolumeOptions>;
                match self.session.docker.remove_volume(name, options).await {
                    Err(error) if status(&error) != Some(404) => Err(failure(&error)),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Before the first step that touches the session: takes its lock, and sees that nobody was quicker.
    async fn begin(&mut self, context: &Context<'_>) -> Result<(), Error> {
        if self.lock.is_none() {
            self.lock = Some(lock::take(&self.session, context).await?);
            lock::still_so(&self.session, &self.marks).await?;
        }
        Ok(())
    }

    async fn fetch(&mut self, context: &Context<'_>) -> Result<(), Error> {
        if let Aim::Session(wanted) = &self.aim {
            self.extras = Some(extras::files(wanted, Purpose::Act, context).await?);
        }
        self.look_again();
        Ok(())
    }

    async fn pull(&mut self, name: &str, context: &Context<'_>) -> Result<(), Error> {
        context.events.say(&format!("Pulling {name}"));
        let options = CreateImageOptionsBuilder::default().from_image(name).build();
        let pulled = self.session.docker.create_image(Some(options), None, None);
        if let Err(error) = pulled.try_for_each(|_| std::future::ready(Ok(()))).await {
            let message = format!("the image `{name}` cannot be pulled: {}", message(&error));
            return Err(self.missing(message));
        }
        self.pulled.insert(name.to_owned());
        self.look_again();
        Ok(())
    }

    async fn need(&mut self, name: &str) -> Result<(), Error> {
        match self.session.docker.inspect_image(name).await {
            Err(error) if status(&error) == Some(404) => {
                Err(self.missing(format!("the daemon has no image `{name}`")))
            }
            Err(error) => Err(failure(&error)),
            Ok(_) => {
                self.look_again();
                Ok(())
            }
        }
    }

    fn missing(&self, message: String) -> Error {
        let failure = Error::new(Kind::Broken, message).because("ImageMissing");
        let Goal::Session(wanted) = self.wanted() else { return failure };
        let flink = wanted.flink;
        let build = Deed::ImageBuild { flink: flink.to_string(), tag: wanted.image.clone() };
        failure
            .hint(build.does("makes one of this machine's parts"))
            .hint("or name another one: `spec.image` of the session file")
    }

    async fn make_network(&self, name: &str) -> Result<(), Error> {
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            labels: Some([(SESSION.to_owned(), self.session.name.clone())].into()),
            ..NetworkCreateRequest::default()
        };
        self.session.docker.create_network(request).await.map_err(|error| failure(&error))?;
        Ok(())
    }

    async fn make_volume(&mut self, name: &str) -> Result<(), Error> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some([(SESSION.to_owned(), self.session.name.clone())].into()),
            ..VolumeCreateRequest::default()
        };
        self.session.docker.create_volume(request).await.map_err(|error| failure(&error))?;
        self.mine.volume = true;
        Ok(())
    }

    async fn save_ledger(&mut self) -> Result<(), Error> {
        if let Some((opened, is_saved)) = &mut self.ledger {
            ledger::save(&self.session, opened).await?;
            *is_saved = true;
        }
        Ok(())
    }

    async fn make(&mut self, make: &Make) -> Result<(), Error> {
        let mut ids = Vec::new();
        let mut result = self.create(make, &make.container.name, &mut ids).await;
        if result.is_ok() {
            result = make::start(&self.session, &make.container.name).await;
        }
        self.mine.started.extend(ids.iter().cloned());
        self.mine.made.extend(ids);
        result
    }

    /// Makes a container under a name, without starting it. What it makes is in `ids` also where it fails.
    async fn create(
        &mut self,
        make: &Make,
        name: &str,
        ids: &mut Vec<String>,
    ) -> Result<(), Error> {
        let Make { container, within } = make;
        let archives = match self.packed.take() {
            Some((of, archives)) if of == *within => archives,
            _ => self.pack(within).await?,
        };
        let body = make::body(container, within, &self.log_driver().await);
        let all = with_empty(&archives, make)?;
        let result = make::create(&self.session, name, body, &all, ids).await;
        self.packed = Some((Arc::clone(within), archives));
        result
    }

    /// Removes a container that was stopped for another one. That it stays is not a failure of the change.
    async fn drop_old(&mut self, name: &str, id: &str, context: &Context<'_>) {
        match make::end(&self.session, id).await {
            Ok(()) => _ = self.mine.retired.remove(id),
            Err(failure) => context.events.say(&format!(
                "{name}, which is not needed any more, was not removed: {:#}; the next `up` does",
                failure.error
            )),
        }
    }

    /// How the daemon keeps what containers print; empty where it does not say.
    async fn log_driver(&mut self) -> String {
        if self.log_driver.is_none() {
            let info = self.session.docker.info().await.ok();
            self.log_driver = Some(info.and_then(|info| info.logging_driver).unwrap_or_default());
        }
        self.log_driver.clone().unwrap_or_default()
    }

    /// Makes a container under another name, without starting it.
    async fn prepare(&mut self, make: &Make) -> Result<(), Error> {
        let (name, mut ids) = (&make.container.name, Vec::new());
        let result = self.create(make, &next_name(name), &mut ids).await;
        self.prepared.extend(ids.into_iter().map(|id| (name.clone(), id)));
        result
    }

    /// Gives a container that was prepared its name, and starts it.
    async fn promote(&mut self, name: &str) -> Result<(), Error> {
        let Some((_, id)) = self.prepared.iter().find(|(prepared, _)| prepared == name) else {
            return Err(Error::changed_meanwhile(&self.session.name));
        };
        self.mine.made.push(id.clone());
        self.mine.started.insert(id.clone());
        make::rename(&self.session, id, name).await?;
        make::start(&self.session, name).await
    }

    async fn copy(&mut self, name: &str, alias: &str, like: &str) -> Result<(), Error> {
        let mut made = Vec::new();
        let result = copy::copy(&self.session, name, alias, like, &mut made).await;
        self.mine.started.extend(made.iter().cloned());
        self.mine.made.extend(made);
        result
    }

    /// Configuration, jars and the owner of the volume, as archives with the folders that they are for.
    async fn pack(&self, within: &Arc<Within>) -> Result<Vec<(String, Bytes)>, Error> {
        let (uid, gid) = within.owner;
        let owner = ImageUser { uid, gid };
        let here = match &within.like {
            Some(_) => Vec::new(),
            None => self.extras.clone().unwrap_or_default(),
        };
        let of = Arc::clone(within);
        // Jars are read whole: not on the thread that answers everything else.
        let packed = tokio::task::spawn_blocking(move || archive(&of, owner, &here)).await??;
        let mut archives = vec![(within.flink_home.clone(), packed)];
        let Some(like) = &within.like else { return Ok(archives) };
        for path in &within.extras {
            let (folder, _) = path.rsplit_once('/').unwrap_or_default();
            let from = format!("{}/{path}", within.flink_home);
            let Some(bytes) = make::download(&self.session, like, &from).await? else {
                let message = format!("container `{like}` does not have `{from}` any more");
                return Err(Error::new(Kind::Broken, message)
                    .hint(Deed::up().does("with the session file brings it")));
            };
            archives.push((format!("{}/{folder}", within.flink_home), bytes.into()));
        }
        Ok(archives)
    }

    /// Ends what this run has made of a new session that does not come up.
    ///
    /// # Errors
    /// The daemon refuses.
    pub async fn undo(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let seen = self.observe(context).await?;
        self.is_quiet = true;
        for step in undo(&seen) {
            self.act(&step, context).await?;
        }
        self.lock = None;
        Ok(())
    }

    /// Takes a change back that cannot be completed: what was stopped for it runs again under its name, and what was made
    /// for it is ended. Says what runs again.
    ///
    /// # Errors
    /// The daemon refuses.
    pub async fn roll_back(&mut self) -> Result<Vec<String>, Error> {
        let mut failure = None;
        for (_, id) in std::mem::take(&mut self.prepared) {
            failure = make::end(&self.session, &id).await.err().or(failure);
        }
        let retired = std::mem::take(&mut self.retired);
        // As many as can be: one that does not start must not keep the others down.
        for (name, id) in &retired {
            failure = make::restore(&self.session, id, name).await.err().or(failure);
        }
        self.mine = Mine::default();
        self.lock = None;
        if let Some(failure) = failure {
            return Err(failure);
        }
        Ok(retired.into_iter().map(|(name, _)| name).collect())
    }

    /// Ends what was stopped for new containers, whether or not these serve by now.
    pub async fn settle(&mut self, context: &Context<'_>) {
        self.prepared.clear();
        for (name, id) in std::mem::take(&mut self.retired) {
            self.drop_old(&old_name(&name), &id, context).await;
        }
    }

    /// Why the session does not come up: what a condition says, with the last lines of the container that it is about.
    pub async fn explain(&self, stalled: &Condition) -> Error {
        let alias = stalled.message.split(' ').next().unwrap_or_default();
        let name = format!("nutkin-{}-{alias}", self.session.name);
        let lines = view::last_lines(&self.session, &name, SEARCHED_LINES).await;
        let lines = crash_log::excerpt(&lines.join("\n"), SHOWN_LINES);
        let message = format!("{}\n{}", stalled.message, lines.join("\n"));
        Error::new(Kind::Broken, message.trim_end().to_owned())
            .because(stalled.reason)
            .hint(format!("`docker logs {name}` shows all of it"))
    }
}

/// The archives for a container, with its folders that begin empty: the daemon would make them root's.
fn with_empty(archives: &[(String, Bytes)], make: &Make) -> Result<Vec<(String, Bytes)>, Error> {
    let (uid, gid) = make.within.owner;
    let mut all = archives.to_vec();
    for mount in make.container.mounts.iter().filter(|mount| mount.source == MountSource::Scratch) {
        let target = mount.target.trim_end_matches('/');
        let Some((parent, name)) = target.rsplit_once('/') else { continue };
        let mut archive = make::Archive::new(ImageUser { uid, gid });
        archive.directory(name)?;
        all.push((format!("{parent}/"), archive.finish()?));
    }
    Ok(all)
}

/// Configuration, the folder of the volume, and what of jars and plugins is on this machine.
fn archive(within: &Within, owner: ImageUser, here: &[(String, PathBuf)]) -> Result<Bytes, Error> {
    let mut archive = make::Archive::new(owner);
    archive.directory("conf")?;
    for (name, text) in &within.files {
        archive.text(&format!("conf/{name}"), text)?;
    }
    // A volume at a place that the image lacks would be root's.
    archive.directory("data")?;
    let folders = here.iter().map(|(path, _)| path);
    // Those of another container come one by one, and need their folders.
    let folders = folders.chain(within.extras.iter().filter(|_| within.like.is_some()));
    for path in folders {
        if let Some((folder, _)) = path.rsplit_once('/')
            && folder != "lib"
            && folder != "plugins"
        {
            archive.directory(folder)?;
        }
    }
    for (path, source) in here {
        archive.copy(path, source)?;
    }
    Ok(archive.finish()?)
}
