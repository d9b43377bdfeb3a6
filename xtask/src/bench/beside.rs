//! Our binary beside another one, usually an older one: what a change of the code costs its users.
//!
//! Three sides take turns: ours, the other one, and ours a second time. The last one is the control: its
//! ratio says how far two equal binaries are apart on this machine today.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::figures::{Unit, median, ratio};
use super::measure::{self, memory_line};
use super::{Bench, check, commands, entrypoint, kubernetes, machine, page, session};
use crate::root::{output, say};

/// Name of the section.
pub(crate) const NAME: &str = "beside";
/// Rounds, unless the user says another number.
const ROUNDS: usize = 15;
/// What ours may take of the other one's figure.
const TARGET: f64 = 1.05;
/// Runs of a command of milliseconds in a round, of which the fastest counts: what else runs on the machine
/// only ever adds.
const QUICK: usize = 5;
/// Ours, the other one, and ours as the control.
const SIDES: usize = 3;

/// A figure of each side and round.
struct Figure {
    what: String,
    unit: Unit,
    /// Whether a ratio above [`TARGET`] is a miss.
    aimed: bool,
    sides: [Vec<f64>; SIDES],
}

/// Something that is done by each side in each round.
struct Case<'a> {
    /// What is measured, with its unit, and whether a target is set for it.
    figures: Vec<(String, Unit, bool)>,
    /// How often in a round.
    times: usize,
    /// Does it once for that side, and gives the figures in that order.
    run: Box<dyn Fn(usize) -> Result<Vec<f64>> + 'a>,
}

/// Measures, and gives the section.
///
/// # Errors
/// When a command fails.
pub(crate) fn run(bench: Bench, other: &Path) -> Result<String> {
    let load = machine::load();
    let sides = [
        bench.with_copy(&bench.binary, "ours")?,
        bench.with_copy(other, "other")?,
        bench.with_copy(&bench.binary, "same")?,
    ];
    let rounds = bench.runs(ROUNDS);
    let mut figures = vec![size(&sides)?];
    figures.extend(thinking(&sides, rounds)?);
    figures.extend(kubernetes::with_api_server(|kubeconfig| {
        let mut places = Vec::new();
        for (bench, prefix) in sides.iter().zip(["ours", "other", "same"]) {
            places.push(kubernetes::Site::new(bench, kubeconfig.clone(), prefix)?);
        }
        let render = |side: usize| places[side].render(&sides[side]);
        let up = |side: usize| places[side].up(&sides[side]);
        let cases = [
            command("`nutkin render --on kubernetes`", &render),
            command("`nutkin up --no-wait --on kubernetes`", &up),
        ];
        measure(&cases, rounds)
    })?);
    figures.extend(measure(&[local(&sides)?], rounds)?);
    let java = machine::java_version("java");
    let circumstances = machine::circumstances(&machine::today(), java.as_deref(), load);
    let versions = [version(&sides[0])?, version(&sides[1])?];
    Ok(markdown(&figures, rounds, &versions, &circumstances))
}

/// What the binaries take on a disk; both are built the same way, or this says nothing.
fn size(sides: &[Bench; SIDES]) -> Result<Figure> {
    let mut bytes: [Vec<f64>; SIDES] = Default::default();
    for (bench, bytes) in sides.iter().zip(&mut bytes) {
        bytes.push(std::fs::metadata(&bench.binary)?.len() as f64);
    }
    Ok(Figure {
        what: "size of the binary".to_owned(),
        unit: Unit::Bytes,
        aimed: true,
        sides: bytes,
    })
}

/// Commands that only think.
fn thinking(sides: &[Bench; SIDES], rounds: usize) -> Result<Vec<Figure>> {
    let (mut places, mut containers, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for bench in sides {
        places.push(commands::Site::new(bench)?);
        containers.push(entrypoint::Site::new(bench)?);
        files.push(check::Files::write(&bench.fresh("check")?)?);
    }
    let render = |side: usize| places[side].render(&sides[side]);
    let explain = |side: usize| places[side].explain(&sides[side]);
    let enter = |side: usize| containers[side].ours(&sides[side]);
    let teams = |side: usize| check::look(&sides[side], &files[side].teams);
    let crowd = |side: usize| check::look(&sides[side], &files[side].crowd);
    let cases = [
        command("`nutkin render --on local`", &render),
        command("`nutkin explain memory`", &explain),
        command("`nutkin entrypoint jobmanager`", &enter),
        command("`nutkin check` of 250 sessions of 4 files", &teams),
        command("`nutkin check` of 1,000 sessions of 1 file", &crowd),
    ];
    measure(&cases, rounds)
}

/// A command of milliseconds: its time, processor time and peak memory.
fn command<'a>(what: &str, make: &'a dyn Fn(usize) -> Command) -> Case<'a> {
    let ms = Unit::Milliseconds;
    Case {
        figures: vec![
            (format!("{what}, time"), ms, true),
            (format!("{what}, processor time"), ms, false),
            (format!("{what}, peak memory"), Unit::Bytes, true),
        ],
        times: QUICK,
        run: Box::new(move |side| {
            let run = measure::run(&mut make(side))?;
            let peak = measure::weigh(&make(side))?;
            Ok(vec![ms.of(run.wall), ms.of(run.cpu), peak as f64])
        }),
    }
}

