//! What to do next, as data. Whoever shows it knows the commands and their flags, and words it: a command line, a page,
//! the message of a Condition.

/// What helps, or what shows more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// In words that name no command of Nutkin's.
    Words(String),
    /// A sentence around one thing that the user can ask for.
    Deed {
        /// The words before it.
        before: String,
        /// What is asked for.
        call: Deed,
        /// The words after it.
        after: String,
    },
    /// The session is ended, whatever is left of it, and its files are removed.
    Down {
        /// The session.
        name: String,
    },
    /// The session's state tells what it waits for.
    Status {
        /// The session, where it is not the one that was meant anyway.
        name: Option<String>,
    },
    /// No TaskManager has registered; the session's state tells why.
    TaskManagersMissing,
    /// So many TaskManagers have the slots that are missing.
    Scale {
        /// Their number.
        task_managers: u64,
    },
    /// More TaskManagers add slots.
    AddSlots,
    /// All jobs of the session are listed, those that ended included.
    ListJobs,
    /// Other jobs hold the slots; the job waits until they end.
    SlotsAreHeld,
    /// The account and the permissions that Flink's processes need are given to them.
    ProcessPermissions,
    /// An account is made for Flink's processes, or Nutkin makes one.
    ProcessAccount,
    /// The cache of distributions is full: it can be looked at.
    ListDistributions,
    /// This release is what the archive holds: it is installed from there.
    Install {
        /// The release.
        flink: String,
    },
    /// An archive of this release is brought by other means, and installed from its path.
    InstallByHand {
        /// The release.
        flink: String,
    },
    /// The installed release is damaged: it is removed and installed again.
    Reinstall {
        /// The release.
        flink: String,
    },
    /// The port is somebody else's: another one, none, or the end of the session that has it.
    OtherPort {
        /// The session.
        holder: Option<String>,
    },
    /// An archive of this Java is brought by other means, and installed from its path.
    JavaByHand {
        /// Its major version.
        major: u8,
    },
    /// This machine's Java, or one of a directory.
    JavaOfThisMachine,
    /// A Java of another place, or a base that has one.
    OtherJava,
    /// A Java that can make class data archives, or none of these.
    NewerJava {
        /// The least release.
        least: u8,
    },
}

/// Something that the user can ask of Nutkin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A session is brought up.
    Up(UpWith),
    /// A session is ended.
    Down {
        /// The session, where it is not the one that was meant anyway.
        name: Option<String>,
        /// Whether what outlives it is deleted.
        delete_data: bool,
        /// Its platform, where that has to be said.
        on: Option<&'static str>,
    },
    /// The state of a session.
    Status {
        /// The session.
        name: String,
        /// Its platform.
        on: &'static str,
    },
    /// A way to the web UI of a session.
    Open {
        /// The session, where it is not the one that was meant anyway.
        name: Option<String>,
    },
    /// The permissions that commands and Flink's processes need.
    Permissions,
    /// The log of the container before this one.
    PreviousLog {
        /// The session.
        session: String,
    },
    /// A session file to start from.
    Init,
    /// A configuration in another form.
    Convert,
    /// An image is made from the parts of this machine.
    ImageBuild {
        /// The release of Flink.
        flink: String,
        /// The name of the image.
        tag: Option<String>,
    },
    /// A job is started from what another one has left.
    Run(RunAgain),
    /// An argument of the call itself.
    Argument(Argument),
}

/// What starts a job again.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunAgain {
    /// The savepoint or checkpoint.
    pub from: String,
    /// The main class, where it was named.
    pub class: Option<String>,
    /// The parallelism, where it was named.
    pub parallelism: Option<u32>,
    /// The jar, where it is known.
    pub jar: Option<String>,
    /// Whether it takes arguments. They are not here: they may be secret.
    pub has_arguments: bool,
}

