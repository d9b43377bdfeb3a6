//! Memory as bars: one for the whole process, one for each part, in 80 columns. What keeps a part within
//! its size shows in the pattern of its bar, so that nothing is lost without colours.

use std::fmt::Write as _;

use super::shown::{Bound, Part, Shown};
use crate::report::{Printer, Style};
use nutkin_flink::counted;

/// Columns of the bar of the whole process, and of the longest bar a part could have.
const WHOLE: usize = 76;
/// Columns left for the bar of a part beside name, size and share.
const PART: u64 = 40;

/// Draws one process.
pub(super) fn draw(shown: &Shown, printer: &Printer) -> String {
    let Shown { component, jvm_args, parts, process, slots, .. } = shown;
    let mut text = format!("{}  ", printer.style_out(Style::Bold, component));
    let _ = match slots {
        0 => writeln!(text, "{} in all", mib(*process)),
        slots => writeln!(text, "{} in all, {}", mib(*process), counted(*slots, "slot")),
    };
    let _ = writeln!(text, "\n  {}\n", whole(shown, printer));
    for part in parts {
        let Part { name, bytes, bound, .. } = part;
        let length = scaled(*bytes, *process, PART);
        let bar = printer.style_out(style(*bound), &pattern(*bound).repeat(length));
        let row = format!("  {name:<19}{:>10} {:>4}  {bar}", mib(*bytes), share(*bytes, *process));
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text.push('\n');
    for (bound, words) in [
        (Bound::Heap, "bounded by -Xmx"),
        (Bound::Direct, "bounded by -XX:MaxDirectMemorySize"),
        (Bound::Flink, "counted by Flink itself, outside the JVM's flags"),
        (Bound::Metaspace, "bounded by -XX:MaxMetaspaceSize"),
        (Bound::Nothing, "bounded by nothing: stacks, code, buffers of libraries"),
    ] {
        let sum: u64 = parts.iter().filter(|part| part.bound == bound).map(|part| part.bytes).sum();
        if sum != 0 {
            let sample = printer.style_out(style(bound), &pattern(bound).repeat(2));
            let _ = writeln!(text, "  {sample} {:>10}  {words}", mib(sum));
        }
    }
    if let Some(slots @ 2..) = Some(*slots) {
        let of_one = parts
            .iter()
            .filter(|part| part.is_shared_out && part.bytes != 0)
            .map(|part| format!("{} {}", mib(part.bytes / slots), part.name));
        let _ = writeln!(text, "\n  each slot has {}", of_one.collect::<Vec<_>>().join(", "));
    }
    let beside: u64 = parts
        .iter()
        .filter(|part| matches!(part.bound, Bound::Flink | Bound::Nothing))
        .map(|part| part.bytes)
        .sum();
    let _ = writeln!(
        text,
        "\n  A container must allow {}. No flag of the JVM holds {} of it:\n  \
         with less the kernel ends the process where Java would have said why.",
        mib(*process),
        mib(beside)
    );
    let _ = writeln!(text, "\n  {}", jvm_args.join(" \\\n  "));
    text
}

/// All parts side by side.
fn whole(shown: &Shown, printer: &Printer) -> String {
    let mut bar = String::new();
    let (mut bytes, mut drawn) = (0, 0);
    for part in &shown.parts {
        bytes += part.bytes;
        // Ends are rounded, not lengths: the parts always fill the whole.
        let end =
            usize::try_from(u128::from(bytes) * WHOLE as u128 / u128::from(shown.process.max(1)))
                .unwrap_or(WHOLE);
        bar.push_str(
            &printer.style_out(style(part.bound), &pattern(part.bound).repeat(end - drawn)),
        );
        drawn = end;
    }
    bar
}

const fn pattern(bound: Bound) -> &'static str {
    match bound {
        Bound::Heap => "█",
        Bound::Direct => "▓",
        Bound::Flink => "▒",
        Bound::Metaspace => "=",
        Bound::Nothing => "░",
    }
}

const fn style(bound: Bound) -> Style {
    match bound {
        Bound::Heap => Style::Green,
        Bound::Direct => Style::Yellow,
        Bound::Flink => Style::Cyan,
        Bound::Metaspace => Style::Dim,
        Bound::Nothing => Style::Red,
    }
}

/// Columns for `bytes` of `whole`: at least one for anything there is.
fn scaled(bytes: u64, whole: u64, columns: u64) -> usize {
    let length = (u128::from(bytes) * u128::from(columns)).div_ceil(u128::from(whole.max(1)));
    usize::try_from(length).unwrap_or(0)
}

fn mib(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
}

fn share(bytes: u64, whole: u64) -> String {
    format!("{:.0}%", 100.0 * bytes as f64 / whole.max(1) as f64)
}
