//! All options: Flink's of every version, and Nutkin's own.
//!
//! What an option is called, what it was called before, which type and default it has in which version, and
//! in our own words what the ones that users meet are for.

mod check;
mod operator;
mod own;
mod page;
mod patterns;
mod ports;
mod same;
mod table;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub use check::{Level, OptionFinding, check, foreign, is_first_word};
pub use operator::note_on_operator;
pub use own::{OWN, OptionPlatform, OwnOption};
pub use page::page;
pub use same::is_same;
pub use table::{Facts, OBSERVED};

use super::{Configuration, Entry, FlinkVersion};

/// What is known of one option.
#[derive(Debug, Clone, Copy)]
pub struct OptionInfo {
    /// The current key.
    pub key: &'static str,
    facts: [Option<Facts>; OBSERVED.len()],
    /// What it is for, in our words, where somebody wrote them.
    pub text: Option<&'static str>,
    /// A value that makes sense.
    pub example: Option<&'static str>,
    /// Set for options of Nutkin's own.
    pub own: Option<&'static OwnOption>,
    /// The whole family that the key belongs to, for keys that hold a name of the user's.
    pub pattern: Option<&'static str>,
}

impl OptionInfo {
    /// What a version says, or `None` where it does not have the option.
    pub fn at(&self, version: FlinkVersion) -> Option<&Facts> {
        self.facts[table::speaker(version)].as_ref()
    }

    /// What the newest version says that has the option.
    pub fn newest(&self) -> Option<&Facts> {
        self.facts.iter().rev().flatten().next()
    }

    /// The observed versions that have it, oldest first, with what they say.
    pub fn observed(&self) -> impl Iterator<Item = (FlinkVersion, &Facts)> {
        OBSERVED
            .into_iter()
            .zip(&self.facts)
            .filter_map(|(version, facts)| Some((version, facts.as_ref()?)))
    }

    /// Which versions have it, in words.
    pub fn versions(&self) -> Cow<'static, str> {
        if self.own.is_some() {
            return Cow::Borrowed("all");
        }
        let has: Vec<FlinkVersion> = self.observed().map(|(version, _)| version).collect();
        let short = |version: &FlinkVersion| format!("{}.{}", version.major, version.minor);
        let (Some(first), Some(last)) = (has.first(), has.last()) else {
            return Cow::Borrowed("none");
        };
        match (*first == OBSERVED[0], *last == OBSERVED[OBSERVED.len() - 1]) {
            (true, true) => Cow::Borrowed("all"),
            (true, false) => Cow::Owned(format!("up to {}", short(last))),
            (false, true) => Cow::Owned(format!("{} and later", short(first))),
            (false, false) if first == last => Cow::Owned(short(first)),
            (false, false) => Cow::Owned(format!("{} to {}", short(first), short(last))),
        }
    }

    /// All spellings that some version reads besides the key.
    pub fn old_spellings(&self) -> Vec<&'static str> {
        let mut spellings = Vec::new();
        for (key, _) in self.facts.iter().rev().flatten().flat_map(Facts::old_spellings) {
            if !spellings.contains(&key) {
                spellings.push(key);
            }
        }
        spellings
    }
}

/// The option of a key. A key that is only an old spelling gives the option that it means today; a key that
/// fits a pattern (`metrics.reporter.prom.factory.class`) gives the pattern's option.
pub fn find(key: &str) -> Option<OptionInfo> {
    if let Some(own) = own::find(key) {
        return Some(of_own(own));
    }
    if let Some(line) = table::line(key) {
        if line.is_option() {
            return Some(of_line(&line));
        }
        return table::line(newest_spelling(key)?).map(|line| of_line(&line));
    }
    let pattern = patterns::of(key)?;
    Some(OptionInfo {
        key: pattern.shape,
        facts: pattern
            .exact(key)
            .and_then(table::line)
            .map_or([const { None }; OBSERVED.len()], |line| facts(&line)),
        text: Some(pattern.text),
        example: None,
        own: None,
        pattern: Some(pattern.shape),
    })
}

fn of_own(own: &'static OwnOption) -> OptionInfo {
    OptionInfo {
        key: own.key,
        facts: [Some(Facts::own(own.type_name, own.default)); OBSERVED.len()],
        text: Some(own.text),
        example: Some(own.example),
        own: Some(own),
        pattern: own.key.contains('<').then_some(own.key),
    }
}

