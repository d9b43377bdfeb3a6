//! A decision for people (lines) and for programs (the document of `plan -o json`): the same on every platform.

use serde_json::{Value, json};

use crate::change::Difference;
use crate::decide::{
    About, Change, Decision, Fate, Fates, JobFate, Object, ObjectAction, Restarts,
};
use crate::remedy::Wording;
use crate::selection::Platform;
use crate::words::decision as words;
use nutkin_flink::counted;

/// Names of jobs that are shown; more would hide the question that follows.
const SHOWN: usize = 10;

impl About {
    /// `Flink 1.20.5, 1 JobManager, 2 TaskManagers`; on Kubernetes with the namespace.
    pub fn summary(&self) -> String {
        let mut parts = vec![format!("Flink {}", self.flink_version)];
        parts.push(counted(self.job_managers, "JobManager"));
        parts.extend(self.task_managers.map(|number| counted(number, "TaskManager")));
        parts.extend(self.namespace.iter().map(|namespace| format!("namespace {namespace}")));
        parts.join(", ")
    }
}

impl<S> Decision<S> {
    /// What `plan` says: the change, or that there is none, and what was assumed.
    pub fn lines(&self, wording: Wording) -> Vec<String> {
        let name = &self.about.name;
        let mut lines = if self.change.is_new && self.change.objects.is_empty() {
            vec![words::new(name, &self.about.summary())]
        } else if self.is_done() {
            vec![words::no_change(name)]
        } else if self.change.is_empty() {
            vec![words::incomplete(name)]
        } else {
            self.change_lines()
        };
        lines.extend(self.beside(wording));
        lines
    }

    /// What `up` says before it changes a session that exists; nothing where nothing would be noticed.
    pub fn announcement(&self, wording: Wording) -> Vec<String> {
        if self.change.is_new || self.change.is_empty() {
            return Vec::new();
        }
        let mut lines = self.change_lines();
        lines.extend(self.beside(wording));
        lines
    }

    /// What should be known beside the change, and what was assumed.
    fn beside(&self, wording: Wording) -> impl Iterator<Item = String> {
        let remarks = self.change.remarks.iter().map(move |remark| remark.line(wording));
        remarks.chain(self.assumptions.iter().cloned())
    }

    /// Signs, fields, sizes, what restarts, what that does to jobs, and a total of objects.
    fn change_lines(&self) -> Vec<String> {
        let change = &self.change;
        let mut lines = Vec::new();
        lines.extend(change.adopts.iter().map(|workload| words::takes_over(workload)));
        lines.extend(change.differences.iter().map(Difference::line));
        for one in change.objects.iter().filter(|one| one.action != ObjectAction::Keep) {
            lines.push(format!("{} {}", one.action.symbol(), one.title));
            lines.extend(one.differences.iter().map(|one| format!("    {}", one.line())));
        }
        lines.extend(change.sizes.iter().map(Difference::line));
        lines.extend(change.parts.iter().cloned());
        if !change.is_new {
            if change.parts.is_empty() {
                lines.push(change.restarts.sentence());
            }
            lines.extend(self.jobs.lines(change.failovers, change.not_recovered.as_deref()));
        }
        if !change.objects.is_empty() {
            lines.push(words::total(change.total()));
        }
        lines
    }

    /// The document of `plan -o json`, without `apiVersion` and `kind`.
    pub fn document(&self) -> Value {
        let About { platform, name, namespace, .. } = &self.about;
        let change = &self.change;
        let Restarts { job_managers, task_managers, zookeeper } = change.restarts;
        let mut differences: Vec<Value> = change.differences.iter().map(fields).collect();
        for object in &change.objects {
            differences.extend(object.differences.iter().map(|one| {
                let mut fields = fields(one);
                fields["object"] = json!(object.title);
                fields
            }));
        }
        let mut document = json!({
            "name": name,
            "platform": platform.to_string(),
            "new": change.is_new,
            "changes": !self.is_done(),
            "differences": differences,
            "restarts": {"jobManagers": job_managers, "taskManagers": task_managers},
            "runningJobs": self.jobs.count(),
            "fates": self.jobs.document(change.not_recovered.as_deref()),
            "jobsLost": self.loses_jobs(),
            "assumptions": self.assumptions,
        });
        if *platform != Platform::Kubernetes {
            document["restarts"]["zookeeper"] = json!(zookeeper);
            return document;
        }
        let object = |one: &Object| json!({"name": one.title, "action": one.action.word()});
        let [add, to_change, remove] = change.total();
        document["namespace"] = json!(namespace);
        document["adopts"] = json!(change.adopts.is_some());
        document["objects"] = change.objects.iter().map(object).collect();
        document["sizes"] = change.sizes.iter().map(fields).collect();
        document["total"] = json!({"add": add, "change": to_change, "remove": remove});
        document["failovers"] = json!(change.failovers);
        document
    }
}

