//! Where a command's findings go: as text to standard output, and to files for machines. `docs/book/reference/machine.md` is the contract.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;

use seriatim_campaign::{Conclusion, Counterexample};
use seriatim_lab::compare::{PlainViolation, Signature, Violation};
use seriatim_triage::report::{folder_of, write_whole};

use super::CliError;
use super::junit::{Suite, TestCase};

/// `--json` and `--junit`, checked.
#[derive(Debug)]
pub(super) struct Output {
    command: &'static str,
    json: Option<Place>,
    junit: Option<Place>,
    begun: Instant,
}

/// A file that a command reads or writes: the option or argument that names it, and its path.
pub(super) type Named<'a> = (&'static str, Option<&'a PathBuf>);

/// Where one form goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    StandardOutput,
    File(PathBuf),
}

/// What a command found, in the form that is common to all of them.
#[derive(Debug)]
pub(super) struct Findings<'a, T> {
    /// The version of the command's JSON form.
    version: u32,
    verdict: Option<Conclusion>,
    exit_code: u8,
    /// Why it is inconclusive.
    reason: Option<String>,
    body: &'a T,
    cases: Vec<TestCase>,
}

/// The JSON object: the same head for every command, then what this one found.
#[derive(Serialize)]
struct Document<'a, T> {
    version: u32,
    command: &'static str,
    build: &'static str,
    exit_code: u8,
    verdict: Option<Conclusion>,
    reason: Option<&'a str>,
    #[serde(flatten)]
    body: &'a T,
}

/// A violation with its signature.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten, serialize_with = "PlainViolation::serialize_of")]
    pub violation: Violation,
    pub signature: Signature,
}

impl Shown {
    pub(super) fn new(violation: &Violation) -> Self {
        Self { violation: violation.clone(), signature: violation.signature() }
    }
}

impl<'a, T> Findings<'a, T> {
    /// The exit code follows from the verdict.
    pub(super) fn judged(version: u32, verdict: Conclusion, body: &'a T) -> Self {
        let exit_code = match verdict {
            Conclusion::Agree => 0,
            Conclusion::Violation => 1,
            Conclusion::Inconclusive => 3,
        };
        Self { version, verdict: Some(verdict), exit_code, reason: None, body, cases: Vec::new() }
    }

    /// The findings of a command that made what it was to make.
    pub(super) fn made(version: u32, verdict: Option<Conclusion>, body: &'a T) -> Self {
        Self { version, verdict, exit_code: 0, reason: None, body, cases: Vec::new() }
    }

    /// Why an inconclusive verdict is one.
    pub(super) fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }

    /// JUnit's test cases.
    pub(super) fn cases(self, cases: Vec<TestCase>) -> Self {
        Self { cases, ..self }
    }

    /// One test case for all that was judged.
    pub(super) fn case(self, name: String, violation: Option<&Shown>) -> Self {
        let case = match (self.verdict, violation) {
            (Some(Conclusion::Violation), Some(Shown { violation, .. })) => TestCase::violated(name, violation),
            (Some(Conclusion::Inconclusive), _) => {
                TestCase::inconclusive(name, self.reason.as_deref().unwrap_or_default())
            }
            _ => TestCase::passed(name),
        };
        self.cases(vec![case.timed()])
    }
}