fn of_line(line: &table::Line) -> OptionInfo {
    let words = words::find(line.key);
    OptionInfo {
        key: line.key,
        facts: facts(line),
        text: words.map(|words| words.text),
        example: words.map(|words| words.example).filter(|example| !example.is_empty()),
        own: None,
        pattern: None,
    }
}

fn facts(line: &table::Line) -> [Option<Facts>; OBSERVED.len()] {
    std::array::from_fn(|observed| line.facts(observed))
}

/// How a version spells the option that a key means: the key itself where the version has it, otherwise the
/// option of which it is an old spelling, otherwise the key as it came.
pub fn canonical(key: &str, version: FlinkVersion) -> Cow<'_, str> {
    let Some(line) = table::line(key) else { return Cow::Borrowed(key) };
    let info = of_line(&line);
    if info.at(version).is_some_and(|facts| !facts.deprecated) {
        return Cow::Borrowed(key);
    }
    // Several options may share an old spelling (`web.port` was the REST port, and the bind port falls back
    // to it): the one that names it first means it most, and a deprecated spelling more than a fallback.
    let mut best: Option<(bool, usize, &'static str)> = None;
    for newer in line.newer() {
        let Some(newer) = table::line(newer).map(|line| of_line(&line)) else { continue };
        let mut spellings =
            newer.at(version).into_iter().flat_map(Facts::old_spellings).enumerate();
        if let Some((position, (_, deprecated))) = spellings.find(|(_, (old, _))| *old == key) {
            let candidate = (!deprecated, position, newer.key);
            best = Some(best.map_or(candidate, |best| best.min(candidate)));
        }
    }
    best.map_or(Cow::Borrowed(key), |(.., newer)| Cow::Borrowed(newer))
}

/// Whether a version reads a key: as an option, or as an old spelling of one. What no version has is for others to read.
pub fn is_read(key: &str, version: FlinkVersion) -> bool {
    let current = canonical(key, version);
    let info = find(&current).filter(|info| info.key == current || info.pattern.is_some());
    match info {
        Some(info) => info.pattern.is_some() || info.at(version).is_some(),
        None => find(key).is_none(),
    }
}

/// How the newest version that reads a key spells it today, where that is something else.
pub fn newest_spelling(key: &str) -> Option<&'static str> {
    let newest_first = OBSERVED.iter().rev();
    let mut spellings = newest_first.map(|version| canonical(key, *version));
    let current = spellings.find(|current| current != key)?;
    table::line(&current).map(|line| line.key)
}

/// The keys that mean something where this one is set, because it is an old spelling: the options of which it is one, and
/// their other old spellings. None for any other key.
pub fn relatives(key: &str) -> impl Iterator<Item = &'static str> + use<> {
    let newer = table::line(key).into_iter().flat_map(|line| line.newer());
    newer.filter_map(table::line).flat_map(|line| {
        let others = of_line(&line).old_spellings();
        std::iter::once(line.key).chain(others)
    })
}

/// The entry that Flink takes for an option: that of its key, otherwise of the first old spelling that is set, in
/// Flink's order (`Configuration.getRawValueFromOption`). The key that was found comes with it.
pub fn lookup<'c>(
    configuration: &'c Configuration,
    key: &str,
    version: FlinkVersion,
) -> Option<(&'c str, &'c Entry)> {
    if let Some(found) = configuration.get_key_value(key) {
        return Some(found);
    }
    let info = of_line(&table::line(key)?);
    let facts = info.at(version)?;
    facts.old_spellings().find_map(|(old, _)| configuration.get_key_value(old))
}

/// Options whose key begins with this, in order: `taskmanager.memory` or `taskmanager.memory.`.
pub fn matching(prefix: &str) -> Vec<OptionInfo> {
    let prefix = prefix.trim_end_matches(['.', '*']);
    let below = |key: &str| {
        prefix.is_empty()
            || key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.') || rest.is_empty())
    };
    let mut found: Vec<OptionInfo> = OWN.iter().filter(|own| below(own.key)).map(of_own).collect();
    found.extend(
        table::lines()
            .filter(|line| line.is_option() && below(line.key))
            .map(|line| of_line(&line)),
    );
    found
}

