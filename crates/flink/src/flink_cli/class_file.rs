//! Which methods a program calls, as far as its class files tell.
//!
//! Only the constant pool is read (JVMS 4.4), and behind it the instructions that name a method of it are counted as they
//! are there as bytes. Data that happens to look like one is rare, and errs on the side of the slower client.

use std::collections::{BTreeMap, BTreeSet};

/// What a class file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// Classes, in the JVM's notation: `java/lang/String`.
    pub(super) classes: BTreeSet<String>,
    /// Methods with their class, and how often an instruction calls them.
    pub(super) calls: BTreeMap<(String, String), usize>,
}

/// An entry of the constant pool that matters here.
enum Constant {
    Text(String),
    Class(u16),
    Method { class: u16, name_and_type: u16 },
    NameAndType(u16),
    Other,
}

/// `invokevirtual` to `invokeinterface` (JVMS 6.5); `invokedynamic` names no method of a class.
const INVOKE: std::ops::RangeInclusive<u8> = 0xb6..=0xb9;

/// Reads a class file. `None` where it is none.
pub(super) fn read(bytes: &[u8]) -> Option<Class> {
    let mut rest = Reader(bytes);
    if rest.u32()? != 0xcafe_babe {
        return None;
    }
    rest.u32()?;
    let count = rest.u16()?;
    let mut pool: BTreeMap<u16, Constant> = BTreeMap::new();
    let mut index = 1;
    while index < count {
        let tag = rest.take(1)?[0];
        let (constant, width) = match tag {
            1 => {
                let length = rest.u16()?;
                let text = rest.take(usize::from(length))?;
                (Constant::Text(String::from_utf8_lossy(text).into_owned()), 1)
            }
            7 => (Constant::Class(rest.u16()?), 1),
            // Of a class or of an interface; fields (9) have no instruction of interest.
            10 | 11 => (Constant::Method { class: rest.u16()?, name_and_type: rest.u16()? }, 1),
            12 => {
                let name = rest.u16()?;
                rest.u16()?;
                (Constant::NameAndType(name), 1)
            }
            3 | 4 | 9 | 17 | 18 => (rest.skip(4)?, 1),
            // A long and a double take two places.
            5 | 6 => (rest.skip(8)?, 2),
            8 | 16 | 19 | 20 => (rest.skip(2)?, 1),
            15 => (rest.skip(3)?, 1),
            _ => return None,
        };
        pool.insert(index, constant);
        index = index.checked_add(width)?;
    }
    let text = |at: &u16| match pool.get(at) {
        Some(Constant::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let class_name = |at: &u16| match pool.get(at) {
        Some(Constant::Class(name)) => text(name),
        _ => None,
    };
    let mut class = Class::default();
    for (at, constant) in &pool {
        match constant {
            Constant::Class(name) => class.classes.extend(text(name).map(str::to_owned)),
            Constant::Method { class: owner, name_and_type } => {
                let Some(Constant::NameAndType(name)) = pool.get(name_and_type) else { continue };
                let (Some(owner), Some(name)) = (class_name(owner), text(name)) else { continue };
                let times = sites(rest.0, *at);
                *class.calls.entry((owner.to_owned(), name.to_owned())).or_default() += times;
            }
            _ => {}
        }
    }
    Some(class)
}

/// How often an instruction names this entry.
fn sites(code: &[u8], entry: u16) -> usize {
    let [high, low] = entry.to_be_bytes();
    code.windows(3).filter(|code| INVOKE.contains(&code[0]) && code[1..] == [high, low]).count()
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn skip(&mut self, count: usize) -> Option<Constant> {
        self.take(count).map(|_| Constant::Other)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A class file that calls one method so many times.
    pub(in super::super) fn class(owner: &str, method: &str, times: u8) -> Vec<u8> {
        let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 9];
        let text = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend([1, 0, u8::try_from(text.len()).unwrap()]);
            bytes.extend(text.as_bytes());
        };
        text(&mut bytes, owner); // 1
        text(&mut bytes, method); // 2
        text(&mut bytes, "()V"); // 3
        bytes.extend([7, 0, 1]); // 4: the class
        bytes.extend([5, 0, 0, 0, 0, 0, 0, 0, 1]); // 5 and 6: a long
        bytes.extend([12, 0, 2, 0, 3]); // 7
        bytes.extend([10, 0, 4, 0, 7]); // 8: the method
        for _ in 0..times {
            bytes.extend([0xb6, 0, 8, 0x57]);
        }
        // A return, and an attribute that is not a call.
        bytes.extend([0xb1, 0, 8]);
        bytes
    }

    fn sample() -> Vec<u8> {
        class("a/B", "print", 2)
    }

    #[test]
    fn methods_and_how_often_they_are_called() {
        let class = read(&sample()).unwrap();
        assert!(class.classes.contains("a/B"));
        let expected = [(("a/B".to_owned(), "print".to_owned()), 2)];
        assert_eq!(class.calls, expected.into());
    }

    #[test]
    fn what_is_no_class_file() {
        assert_eq!(read(b"PK"), None);
        assert_eq!(read(&sample()[..20]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&bytes);
            bytes.splice(0..0, sample().into_iter().take(10));
            read(&bytes);
        }
    }
}
