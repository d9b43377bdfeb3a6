//! Where Flink's YAML library stops at a tab: anywhere but inside a scalar, inside a comment, and in the
//! blanks behind a plain scalar. Other parsers take a tab for any blank, ours among them.

/// A part of the text that may hold tabs: indices of its first character and of the one after its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// What the part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Comment,
    Plain,
    Quoted,
    Block,
}

/// Line and column, counted from 1, of the first tab that the library does not take. The parts come in
/// order of the text.
pub(super) fn first_bad(text: &str, parts: &[Part]) -> Option<(usize, usize)> {
    if !text.contains('\t') {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let bad =
        (0..chars.len()).filter(|at| chars[*at] == '\t').find(|at| !is_good(&chars, *at, parts))?;
    let line_start = chars[..bad].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
    let line = chars[..bad].iter().filter(|c| **c == '\n').count() + 1;
    Some((line, bad - line_start + 1))
}

fn is_good(chars: &[char], at: usize, parts: &[Part]) -> bool {
    let after = parts.partition_point(|part| part.start <= at);
    let Some(part) = after.checked_sub(1).and_then(|index| parts.get(index)) else { return false };
    let blank = |c: char| matches!(c, ' ' | '\t');
    if at >= part.end {
        // The blanks behind a plain scalar.
        let gap = &chars[part.end..at];
        return part.kind == Kind::Plain && gap.iter().all(|c| blank(*c));
    }
    let line_of = |at: usize| chars[..at].iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
    let line = line_of(at);
    let indentation = line > part.start && chars[line..at].iter().all(|c| blank(*c));
    match part.kind {
        Kind::Comment | Kind::Quoted => true,
        Kind::Plain => !indentation,
        // The parser lets a block begin with its first character, so that one tells the indentation.
        Kind::Block => !indentation || at - line >= part.start - line_of(part.start),
    }
}