/// A session on this machine, from `up` to its return.
fn local(sides: &[Bench; SIDES]) -> Result<Case<'_>> {
    let mut places = Vec::new();
    for bench in sides {
        places.push((bench, bench.flink()?));
    }
    let s = Unit::Seconds;
    Ok(Case {
        figures: vec![
            ("`nutkin up --on local`, time".to_owned(), s, true),
            ("`nutkin up --on local`, processor time of all processes".to_owned(), s, false),
            ("the supervisor's peak memory".to_owned(), Unit::Bytes, true),
        ],
        times: 1,
        run: Box::new(move |side| {
            let (bench, flink) = places[side];
            let state = bench.fresh("nutkin")?;
            let started = session::up(bench, &flink.cache, &state).and_then(|started| {
                let status = format!("/proc/{}/status", session::supervisor(&state)?);
                let peak = memory_line(&status, "VmHWM").context("the kernel tells its memory")?;
                Ok((started, peak))
            });
            let ended = session::down(bench, &flink.cache, &state);
            let (started, peak) = started?;
            ended?;
            Ok(vec![s.of(started.returned), s.of(started.cpu), peak as f64])
        }),
    })
}

/// Does each case in so many rounds, and once before, which is not counted. The sides take turns in
/// another order each time.
fn measure(cases: &[Case<'_>], rounds: usize) -> Result<Vec<Figure>> {
    let mut all = Vec::new();
    for case in cases {
        let figure = |(what, unit, aimed): &(String, Unit, bool)| Figure {
            what: what.clone(),
            unit: *unit,
            aimed: *aimed,
            sides: Default::default(),
        };
        let mut figures: Vec<Figure> = case.figures.iter().map(figure).collect();
        for round in 0..=rounds {
            let mut least = [(); SIDES].map(|()| vec![f64::INFINITY; figures.len()]);
            for time in 0..case.times {
                for turn in 0..SIDES {
                    let side = (round + time + turn) % SIDES;
                    let seen = (case.run)(side)?;
                    for (least, seen) in least[side].iter_mut().zip(seen) {
                        *least = least.min(seen);
                    }
                }
            }
            if 0 < round {
                for (at, figure) in figures.iter_mut().enumerate() {
                    for (side, least) in figure.sides.iter_mut().zip(&least) {
                        side.push(least[at]);
                    }
                }
            }
        }
        for figure in &figures {
            say(&line(figure));
        }
        all.extend(figures);
    }
    Ok(all)
}

fn version(bench: &Bench) -> Result<String> {
    Ok(output(Command::new(&bench.binary).arg("--version"))?.trim().to_owned())
}

fn markdown(
    figures: &[Figure],
    rounds: usize,
    [ours, other]: &[String; 2],
    circumstances: &str,
) -> String {
    let mut table = String::new();
    for figure in figures {
        let _ = writeln!(table, "{}", line(figure));
    }
    page::marked(
        NAME,
        &format!(
            "## Beside another binary\n\n\
             This binary ({ours}) and another one ({other}), both release builds, in turn in one run. A figure of a round is \
             the least of {QUICK} runs (a session: 1 run); peak memory is what the kernel noted. Medians of {rounds} rounds; a ratio is \
             the median of the rounds' ratios, ours divided by the other one's. The control is the same ratio of this \
             binary and itself.\n\n\
             | | this one | the other one | ratio | control | target | |\n|---|---:|---:|---:|---:|---:|---|\n{table}\n\
             {circumstances}\n\nMeasured by `cargo xtask bench --beside FILE`.\n"
        ),
    )
}

/// A row of the table.
fn line(figure: &Figure) -> String {
    let [ours, other, same] = &figure.sides;
    let text = |figures: &[f64]| figure.unit.text(median(figures));
    let (beside, control) = (ratio(ours, other), ratio(same, ours));
    let (target, met) = match (figure.aimed, beside <= TARGET) {
        (false, _) => (String::new(), ""),
        (true, true) => (format!("≤ {TARGET:.2}x"), "met"),
        (true, false) => (format!("≤ {TARGET:.2}x"), "**missed**"),
    };
    let (ours, other) = (text(ours), text(other));
    format!(
        "| {} | {ours} | {other} | {beside:.3}x | {control:.3}x | {target} | {met} |",
        figure.what
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case whose figures tell the side, the number of the run and that something else disturbed some.
    fn case(log: &std::cell::RefCell<Vec<usize>>) -> Case<'_> {
        Case {
            figures: vec![("work".to_owned(), Unit::Milliseconds, true)],
            times: 2,
            run: Box::new(|side| {
                log.borrow_mut().push(side);
                // Something else runs during the first half of each round.
                let disturbed = if (log.borrow().len() - 1) % 6 < 3 { 50.0 } else { 0.0 };
                Ok(vec![[11.0, 10.0, 11.0][side] + disturbed])
            }),
        }
    }

    #[test]
    fn sides_take_turns_and_the_fastest_run_counts() {
        let log = std::cell::RefCell::default();
        let figures = measure(&[case(&log)], 3).unwrap();
        assert_eq!(figures[0].sides, [vec![11.0; 3], vec![10.0; 3], vec![11.0; 3]]);
        assert_eq!(log.borrow()[..9], [0, 1, 2, 1, 2, 0, 1, 2, 0]);
        assert_eq!(
            line(&figures[0]),
            "| work | 11 ms | 10 ms | 1.100x | 1.000x | ≤ 1.05x | **missed** |"
        );
    }

    #[test]
    fn a_binary_beside_itself_meets_the_target() {
        let sides = [vec![4.0, 8.0], vec![4.0, 8.0], vec![4.0, 8.0]];
        let figure = Figure { what: "work".to_owned(), unit: Unit::Bytes, aimed: true, sides };
        let text = markdown(&[figure], 2, &["nutkin 2".to_owned(), "nutkin 1".to_owned()], "Here.");
        assert!(text.contains("| 1.000x | 1.000x | ≤ 1.05x | met |\n"), "{text}");
        assert!(text.contains("This binary (nutkin 2) and another one (nutkin 1)"), "{text}");
    }
}
