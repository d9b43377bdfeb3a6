//! Random memory configurations: mostly such as people write, some of them nonsense.

use std::collections::BTreeMap;

use super::random::Random;

/// Whose memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    /// The JobManager's.
    JobManager,
    /// A TaskManager's.
    TaskManager,
}

/// One configuration.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) component: Component,
    /// `FLINK_JM_HEAP` and `FLINK_TM_HEAP`.
    pub(crate) heaps: [Option<String>; 2],
    pub(crate) options: BTreeMap<String, String>,
}

const MIB: usize = 1 << 20;

/// Texts that are not sizes, or that look like none, or that Java and Rust could see differently.
const ODD_SIZES: &[&str] = &[
    "",
    " ",
    "abc",
    "-1m",
    "+1g",
    "1.5g",
    "10 parsecs",
    "99999999999t",
    "9223372036854775807",
    "9223372036854775808",
    "8388607t",
    "8388608t",
    "m",
    "1 2",
    "0x10m",
    "1_000m",
    "1G",
    "1 GiB",
    "0",
    "0m",
    "\u{661}m",
    "1\u{a0}g",
    "\t1g\t",
    "1g\u{3000}",
    "\u{3000}1g",
    "1 m b",
    "1 \u{130}",
    "1\u{212a}",
    "00001g",
];

/// The same for fractions and CPUs.
const ODD_NUMBERS: &[&str] = &[
    "1",
    "1.0",
    "-0.1",
    "-0",
    "-0.0",
    "1.5",
    "half",
    "",
    " ",
    "NaN",
    "+NaN",
    "Infinity",
    "-Infinity",
    "inf",
    "infinity",
    "nan",
    "0.1f",
    "0.1D",
    "0.1fd",
    "0x1p-3",
    "0x.8p0",
    "0X1.8P-2f",
    "0x1",
    "0x0.0000001p3",
    "1e-50",
    "1e-400",
    "1e400",
    "1e99999999999",
    "0e99999999999",
    "0.99999999",
    "0.999999970197678",
    "0.99999997",
    "5.",
    ".",
    "-.5",
    "+.5",
    ".5e-1",
    "1e",
    "1e+",
    "1e-1.5",
    "0,5",
    "0.1_0",
    "\u{661}",
    " 0.25 ",
    "\t0.25",
    "\u{3000}0.25",
    "0.25\u{a0}",
    "0.1 f",
    "1.4e-45",
    "7e-46",
    "1.17549435e-38",
    "16777217",
    "0.100000001490116119384765625",
];

/// The same for whole numbers and truth values. (Digits of other scripts are left out: Java takes them for
/// whole numbers, we do not.)
const ODD_WORDS: &[&str] = &[
    "",
    " ",
    "x",
    "0",
    "-1",
    "+4",
    " 4",
    "4 ",
    "4.0",
    "0x4",
    "2147483647",
    "2147483648",
    "TRUE",
    "yes",
    "true ",
    "tRuE",
    "1",
];

struct Maker {
    random: Random,
    is_dirty: bool,
    heaps: [Option<String>; 2],
    options: BTreeMap<String, String>,
}

impl Case {
    /// Case `index` of a seed.
    pub(crate) fn random(seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed, index);
        let is_dirty = random.one_in(3);
        let mut maker =
            Maker { random, is_dirty, heaps: [None, None], options: BTreeMap::default() };
        let component = if maker.random.below(5) < 3 {
            maker.task_manager();
            Component::TaskManager
        } else {
            maker.job_manager();
            Component::JobManager
        };
        Self { component, heaps: maker.heaps, options: maker.options }
    }
}

impl Maker {
    /// A size between two numbers of MiB in one of the many notations.
    fn size(&mut self, low: usize, high: usize) -> String {
        if self.is_dirty && self.random.one_in(12) {
            return self.random.word(ODD_SIZES).to_owned();
        }
        let mib = low + self.random.below(high - low + 1);
        let odd = mib * MIB + self.random.below(MIB);
        match self.random.below(12) {
            0 => format!("{mib} mb"),
            1 => format!("{mib}MB"),
            2 => format!("{mib}mebibytes"),
            3 => format!("{odd}"),
            4 => format!("{odd}b"),
            5 => format!("{odd} bytes"),
            6 => format!("{}k", odd / 1024),
            7 => format!(" {} kb ", odd / 1024),
            8 => format!("{}g", (mib / 1024).max(1)),
            _ => format!("{mib}m"),
        }
    }

