//! Which crate may depend on which: the table, and what the manifests say.

use std::collections::BTreeSet;

use crate::packages::{Kind, Packages};

/// Each crate with those that it stands on. It may depend on them and on everything below them.
///
/// Cargo refuses cycles of normal dependencies; the table keeps the layers apart that have none either way.
const ARROWS: [(&str, &[&str]); 17] = [
    ("seriatim-runtime", &[]),
    ("seriatim-tos", &["seriatim-runtime"]),
    ("seriatim-verdict", &[]),
    ("seriatim-explore", &["seriatim-runtime", "seriatim-verdict"]),
    ("seriatim-shims", &["seriatim-explore"]),
    ("seriatim-lab", &["seriatim-tos", "seriatim-explore"]),
    ("seriatim-triage", &["seriatim-lab"]),
    ("seriatim-campaign", &["seriatim-triage"]),
    // The shims are only for its tests.
    ("seriatim-subject", &["seriatim-campaign", "seriatim-shims"]),
    ("seriatim-node", &["seriatim-campaign"]),
    ("seriatim", &["seriatim-subject", "seriatim-node"]),
    (FIXTURES, &["seriatim-tos"]),
    ("block-stm-example", &["seriatim"]),
    ("pooled-example", &["seriatim-subject"]),
    ("scoped-example", &["seriatim-subject"]),
    ("mutants", &["seriatim"]),
    ("xtask", &[]),
];

/// Fixtures of tests. Any crate may have them as a dev-dependency, and none as another one.
const FIXTURES: &str = "seriatim-testkit";

/// One line for each dependency that the table does not allow, and for each crate without a row.
pub fn check(packages: &Packages) -> Vec<String> {
    let members: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in packages.iter() {
        let name = package.name.as_str();
        let Some(allowed) = below(name) else {
            findings.push(format!("{name} has no row in the table of xtask/src/graph/arrows.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            let other = dependency.name.as_str();
            let is_fixture = other == FIXTURES && dependency.kind == Some(Kind::Dev);
            // A crate names itself to have all its features in its own tests.
            let is_itself = other == name && dependency.kind == Some(Kind::Dev);
            if members.contains(other) && !is_itself && !is_fixture && !allowed.contains(other) {
                findings.push(format!("{name} must not depend on {other}: it may depend on {}", told(&allowed)));
            }
        }
    }
    findings
}

/// Everything below a crate. None: it has no row.
fn below(name: &str) -> Option<BTreeSet<&'static str>> {
    let (_, direct) = ARROWS.iter().find(|(row, _)| *row == name)?;
    let further = direct.iter().flat_map(|other| below(other).expect("the table has a row for what it names"));
    Some(direct.iter().copied().chain(further).collect())
}

fn told(allowed: &BTreeSet<&str>) -> String {
    if allowed.is_empty() {
        "no other crate".to_owned()
    } else {
        allowed.iter().copied().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::fixtures::{package, packages};

    fn findings(name: &str, dependencies: &[&str]) -> Vec<String> {
        let others = ARROWS.iter().filter(|(other, _)| *other != name).map(|(other, _)| package(other, &[]));
        check(&packages(others.chain([package(name, dependencies)]).collect()))
    }

    #[test]
    fn the_table_stands_on_itself() {
        for (position, (name, direct)) in ARROWS.iter().enumerate() {
            for other in *direct {
                let below = ARROWS.iter().position(|(row, _)| row == other).unwrap();
                assert!(below < position, "{name} stands on {other}, which comes later");
            }
        }
    }

    #[test]
    fn accepts_what_lies_below() {
        assert_eq!(findings("seriatim-lab", &["seriatim-tos", "seriatim-verdict", "serde"]), [""; 0]);
        assert_eq!(findings("seriatim-runtime", &["dev:seriatim-testkit", "dev:seriatim-runtime", "tokio"]), [""; 0]);
    }

    #[test]
    fn rejects_what_lies_above() {
        assert_eq!(
            findings("seriatim-explore", &["seriatim-tos"]),
            ["seriatim-explore must not depend on seriatim-tos: it may depend on seriatim-runtime, seriatim-verdict"]
        );
    }

    #[test]
    fn rejects_the_harness_in_what_a_node_embeds() {
        for upper in ["seriatim-verdict", "seriatim-explore", "dev:seriatim-lab", "seriatim"] {
            let found = findings("seriatim-tos", &[upper]);
            assert_eq!(found.len(), 1, "{upper}: {found:?}");
        }
    }

    #[test]
    fn rejects_fixtures_outside_tests() {
        assert_eq!(
            findings("seriatim-verdict", &["seriatim-testkit"]),
            ["seriatim-verdict must not depend on seriatim-testkit: it may depend on no other crate"]
        );
    }

    #[test]
    fn rejects_a_crate_without_a_row() {
        assert_eq!(
            check(&packages(vec![package("seriatim-new", &[])])),
            ["seriatim-new has no row in the table of xtask/src/graph/arrows.rs"]
        );
    }
}
