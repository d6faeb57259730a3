//! A release: whether a tag, the version of the packages and the changelog agree.

use std::path::{Path, PathBuf};

use crate::changelog::{CHANGELOG, Changelog, ChangelogError, is_version};
use crate::packages::{Packages, PackagesError};

#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    #[error("{0:?} is not the tag of a version, such as v1.2.3")]
    Tag(String),
    #[error("the tag is of version {tag}, but {package} has version {found}")]
    Version { tag: String, package: String, found: String },
    #[error("{CHANGELOG} has no section `## [{0}] - DATE`")]
    NoSection(String),
    #[error("{CHANGELOG}: the section [{0}] has no entry")]
    Empty(String),
    #[error("{CHANGELOG}: [Unreleased] still has entries, and the tag releases them, too")]
    Unreleased,
    #[error("{CHANGELOG}: {0}")]
    Changelog(#[from] ChangelogError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Packages(#[from] PackagesError),
}

/// Checks a tag against the tree. Returns the notes of the release: the section of the changelog.
///
/// # Errors
/// The first thing that does not agree.
pub fn check(root: &Path, tag: &str) -> Result<String, ReleaseError> {
    let packages = Packages::read(root)?;
    let path = root.join(CHANGELOG);
    let changelog = std::fs::read_to_string(&path).map_err(|source| ReleaseError::File { path, source })?;
    notes(tag, &packages, &changelog)
}

fn notes(tag: &str, packages: &Packages, changelog: &str) -> Result<String, ReleaseError> {
    let version = tag.strip_prefix('v').filter(|version| is_version(version));
    let version = version.ok_or_else(|| ReleaseError::Tag(tag.to_owned()))?;
    if let Some(other) = packages.published().find(|package| package.version != version) {
        let (package, found) = (other.name.clone(), other.version.clone());
        return Err(ReleaseError::Version { tag: version.to_owned(), package, found });
    }
    let changelog = Changelog::read(changelog)?;
    let section = changelog.version(version).ok_or_else(|| ReleaseError::NoSection(version.to_owned()))?;
    if section.is_empty() {
        return Err(ReleaseError::Empty(version.to_owned()));
    }
    if !changelog.unreleased().is_empty() {
        return Err(ReleaseError::Unreleased);
    }
    Ok(section.body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::fixtures::{package, packages, unpublished};

    const CHANGES: &str = "## [Unreleased]\n## [0.2.0] - 2026-12-01\n### Added\n- A thing.\n";

    /// Two packages of version 0.2.0, and one of another that is not published.
    fn said(tag: &str, changelog: &str) -> Result<String, String> {
        let mut both = [package("a", &[]), package("b", &[])];
        for package in &mut both {
            "0.2.0".clone_into(&mut package.version);
        }
        let [a, b] = both;
        notes(tag, &packages(vec![a, b, unpublished("c")]), changelog).map_err(|error| error.to_string())
    }

    #[test]
    fn a_tag_that_agrees_has_its_section_as_notes() {
        assert_eq!(said("v0.2.0", CHANGES), Ok("### Added\n- A thing.".to_owned()));
    }

    #[test]
    fn refuses_what_is_no_tag_of_a_version() {
        for tag in ["0.2.0", "v0.2", "v0.2.0-rc.1", "v", "version"] {
            assert_eq!(said(tag, CHANGES), Err(format!("{tag:?} is not the tag of a version, such as v1.2.3")));
        }
    }

    #[test]
    fn refuses_another_version_than_that_of_the_packages() {
        let refused = "the tag is of version 0.3.0, but a has version 0.2.0";
        assert_eq!(said("v0.3.0", CHANGES), Err(refused.to_owned()));
    }

    #[test]
    fn refuses_a_changelog_that_does_not_tell_of_it() {
        for (changelog, refused) in [
            ("## [Unreleased]\n### Added\n- A thing.\n", "CHANGELOG.md has no section `## [0.2.0] - DATE`"),
            ("## [Unreleased]\n## [0.2.0] - 2026-12-01\n", "CHANGELOG.md: the section [0.2.0] has no entry"),
            (
                "## [Unreleased]\n### Added\n- B.\n## [0.2.0] - 2026-12-01\n### Added\n- A.\n",
                "CHANGELOG.md: [Unreleased] still has entries, and the tag releases them, too",
            ),
            ("# Changelog\n", "CHANGELOG.md: the first section is not `## [Unreleased]`"),
        ] {
            assert_eq!(said("v0.2.0", changelog), Err(refused.to_owned()));
        }
    }
}
