//! Cycles among sibling modules: a group of modules none of which can be read, moved or left out without the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::tree::{ModulePath, Reference, Tree};

/// Siblings that lead to each other in a ring, as short as it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The module that has them all.
    parent: ModulePath,
    /// Each edge with a reference that makes it; the last leads back to the first.
    edges: Vec<(String, Reference)>,
}

/// What one sibling's references to the others are: the other's name, and the first reference.
type Edges = BTreeMap<String, Reference>;

impl Cycle {
    pub fn is_at_the_top(&self) -> bool {
        self.parent.is_empty()
    }

    /// One line with the modules, and one for each edge with its file.
    pub fn told(&self, of: &str, root: &Path) -> String {
        let place = if self.is_at_the_top() { of.to_owned() } else { format!("{} of {of}", self.parent.join("::")) };
        let names = self.edges.iter().map(|(name, _)| name.as_str()).chain([self.edges[0].0.as_str()]);
        let mut lines = vec![format!("cycle of modules in {place}: {}", names.collect::<Vec<_>>().join(" -> "))];
        for (_, Reference { file, written, .. }) in &self.edges {
            lines.push(format!("    {} has {written}", file.strip_prefix(root).unwrap_or(file).display()));
        }
        lines.join("\n")
    }
}

/// The shortest cycle through each sibling on one, each cycle once.
pub fn of(tree: &Tree) -> Vec<Cycle> {
    let mut levels: BTreeMap<ModulePath, BTreeMap<String, Edges>> = BTreeMap::new();
    for reference in tree.references() {
        let (from, to) = (&reference.from, &reference.to);
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        // Otherwise one of the two is inside the other.
        if shared < from.len() && shared < to.len() {
            let siblings = levels.entry(from[..shared].to_vec()).or_default();
            let edges = siblings.entry(from[shared].clone()).or_default();
            edges.entry(to[shared].clone()).or_insert(reference);
        }
    }
    let mut cycles = Vec::new();
    for (parent, siblings) in levels {
        let mut seen = BTreeSet::new();
        for name in siblings.keys() {
            let Some(ring) = shortest_ring(&siblings, name) else { continue };
            if seen.insert(ring.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect::<Vec<_>>()) {
                let next = ring.iter().cycle().skip(1);
                let edge = |(from, to): (&String, &String)| (from.clone(), siblings[from][to].clone());
                cycles.push(Cycle { parent: parent.clone(), edges: ring.iter().zip(next).map(edge).collect() });
            }
        }
    }
    cycles
}

/// The names on the shortest way from a sibling back to itself.
fn shortest_ring(siblings: &BTreeMap<String, Edges>, start: &String) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last().expect("a way has its start");
        for next in siblings.get(last).into_iter().flat_map(Edges::keys) {
            if next == start {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push_back([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixtures::tree;
    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        of(&tree(files)).iter().map(|cycle| cycle.told("it", Path::new(""))).collect()
    }

    #[test]
    fn accepts_layers() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", ""),
            ("b.rs", "use crate::a;"),
            ("c.rs", "use crate::{a, b};"),
        ];
        assert_eq!(told(&files), [""; 0]);
    }

    #[test]
    fn accepts_a_parent_and_its_child_that_name_each_other() {
        let files =
            [("lib.rs", "mod a;"), ("a.rs", "mod b; struct X; use b::Y;"), ("a/b.rs", "use super::X; struct Y;")];
        assert_eq!(told(&files), [""; 0]);
    }

    #[test]
    fn rejects_two_that_name_each_other() {
        let files = [
            ("lib.rs", "mod explore; mod subject;"),
            ("explore.rs", "mod outside;"),
            ("explore/outside.rs", "use crate::subject::Answer;"),
            ("subject.rs", "pub struct Answer; fn f() { crate::explore::g() }"),
        ];
        assert_eq!(
            told(&files),
            ["cycle of modules in it: explore -> subject -> explore\n    \
              explore/outside.rs has crate::subject::Answer\n    \
              subject.rs has crate::explore::g"]
        );
    }

    #[test]
    fn rejects_a_ring_of_three_once() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b;"),
            ("b.rs", "use crate::c;"),
            ("c.rs", "use crate::a;"),
        ];
        let told = told(&files);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("cycle of modules in it: a -> b -> c -> a"), "{told:?}");
    }

    #[test]
    fn rejects_a_cycle_that_the_root_hides() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::B; pub struct A;"),
            ("b.rs", "use crate::A; pub struct B;"),
        ];
        assert_eq!(told(&files).len(), 1);
    }

    #[test]
    fn a_nested_cycle_is_not_at_the_top() {
        let files =
            [("lib.rs", "mod a;"), ("a.rs", "mod b; mod c;"), ("a/b.rs", "use super::c;"), ("a/c.rs", "use super::b;")];
        let cycles = of(&tree(&files));
        assert_eq!(cycles.iter().map(Cycle::is_at_the_top).collect::<Vec<_>>(), [false]);
        assert!(cycles[0].told("it", Path::new("")).starts_with("cycle of modules in a of it: b -> c -> b"));
    }
}