/// Up to three keys that somebody may have meant, the likeliest first.
pub fn suggest(key: &str) -> Vec<String> {
    let wanted = Spelling::of(key);
    // A quarter of the letters may be wrong, but never so many that any word would do.
    let bound = (wanted.lower.chars().count() / 4).clamp(1, 5);
    let mut scored: BTreeSet<(usize, &'static str)> = BTreeSet::new();
    for (candidate, spelling) in &*SPELLINGS {
        if spelling.squeezed == wanted.squeezed {
            scored.insert((0, candidate));
        } else if spelling.may_be_within(bound, &wanted) {
            let distance = strsim::damerau_levenshtein(&spelling.lower, &wanted.lower);
            if distance <= bound {
                scored.insert((distance, candidate));
            }
        }
        // Somebody who leaves out the first words means the option all the same.
        if wanted.lower.contains('.')
            && spelling.lower.strip_suffix(&wanted.lower).is_some_and(|rest| rest.ends_with('.'))
        {
            scored.insert((bound, candidate));
        }
    }
    scored.into_iter().take(3).map(|(_, key)| key.to_owned()).collect()
}

/// All options as they are compared, made when the first key is not known: a file may have thousands of them.
static SPELLINGS: LazyLock<Vec<(&'static str, Spelling)>> = LazyLock::new(|| {
    let own = OWN.iter().map(|own| own.key);
    let flinks = table::lines().filter(table::Line::is_option).map(|line| line.key);
    own.chain(flinks).map(|key| (key, Spelling::of(key))).collect()
});

/// A key as it is compared.
struct Spelling {
    lower: String,
    /// Without what people mix up.
    squeezed: String,
    /// How often each letter is in it, so that most keys need no closer look.
    letters: [u8; 32],
}

impl Spelling {
    fn of(key: &str) -> Self {
        let lower = key.to_lowercase();
        let mut letters = [0_u8; 32];
        for byte in lower.bytes() {
            let count = &mut letters[usize::from(byte % 32)];
            *count = count.saturating_add(1);
        }
        Self { squeezed: squeezed(&lower), lower, letters }
    }

    /// Whether so few changes may make one of the other: a letter that is changed counts at two places.
    fn may_be_within(&self, bound: usize, other: &Self) -> bool {
        let pairs = self.letters.iter().zip(&other.letters);
        let differences: usize = pairs.map(|(one, two)| usize::from(one.abs_diff(*two))).sum();
        // A letter of several bytes may be at as many places.
        let bytes = if self.lower.is_ascii() && other.lower.is_ascii() { 1 } else { 4 };
        differences <= 2 * bytes * bound
    }
}

/// The option that a key of one of Flink's own families (`state.backend.rocksdb.*`) misspells. Another option
/// of the family could come with a release that the table does not know, so only a slip counts.
pub fn slip(key: &str) -> Option<String> {
    /// Two letters exchanged, missing or too many.
    const SLIP: usize = 2;
    let family = patterns::of(key).filter(|family| family.own)?;
    if find(key).is_some_and(|info| info.pattern.is_none()) {
        return None;
    }
    suggest(key).into_iter().find(|near| {
        patterns::of(near).is_some_and(|other| other.shape == family.shape)
            && strsim::damerau_levenshtein(near, key) <= SLIP
    })
}

/// A key without what people mix up.
fn squeezed(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '.' | '-' | '_')).collect()
}

/// What a sensitive value is replaced with; Flink's own sign (`GlobalConfiguration.HIDDEN_CONTENT`).
pub const HIDDEN: &str = "******";

/// Words in a key that make its value a secret: `GlobalConfiguration.SENSITIVE_KEYS` of 2.3, which holds
/// those of all versions before it (1.13 has the first four, 1.17 lacks `http-headers`).
const SENSITIVE: [&str; 11] = [
    "password",
    "secret",
    "fs.azure.account.key",
    "apikey",
    "api-key",
    "auth-params",
    "service-key",
    "token",
    "basic-auth",
    "jaas.config",
    "http-headers",
];

/// Whether the value of a key must never be shown. The newest list holds for all versions: a secret does not
/// become public because an old Flink prints it.
pub fn is_sensitive(key: &str) -> bool {
    let key = key.to_lowercase();
    SENSITIVE.iter().any(|word| key.contains(word))
}

/// The value as it may be shown.
pub fn mask<'v>(key: &str, value: &'v str) -> &'v str {
    if is_sensitive(key) { HIDDEN } else { value }
}

#[cfg(test)]
mod tests;