impl Output {
    /// Refuses a place that cannot be written to, before any work is done. `files`: what else the command reads or writes.
    ///
    /// # Errors
    /// `Write` for such a place, `SamePlace` if two of them are one.
    #[expect(clippy::disallowed_methods, reason = "JUnit wants to know how long the command took")]
    pub(super) fn new(
        command: &'static str,
        json: Option<&PathBuf>,
        junit: Option<&PathBuf>,
        files: &[Named<'_>],
    ) -> Result<Self, CliError> {
        let place = |path: &PathBuf| {
            if path.as_os_str() == "-" { Place::StandardOutput } else { Place::File(path.clone()) }
        };
        check_places(&[&[("--json", json), ("--junit", junit)], files].concat())?;
        let output = Self { command, json: json.map(place), junit: junit.map(place), begun: Instant::now() };
        for place in output.json.iter().chain(&output.junit) {
            if let Place::File(path) = place {
                check_writable(path)?;
            }
        }
        Ok(output)
    }

    /// Text for people, if standard output is theirs. Colours are asked for by the alternate form, and left out where
    /// standard output is no terminal or `NO_COLOR` is set.
    pub(super) fn print(&self, text: impl fmt::Display) {
        let taken = [&self.json, &self.junit].into_iter().any(|place| *place == Some(Place::StandardOutput));
        if !taken {
            anstream::print!("{text:#}");
        }
    }

    /// Writes the forms that were asked for and gives the exit code. A violation is one whether or not the disk has room
    /// for it: a failure is told then, and the code stays.
    ///
    /// # Errors
    /// `Write`, where there is no violation.
    pub(super) fn end<T: Serialize>(&self, findings: &Findings<'_, T>) -> Result<ExitCode, CliError> {
        match self.write(findings) {
            Err(error) if findings.exit_code == 1 => eprintln!("seriatim: {error}"),
            written => written?,
        }
        Ok(ExitCode::from(findings.exit_code))
    }

    fn write<T: Serialize>(&self, findings: &Findings<'_, T>) -> Result<(), CliError> {
        let Findings { version, verdict, exit_code, reason, body, cases } = findings;
        let document = Document {
            version: *version,
            command: self.command,
            build: concat!("seriatim ", env!("CARGO_PKG_VERSION")),
            exit_code: *exit_code,
            verdict: *verdict,
            reason: reason.as_deref(),
            body: *body,
        };
        if let Some(place) = &self.junit {
            let value = serde_json::to_value(&document).expect("plain data with text keys");
            let time = self.begun.elapsed();
            place.write(&Suite { command: self.command, time, figures: &value, cases }.to_xml())?;
        }
        if let Some(place) = &self.json {
            let json = serde_json::to_string_pretty(&document).expect("plain data with text keys");
            place.write(&(json + "\n"))?;
        }
        Ok(())
    }

    /// Time since the command began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Place {
    fn write(&self, text: &str) -> Result<(), CliError> {
        match self {
            Self::StandardOutput => {
                print!("{text}");
                Ok(())
            }
            Self::File(path) => {
                write_whole(path, text).map_err(|source| CliError::Write { path: path.clone(), source })
            }
        }
    }
}

/// Opens a page in whatever shows pages here. That is a convenience: where it does not work, the path is there to copy.
pub(super) fn open(page: &Path) {
    if let Err(error) = open::that_detached(page) {
        eprintln!("seriatim: {} cannot be opened: {error}", page.display());
    }
}

/// A violation is one whether or not the disk has room for it: a failure is told, and the report goes on.
pub(super) fn store(counterexample: &mut Counterexample, artifacts: &Path) {
    if let Err(source) = counterexample.store(artifacts) {
        eprintln!("seriatim: {}", CliError::Write { path: artifacts.to_owned(), source });
    }
}

/// What is written must be nothing else that is written or read.
fn check_places(files: &[Named<'_>]) -> Result<(), CliError> {
    let files: Vec<_> = files.iter().filter_map(|&(name, path)| Some((name, path?))).collect();
    let same = |one: &PathBuf, other: &PathBuf| {
        let place = |path: &PathBuf| path.canonicalize().or_else(|_| std::path::absolute(path));
        one == other || matches!((place(one), place(other)), (Ok(one), Ok(other)) if one == other)
    };
    for (index, &(one, path)) in files.iter().enumerate() {
        if let Some(&(other, _)) = files[index + 1..].iter().find(|(_, further)| same(path, further)) {
            return Err(CliError::SamePlace { one, other, path: path.clone() });
        }
    }
    Ok(())
}

/// A command may take hours; a file that cannot be written should be known before it.
pub(super) fn check_writable(path: &Path) -> Result<(), CliError> {
    if path.is_dir() {
        let source = std::io::Error::from(std::io::ErrorKind::IsADirectory);
        return Err(CliError::Write { path: path.to_owned(), source });
    }
    let probe = tempfile::NamedTempFile::new_in(folder_of(path));
    probe.map(drop).map_err(|source| CliError::Write { path: path.to_owned(), source })
}

/// A line that begins with a verdict.
pub(super) struct VerdictLine<'a>(pub Conclusion, pub fmt::Arguments<'a>);

impl fmt::Display for VerdictLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_line(f, self.1)
    }
}

/// A line for people that begins with a verdict.
macro_rules! judge {
    ($output:expr, $verdict:ident, $($text:tt)*) => {
        $output.print($crate::cli::output::VerdictLine(
            seriatim_campaign::Conclusion::$verdict,
            format_args!($($text)*),
        ))
    };
}
pub(super) use judge;

/// A line for people.
macro_rules! say {
    ($output:expr, $($text:tt)*) => {
        $output.print(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(super) use say;
