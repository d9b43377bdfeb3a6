//! Which job of a session a word of the user means.

use super::generation;

/// A job as the session lists it.
#[derive(Debug, Clone, Copy)]
pub struct ListedJob<'a> {
    /// Its id.
    pub id: &'a str,
    /// The name that it gave itself, which may be that of several.
    pub name: &'a str,
    /// Whether it will not change any more.
    pub has_ended: bool,
}

/// Why a word means no one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// There is none.
    None,
    /// There are several: their ids.
    Several(Vec<String>),
}

/// The place in the list of the job that is meant: by its id; otherwise by its name in the session file, by a unique
/// beginning of its id, or by the name that it gave itself.
///
/// Of several the only one that has not ended is meant; where all have ended, the newest that the file's job became.
///
/// # Errors
/// None or several are meant.
pub fn find(namespace: &str, wanted: &str, jobs: &[ListedJob<'_>]) -> Result<usize, NotFound> {
    if let Some(exact) = jobs.iter().position(|job| job.id == wanted) {
        return Ok(exact);
    }
    let generation = |index: &usize| generation(namespace, wanted, jobs[*index].id);
    let mut found: Vec<usize> = (0..jobs.len())
        .filter(|index| {
            let job = jobs[*index];
            job.name == wanted || job.id.starts_with(wanted) || generation(index).is_some()
        })
        .collect();
    if 1 < found.len() {
        let living: Vec<usize> =
            found.iter().copied().filter(|index| !jobs[*index].has_ended).collect();
        if living.len() == 1 {
            found = living;
        } else if living.is_empty()
            && let Some(newest) = found.iter().copied().max_by_key(generation)
            && found.iter().all(|index| generation(index).is_some())
        {
            found = vec![newest];
        }
    }
    match found.as_slice() {
        [index] => Ok(*index),
        [] => Err(NotFound::None),
        several => {
            Err(NotFound::Several(several.iter().map(|index| jobs[*index].id.to_owned()).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::job_id;
    use super::*;

    /// `-` before a name: the job has ended.
    #[track_caller]
    fn check(wanted: &str, jobs: &[(&str, &str)], expected: Result<usize, NotFound>) {
        let jobs: Vec<ListedJob<'_>> = jobs
            .iter()
            .map(|(id, name)| ListedJob {
                id,
                name: name.trim_start_matches('-'),
                has_ended: name.starts_with('-'),
            })
            .collect();
        assert_eq!(find("prod", wanted, &jobs), expected);
    }

    fn several(ids: &[&str]) -> Result<usize, NotFound> {
        Err(NotFound::Several(ids.iter().map(|id| (*id).to_owned()).collect()))
    }

    #[test]
    fn by_id_or_by_the_name_that_the_job_gave_itself() {
        check("ab", &[("ab", "x"), ("abc", "ab")], Ok(0));
        check("a", &[("ab", "x"), ("b", "y")], Ok(0));
        check("y", &[("ab", "x"), ("b", "y")], Ok(1));
        check("z", &[("ab", "x"), ("b", "y")], Err(NotFound::None));
        check("x", &[("ab", "-x"), ("b", "x"), ("c", "-x")], Ok(1));
        check("x", &[("ab", "-x"), ("b", "-x")], several(&["ab", "b"]));
        check("x", &[("ab", "x"), ("b", "x"), ("c", "-x")], several(&["ab", "b", "c"]));
    }

    #[test]
    fn by_the_name_in_the_session_file() {
        let id = |generation| job_id("prod", "orders", generation);
        let (first, second) = (id(1), id(2));
        check("orders", &[("ab", "x"), (&first, "Windowed")], Ok(1));
        check("orders", &[(&first, "-Windowed"), (&second, "Windowed")], Ok(1));
        check("orders", &[(&second, "-Windowed"), (&first, "-Windowed")], Ok(0));
        check("orders", &[("ab", "orders"), (&first, "Windowed")], several(&["ab", &first]));
        check("orders", &[("ab", "-orders"), (&first, "-x")], several(&["ab", &first]));
        let elsewhere = job_id("default", "orders", 1);
        check("orders", &[(&elsewhere, "Windowed")], Err(NotFound::None));
    }
}
