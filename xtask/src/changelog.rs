//! CHANGELOG.md, in the form of [Keep a Changelog](https://keepachangelog.com): a section a version, the newest first, and
//! above them what is not released.

/// Where it is.
pub const CHANGELOG: &str = "CHANGELOG.md";
/// What the heading of a section's part may say.
const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
const UNRELEASED: &str = "Unreleased";

/// The sections, in the order of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Changelog<'a> {
    sections: Vec<Section<'a>>,
}

/// One version, or what is not released.
#[derive(Debug, PartialEq, Eq)]
pub struct Section<'a> {
    pub name: &'a str,
    /// Such as 2026-12-01. None: not released.
    pub date: Option<&'a str>,
    /// What stands below the heading.
    pub body: &'a str,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangelogError {
    #[error("line {line}: a section is `## [Unreleased]` or `## [1.2.3] - 2026-12-01`, not {heading:?}")]
    Heading { line: usize, heading: String },
    #[error("line {line}: {heading:?} is none of {}", KINDS.join(", "))]
    Kind { line: usize, heading: String },
    #[error("line {line}: an entry stands below no `### Added` or the like")]
    Loose { line: usize },
    #[error("the section [{name}] is there twice")]
    Twice { name: String },
    #[error("the first section is not `## [Unreleased]`")]
    NoUnreleased,
}

impl<'a> Changelog<'a> {
    /// Reads the file's text.
    ///
    /// # Errors
    /// The first thing that has not the form.
    pub fn read(text: &'a str) -> Result<Self, ChangelogError> {
        let mut heads: Vec<(usize, usize, Section<'a>)> = Vec::new();
        let mut kind = None;
        let mut at = 0;
        for (index, whole) in text.split_inclusive('\n').enumerate() {
            let line = index + 1;
            let heading = whole.trim_end();
            let below = at + whole.len();
            if let Some(title) = heading.strip_prefix("## ") {
                let section = Section::of(title);
                let section = section.ok_or_else(|| ChangelogError::Heading { line, heading: heading.to_owned() })?;
                if heads.iter().any(|(.., other)| other.name == section.name) {
                    return Err(ChangelogError::Twice { name: section.name.to_owned() });
                }
                heads.push((at, below, section));
                kind = None;
            } else if let Some(title) = heading.strip_prefix("### ") {
                if !KINDS.contains(&title) {
                    return Err(ChangelogError::Kind { line, heading: title.to_owned() });
                }
                kind = Some(title);
            } else if heading.starts_with("- ") && kind.is_none() && !heads.is_empty() {
                return Err(ChangelogError::Loose { line });
            }
            at = below;
        }
        let ends: Vec<usize> = heads.iter().map(|(from, ..)| *from).skip(1).chain([text.len()]).collect();
        let bodies = heads.into_iter().zip(ends);
        let sections: Vec<_> =
            bodies.map(|((_, from, section), to)| Section { body: text[from..to].trim(), ..section }).collect();
        match sections.first() {
            Some(first) if first.name == UNRELEASED => Ok(Self { sections }),
            _ => Err(ChangelogError::NoUnreleased),
        }
    }

    /// What is not released.
    pub fn unreleased(&self) -> &Section<'a> {
        &self.sections[0]
    }

    pub fn version(&self, version: &str) -> Option<&Section<'a>> {
        self.sections[1..].iter().find(|section| section.name == version)
    }
}

impl<'a> Section<'a> {
    /// The section of a heading, still with no body.
    fn of(title: &'a str) -> Option<Self> {
        let (name, rest) = title.strip_prefix('[')?.split_once(']')?;
        let section = |date| Self { name, date, body: "" };
        if name == UNRELEASED {
            return rest.is_empty().then(|| section(None));
        }
        let date = rest.strip_prefix(" - ")?;
        (is_version(name) && is_date(date)).then(|| section(Some(date)))
    }

    pub fn is_empty(&self) -> bool {
        !self.body.lines().any(|line| line.starts_with("- "))
    }
}

/// Three numbers. Other forms of versions are not released here.
pub fn is_version(text: &str) -> bool {
    let is_number = |part: &str| {
        part.chars().all(|character| character.is_ascii_digit())
            && (part == "0" || !part.is_empty() && !part.starts_with('0'))
    };
    text.split('.').count() == 3 && text.split('.').all(is_number)
}

/// The form of a date; whether the month has such a day is not looked at.
fn is_date(text: &str) -> bool {
    let is_digit = |place: usize, byte: u8| if place == 4 || place == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(|(place, byte)| is_digit(place, byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n- no entry, above all sections\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n\
                        ### Added\n\n- A thing.\n\n### Fixed\n- Another.\n\n## [0.1.0] - 2026-11-22\n### Added\n- All.\n";

    #[test]
    fn reads_sections_with_their_bodies() {
        let changelog = Changelog::read(TEXT).unwrap();
        assert!(changelog.unreleased().is_empty());
        let section = changelog.version("0.2.0").unwrap();
        assert_eq!(section.date, Some("2026-12-01"));
        assert_eq!(section.body, "### Added\n\n- A thing.\n\n### Fixed\n- Another.");
        assert_eq!(changelog.version("0.1.0").unwrap().body, "### Added\n- All.");
        assert_eq!(changelog.version("0.3.0"), None);
    }

    #[test]
    fn what_is_not_released_is_no_version() {
        assert_eq!(Changelog::read(TEXT).unwrap().version(UNRELEASED), None);
    }

    #[test]
    fn refuses_headings_of_another_form() {
        for title in ["0.1.0", "[0.1.0]", "[0.1] - 2026-12-01", "[0.1.0] - 1 December", "[Unreleased] - 2026-12-01"] {
            let text = format!("# Changelog\n## {title}\n");
            let refused = Changelog::read(&text).unwrap_err();
            assert_eq!(refused, ChangelogError::Heading { line: 2, heading: format!("## {title}") });
        }
    }

    #[test]
    fn refuses_other_parts_loose_entries_and_doubles() {
        let read = |rest: &str| Changelog::read(&format!("## [Unreleased]\n{rest}")).unwrap_err();
        assert_eq!(read("### Found\n"), ChangelogError::Kind { line: 2, heading: "Found".to_owned() });
        assert_eq!(read("- A thing.\n"), ChangelogError::Loose { line: 2 });
        assert_eq!(read("## [Unreleased]\n"), ChangelogError::Twice { name: UNRELEASED.to_owned() });
    }

    #[test]
    fn refuses_a_file_without_a_place_for_the_next_change() {
        for text in ["", "# Changelog\n", "## [0.1.0] - 2026-12-01\n"] {
            assert_eq!(Changelog::read(text), Err(ChangelogError::NoUnreleased), "{text:?}");
        }
    }

    #[test]
    fn a_version_has_three_numbers() {
        assert!(is_version("0.1.0") && is_version("1.20.300"));
        for text in ["", "0.1", "0.1.0.0", "01.1.0", "0.1.x", "0.1.0-rc.1", "v0.1.0", "0..1"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