fn fields(one: &Difference) -> Value {
    json!({"what": one.what, "old": one.old, "new": one.new})
}

impl Change {
    /// Numbers of objects that are added, changed and removed; one that is replaced is added and removed.
    fn total(&self) -> [usize; 3] {
        let count = |actions: &[ObjectAction]| {
            self.objects.iter().filter(|one| actions.contains(&one.action)).count()
        };
        [
            count(&[ObjectAction::Add, ObjectAction::Replace]),
            count(&[ObjectAction::Change]),
            count(&[ObjectAction::Remove, ObjectAction::Replace]),
        ]
    }
}

impl Restarts {
    /// What restarts, as a sentence.
    pub fn sentence(self) -> String {
        words::restarts(self.job_managers, self.task_managers, self.zookeeper)
    }
}

impl Fates {
    /// The number of jobs, where it is known.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Known(jobs) => Some(jobs.len()),
            Self::Unknown(_) => None,
        }
    }

    /// What becomes of the jobs, a line for each fate that one of them has. `failovers`: how often a job fails over at
    /// most, where that can be more than once. `why`: why jobs are lost, unless high availability is missing.
    pub fn lines(&self, failovers: u64, why: Option<&str>) -> Vec<String> {
        match self {
            Self::Unknown(fate) => {
                vec![fate.line(words::UNKNOWN_JOBS, failovers, why)]
            }
            Self::Known(jobs) => [Fate::Untouched, Fate::FailsOver, Fate::Moved, Fate::Lost]
                .into_iter()
                .flat_map(|fate| {
                    let jobs: Vec<_> = jobs.iter().filter(|job| job.fate == fate).collect();
                    // Jobs of one reason stand together, in the order in which the session lists the first of each.
                    let mut reasons: Vec<Option<&str>> = Vec::new();
                    for job in &jobs {
                        if !reasons.contains(&job.why.as_deref()) {
                            reasons.push(job.why.as_deref());
                        }
                    }
                    let lines = |reason: Option<&str>| {
                        let jobs = jobs.iter().copied().filter(|job| job.why.as_deref() == reason);
                        let names = names(&jobs.collect::<Vec<_>>());
                        if fate == Fate::Untouched {
                            return vec![words::untouched(&names, reason)];
                        }
                        let mut lines = vec![fate.line(&names, failovers, why)];
                        lines.extend(reason.map(words::not_moved));
                        lines
                    };
                    reasons.into_iter().flat_map(lines).collect::<Vec<_>>()
                })
                .collect(),
        }
    }

    /// Each job with its fate and the reason, for programs; nothing where the jobs are not known.
    fn document(&self, why: Option<&str>) -> Value {
        let Self::Known(jobs) = self else { return Value::Null };
        let job = |job: &JobFate| {
            let reason = match (job.fate, &job.why) {
                (Fate::Untouched, Some(waits)) => waits.clone(),
                (fate, hindrance) => {
                    let why = why.filter(|_| fate == Fate::Lost);
                    let why = why.unwrap_or_else(|| fate.reason());
                    let hindrance = hindrance.as_ref().map(|one| words::not_moved(one));
                    [Some(why.to_owned()), hindrance]
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join("; ")
                }
            };
            json!({"id": job.id, "name": job.name, "fate": job.fate.word(), "reason": reason})
        };
        jobs.iter().map(job).collect()
    }
}

impl Fate {
    /// One word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::FailsOver => "fails-over",
            Self::Moved => "moved",
            Self::Lost => "lost",
        }
    }

    /// Why that becomes of a job, where nothing says it better.
    const fn reason(self) -> &'static str {
        match self {
            Self::Untouched => words::NOTHING_RESTARTS,
            Self::FailsOver => words::RECOVERED,
            Self::Moved => words::MOVED,
            Self::Lost => words::NOT_AVAILABLE,
        }
    }

    fn line(self, names: &str, failovers: u64, why: Option<&str>) -> String {
        match self {
            Self::Untouched => words::untouched(names, None),
            Self::FailsOver => words::fail_over(names, failovers),
            Self::Moved => words::moved(names),
            Self::Lost => words::lost(names, why),
        }
    }
}

/// `` `a` (0a), `b` (0b) and 3 more ``.
fn names(jobs: &[&JobFate]) -> String {
    let shown = jobs.iter().take(SHOWN);
    let mut names: Vec<String> =
        shown.map(|job| format!("`{}` ({})", printable(&job.name), printable(&job.id))).collect();
    if SHOWN < jobs.len() {
        names.push(format!("and {} more", jobs.len() - SHOWN));
    }
    names.join(", ")
}

/// The name of a job is anybody's text: nothing of it may act on the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
