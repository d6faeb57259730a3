//! Cycles among top-level modules that were there before this check. A new one is an error, and so is an entry whose
//! cycle is gone: the list only gets shorter.

use super::cycles::Cycle;

/// The library and the modules of its cycle, sorted.
pub type Known = (&'static str, &'static [&'static str]);

pub const KNOWN: [Known; 4] = [
    // The recorder takes the configuration of the searches that it records.
    ("seriatim_explore", &["interleave", "recorder"]),
    // A schedule of version 2 is converted into one of today.
    ("seriatim_explore", &["schedule", "schedule_v2"]),
    // An experiment over a chain judges what the chain did.
    ("seriatim_lab", &["compare", "drive"]),
    // The report is made of figures that it defines a part of.
    ("seriatim_node", &["figures", "report"]),
];

/// Takes the known cycles out of those that were found. Returns the others, and a line for each entry without a cycle.
pub fn settle<'a>(found: Vec<(&'a str, Cycle)>, known: &[Known]) -> (Vec<(&'a str, Cycle)>, Vec<String>) {
    let is =
        |(library, modules): &Known, (target, cycle): &(&str, Cycle)| library == target && cycle.names() == *modules;
    let gone = known.iter().filter(|entry| !found.iter().any(|cycle| is(entry, cycle)));
    let gone = gone.map(|(library, modules)| {
        let modules = modules.join(" and ");
        format!("the cycle of {modules} in {library} is gone: take it out of xtask/src/graph/known.rs")
    });
    let gone = gone.collect();
    let unknown = found.into_iter().filter(|cycle| !known.iter().any(|entry| is(entry, cycle))).collect();
    (unknown, gone)
}

#[cfg(test)]
mod tests {
    use super::super::cycles;
    use super::super::tree::fixtures::tree;
    use super::*;

    fn found() -> Vec<(&'static str, Cycle)> {
        let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b;"), ("b.rs", "use crate::a;")];
        cycles::of(&tree(&files)).into_iter().map(|cycle| ("it", cycle)).collect()
    }

    #[test]
    fn accepts_a_known_cycle() {
        assert_eq!(settle(found(), &[("it", &["a", "b"])]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn rejects_a_cycle_of_other_modules_or_of_another_library() {
        for known in [("it", ["a", "c"].as_slice()), ("other", &["a", "b"])] {
            let (unknown, gone) = settle(found(), &[known]);
            assert_eq!((unknown.len(), gone.len()), (1, 1), "{known:?}");
        }
    }

    #[test]
    fn rejects_an_entry_whose_cycle_is_gone() {
        let (unknown, gone) = settle(Vec::new(), &[("it", &["a", "b"])]);
        assert!(unknown.is_empty());
        assert_eq!(gone, ["the cycle of a and b in it is gone: take it out of xtask/src/graph/known.rs"]);
    }
}
