//! Looks at processes one after the other, and what is ended after each.

use super::*;

/// `name@second` for each process: its id is both.
fn starts(text: &str) -> Vec<ProcessStart> {
    let one = |word: &str| {
        let (name, at) = word.split_once('@').unwrap();
        let since = format!("2026-11-30T12:00:{at}.5Z");
        ProcessStart { name: name.to_owned(), id: name.to_owned(), since }
    };
    text.split_whitespace().map(one).collect()
}

/// Looks, each as JobManagers, TaskManagers and whom it ends. The jobs were submitted at second 20.
#[track_caller]
fn check(looks: &[(&str, &str, &str)]) {
    check_jobs(looks, &[Some("2026-11-30T12:00:20Z")]);
}

#[track_caller]
fn check_jobs(looks: &[(&str, &str, &str)], jobs: &[Option<&str>]) {
    let mut watched = Watched::default();
    for (number, (job_managers, task_managers, expected)) in looks.iter().enumerate() {
        let seen = LivingProcesses {
            job_managers: starts(job_managers),
            task_managers: starts(task_managers),
        };
        let ended: Vec<String> =
            watched.look(&seen, jobs).iter().map(|one| one.name.clone()).collect();
        assert_eq!(ended.join(" "), *expected, "look {number}");
    }
}

#[test]
fn all_are_ended_once_where_the_job_manager_has_gone() {
    check(&[
        ("j@10", "a@11 b@11", ""),
        ("", "a@11 b@11", "a b"),
        // One more time what is still there, and nothing that came since.
        ("", "a@11 b@31", "a"),
        ("", "a@31 b@31", ""),
        ("j@35", "a@31 b@31 c@32", ""),
        ("j@35", "a@31 b@31 c@32", ""),
    ]);
    // The next JobManager may be quicker than their end.
    check(&[("j@10", "a@11", ""), ("", "a@11", "a"), ("j@35", "a@11 b@34", "a")]);
}

#[test]
fn one_that_came_back_at_once_is_seen_by_its_start() {
    check(&[("j@10", "a@11", ""), ("j@30", "a@11 b@32", "a"), ("j@30", "a@31 b@32", "")]);
    // The old one has not gone yet: it may write as well.
    check(&[("j@10", "a@11", ""), ("j@10 k@30", "a@11", ""), ("k@30", "a@11", "a")]);
}

#[test]
fn what_is_seen_for_the_first_time_is_left_alone() {
    check(&[("j@30", "a@11", "")]);
    // Where nobody is there it was lost before.
    check(&[("", "a@11", "a"), ("j@30", "a@25", "")]);
}

#[test]
fn without_jobs_nobody_is_ended() {
    let looks = [("j@10", "a@11", ""), ("", "a@11", ""), ("j@30", "a@11", "")];
    check_jobs(&looks, &[]);
    // One was submitted to the new JobManager, and runs on what is there.
    let later = [Some("2026-11-30T12:00:20Z"), Some("2026-11-30T12:00:31Z")];
    check_jobs(&[("j@10", "a@11", ""), ("j@30", "a@11", "")], &later);
    // The controls.
    check_jobs(&[("j@10", "a@11", ""), ("j@30", "a@11", "a")], &later[..1]);
    check_jobs(&[("j@10", "a@11", ""), ("j@30", "a@11", "a")], &[None]);
}

#[test]
fn who_may_know_jobs_of_the_one_before() {
    let seen = LivingProcesses { job_managers: starts("j@30"), task_managers: starts("a@29 b@30") };
    let old = Watched::default().old(&seen);
    assert_eq!(old, starts("a@29"));
    // One that came while no JobManager was there knows none.
    let mut watched = Watched::default();
    for (job_managers, task_managers) in [("j@10", ""), ("", ""), ("", "a@29")] {
        let seen = LivingProcesses {
            job_managers: starts(job_managers),
            task_managers: starts(task_managers),
        };
        watched.look(&seen, &[]);
    }
    assert_eq!(watched.old(&seen), Vec::new());
}

#[test]
fn times_of_platforms_are_compared_to_the_second() {
    let submitted = Some("2026-11-30T12:00:06Z");
    assert!(!is_before(submitted, Some("2026-11-30T12:00:06.1Z")));
    assert!(is_before(submitted, Some("2026-11-30T12:00:07.1Z")));
    assert!(is_before(None, Some("2026-11-30T12:00:07Z")) && is_before(submitted, None));
}