    fn fraction(&mut self) -> String {
        if self.is_dirty && self.random.one_in(4) {
            return self.random.word(ODD_NUMBERS).to_owned();
        }
        match self.random.below(4) {
            0 => self
                .random
                .word(&["0.1", "0.2", "0.05", "1e-1", "5E-2", "0", ".25", "0.999"])
                .to_owned(),
            1 => format!("0.{:03}", self.random.below(600)),
            // Digits beyond those of a float, where rounding can go two ways.
            2 => format!(
                "0.{:08}{:08}",
                self.random.below(50_000_000),
                self.random.below(100_000_000)
            ),
            _ => format!("{}e-{}", self.random.below(1_000_000), 6 + self.random.below(8)),
        }
    }

    fn set(&mut self, key: &str, value: String) {
        self.options.insert(key.to_owned(), value);
    }

    fn maybe_size(&mut self, one_in: usize, key: &str, low: usize, high: usize) {
        if self.random.one_in(one_in) {
            let size = self.size(low, high);
            self.set(key, size);
        }
    }

    fn maybe_fraction(&mut self, one_in: usize, key: &str) {
        if self.random.one_in(one_in) {
            let fraction = self.fraction();
            self.set(key, fraction);
        }
    }

    /// Bounds and fraction of a share: `prefix` is followed by `min`, `max` and `fraction`.
    fn range(&mut self, prefix: &str, least: usize, most: usize) {
        self.maybe_fraction(5, &format!("{prefix}fraction"));
        if self.random.one_in(11) {
            let size = self.size(1, least.max(400));
            self.set(&format!("{prefix}min"), size.clone());
            self.set(&format!("{prefix}max"), size);
        } else {
            self.maybe_size(7, &format!("{prefix}min"), 0, least);
            self.maybe_size(7, &format!("{prefix}max"), least / 2, most);
        }
    }

    fn legacy(&mut self, process: &str, heap: usize) {
        let key = |name: &str| format!("{process}.heap.{name}");
        for _ in 0..=self.random.below(2) {
            match self.random.below(3) {
                0 => {
                    let size = self.size(300, 4000);
                    self.set(&key("size"), size);
                }
                1 => {
                    let odd = self.is_dirty && self.random.one_in(4);
                    let count = if odd {
                        self.random.word(ODD_WORDS).to_owned()
                    } else {
                        (300 + self.random.below(3700)).to_string()
                    };
                    self.set(&key("mb"), count);
                }
                _ => self.heaps[heap] = Some(self.size(300, 4000)),
            }
        }
    }

    fn job_manager(&mut self) {
        let key = |name: &str| format!("jobmanager.memory.{name}");
        let sizes: &[(&str, usize, usize)] = match self.random.below(12) {
            0..=3 => &[("process.size", 500, 20_000)],
            4 | 5 => &[("flink.size", 129, 16_000)],
            6 => &[("heap.size", 64, 12_000)],
            7 => &[("heap.size", 256, 1024), ("flink.size", 512, 2048)],
            8 => &[("flink.size", 900, 1300), ("process.size", 1500, 2300)],
            9 => &[("heap.size", 900, 1100), ("process.size", 1400, 2000)],
            10 => {
                &[("heap.size", 900, 1000), ("flink.size", 1000, 1100), ("off-heap.size", 0, 200)]
            }
            _ => &[],
        };
        for (name, low, high) in sizes {
            self.maybe_size(1, &key(name), *low, *high);
        }
        if sizes.is_empty() || self.random.one_in(20) {
            self.legacy("jobmanager", 0);
        }
        self.maybe_size(4, &key("off-heap.size"), 0, 600);
        self.maybe_size(5, &key("jvm-metaspace.size"), 32, 600);
        if self.random.one_in(8) {
            let word = if self.is_dirty {
                self.random.word(ODD_WORDS)
            } else {
                self.random.word(&["true", "false", "TRUE", "True"])
            };
            self.set(&key("enable-jvm-direct-memory-limit"), word.to_owned());
        }
        self.range(&key("jvm-overhead."), 300, 4000);
    }