/// What is said when a session is brought up.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpWith {
    /// Its name.
    pub name: Option<String>,
    /// Its session file.
    pub file: Option<String>,
    /// The number of TaskManagers, or a word for it.
    pub task_managers: Option<String>,
    /// Its platform.
    pub on: Option<&'static str>,
}

/// What a caller may say beside what a call is about. Whoever reads it from somewhere, a command line or a document,
/// knows how it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argument {
    /// What somebody else started is treated as Nutkin's own.
    Adopt,
    /// State of operators that the job does not have any more is dropped.
    AllowNonRestoredState,
    /// The image that another one is built on.
    Base,
    /// The program that goes into an image.
    Binary,
    /// Class data archives are made.
    ClassData,
    /// The directory of Flink's configuration that goes into an image.
    Conf,
    /// The directory of Flink's configuration that a session is read from.
    ConfDir,
    /// The context of a kubeconfig.
    Context,
    /// A file that goes into an image.
    Copy,
    /// What outlives a session is deleted.
    DeleteData,
    /// High availability data is deleted.
    DeleteHaData,
    /// A directory of an image.
    Directory,
    /// A variable of an image.
    Environment,
    /// The release of Flink.
    Flink,
    /// The place of Flink in an image.
    FlinkHome,
    /// Where Flink comes from.
    FlinkFrom,
    /// Where something comes from.
    From,
    /// The savepoint to start from.
    FromSavepoint,
    /// Where Java comes from.
    JavaFrom,
    /// A label of an image.
    Label,
    /// The namespace.
    Namespace,
    /// Java is taken as it is.
    NoJlink,
    /// A jar of Flink's own `opt`.
    Opt,
    /// An option of Flink.
    Option,
    /// The platform.
    Platform,
    /// A plugin of Flink.
    Plugin,
    /// A program of this machine.
    Program,
    /// The name of an image.
    Tag,
    /// The number of TaskManagers.
    TaskManagers,
    /// The user of an image.
    User,
}

impl Deed {
    /// A session is brought up, with nothing else said.
    pub fn up() -> Self {
        Self::Up(UpWith::default())
    }

    /// This session is brought up.
    pub fn up_of(name: impl Into<String>) -> Self {
        Self::Up(UpWith { name: Some(name.into()), ..UpWith::default() })
    }

    /// A session is brought up on this platform.
    pub fn up_on(platform: &'static str) -> Self {
        Self::Up(UpWith { on: Some(platform), ..UpWith::default() })
    }

    /// This session is ended.
    pub fn down(name: impl Into<String>) -> Self {
        Self::Down { name: Some(name.into()), delete_data: false, on: None }
    }

    /// This session is ended, and what outlives it is deleted.
    pub fn down_with_data(name: impl Into<String>, on: Option<&'static str>) -> Self {
        Self::Down { name: Some(name.into()), delete_data: true, on }
    }

    /// The remedy whose sentence begins with this: `removes it`.
    pub fn does(self, what: impl Into<String>) -> Remedy {
        Remedy::Deed { before: String::new(), call: self, after: format!(" {}", what.into()) }
    }

    /// The remedy in whose sentence this stands between other words.
    pub fn within(self, before: impl Into<String>, after: impl Into<String>) -> Remedy {
        Remedy::Deed { before: before.into(), call: self, after: after.into() }
    }
}

impl Argument {
    /// The remedy whose sentence begins with this argument.
    pub fn does(self, what: impl Into<String>) -> Remedy {
        Deed::Argument(self).does(what)
    }

    /// The remedy in whose sentence this argument stands between other words.
    pub fn within(self, before: impl Into<String>, after: impl Into<String>) -> Remedy {
        Deed::Argument(self).within(before, after)
    }
}

impl Remedy {
    /// For tests and logs: the words, or else the data as they are.
    pub fn plain(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Deed { before, call, after } => format!("{before}{call:?}{after}"),
            other => format!("{other:?}"),
        }
    }
}

impl From<String> for Remedy {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Remedy {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}