    fn task_manager(&mut self) {
        let key = |name: &str| format!("taskmanager.memory.{name}");
        let sizes: &[(&str, usize, usize)] = match self.random.below(14) {
            0..=4 => &[("process.size", 700, 40_000)],
            5 | 6 => &[("flink.size", 400, 30_000)],
            7 => &[("task.heap.size", 0, 4000), ("managed.size", 0, 4000)],
            8 => &[
                ("task.heap.size", 100, 600),
                ("managed.size", 100, 600),
                ("flink.size", 1000, 2500),
            ],
            9 => &[
                ("task.heap.size", 100, 600),
                ("managed.size", 100, 600),
                ("process.size", 1000, 2500),
            ],
            10 => &[("task.heap.size", 100, 800), ("flink.size", 1200, 2500)],
            11 => &[
                ("task.heap.size", 100, 800),
                ("process.size", 1500, 2500),
                ("network.max", 200, 4000),
            ],
            12 => &[("flink.size", 900, 1400), ("process.size", 1500, 2300)],
            _ => &[],
        };
        for (name, low, high) in sizes {
            self.maybe_size(1, &key(name), *low, *high);
        }
        if sizes.is_empty() || self.random.one_in(20) {
            self.legacy("taskmanager", 1);
        }
        self.maybe_size(8, &key("framework.heap.size"), 0, 300);
        self.maybe_size(8, &key("framework.off-heap.size"), 0, 300);
        self.maybe_size(5, &key("task.off-heap.size"), 0, 400);
        self.maybe_size(5, &key("jvm-metaspace.size"), 32, 600);
        self.maybe_fraction(5, &key("managed.fraction"));
        self.maybe_size(20, "taskmanager.memory.size", 50, 600);
        let network = if self.random.one_in(7) {
            "taskmanager.network.memory.".to_owned()
        } else {
            key("network.")
        };
        self.range(&network, 200, 3000);
        if self.random.one_in(15) {
            let count = if self.is_dirty {
                self.random.word(ODD_WORDS).to_owned()
            } else {
                (512 + self.random.below(16_000)).to_string()
            };
            self.set("taskmanager.network.numberOfBuffers", count);
        }
        if self.random.one_in(12) {
            let mut sizes = vec!["32k", "64kb", "4096", "1m"];
            if self.is_dirty {
                sizes.extend(["0", "1", "3000", "33k", "4095", "x", "2g", "4t"]);
            }
            let size = (*self.random.pick(&sizes)).to_owned();
            self.set(&key("segment-size"), size);
        }
        if self.random.one_in(5) {
            let slots = if self.is_dirty && self.random.one_in(2) {
                self.random.word(ODD_WORDS)
            } else {
                self.random.word(&["1", "2", "4", "7", "64"])
            };
            self.set("taskmanager.numberOfTaskSlots", slots.to_owned());
        }
        if self.random.one_in(6) {
            let cores = if self.is_dirty && self.random.one_in(2) {
                self.random.word(ODD_NUMBERS)
            } else {
                self.random.word(&[
                    "1",
                    "0.5",
                    "2.5",
                    "16",
                    "1e1",
                    "0.3333",
                    "100.0",
                    "12345678.9",
                    "1e7",
                    "1e-3",
                    "0.0001",
                ])
            };
            self.set("taskmanager.cpu.cores", cores.to_owned());
        }
        if self.random.one_in(8) {
            self.external_resources();
        }
        self.range(&key("jvm-overhead."), 300, 4000);
    }

    fn external_resources(&mut self) {
        const NAMES: &[&str] =
            &["gpu", "fpga", "tpu", "a", "b", "nvidia.com/gpu", "x-1", "Aa", "BB"];
        let names: Vec<_> = (0..=self.random.below(4)).map(|_| self.random.word(NAMES)).collect();
        let separator =
            if self.is_dirty { self.random.word(&[";", ",", ";;", "; ", " ;"]) } else { ";" };
        self.set("external-resources", names.join(separator));
        if self.is_dirty && self.random.one_in(4) {
            let list = self.random.word(&[
                "",
                "none",
                "NONE",
                ";",
                "none;gpu",
                "'a;b'",
                "\"gpu\";tpu",
                "[gpu, tpu]",
            ]);
            self.set("external-resources", list.to_owned());
        }
        for name in names {
            let amount = if self.is_dirty && self.random.one_in(4) {
                self.random.word(&[
                    "0",
                    "-1",
                    "x",
                    "",
                    "9223372036854775807",
                    "9223372036854775808",
                    " 2",
                    "1.5",
                    "+2",
                ])
            } else {
                self.random.word(&["1", "2", "4"])
            };
            if !self.is_dirty || !self.random.one_in(8) {
                self.set(&format!("external-resource.{name}.amount"), amount.to_owned());
            }
        }
    }
}
