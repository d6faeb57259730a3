//! `seriatim list`: the names that options, reports and artifacts use, each with a sentence.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use seriatim_campaign::Lanes;
use seriatim_lab::compare::Oracle;
use seriatim_lab::workload::ConflictClass;
use seriatim_lab::{BuiltinSubject, Canary, FaultCanary};

use super::CliError;
use super::args::JsonArgs;
use super::output::{Findings, Output, say};

/// The version of the JSON form.
const VERSION: u32 = 1;
/// Columns of a line.
const WIDTH: usize = 80;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// One list only
    #[arg(value_enum)]
    list: Option<Kind>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// What `--subject` takes
    Subjects,
    /// Executors that are wrong on purpose; a campaign does not start unless each is caught
    Canaries,
    /// Comparisons with the reference
    Oracles,
    /// Ways in which generated transactions conflict
    Classes,
    /// What a campaign runs
    Lanes,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    about: String,
}

#[derive(Debug, Serialize)]
struct Lists {
    subjects: Vec<Entry>,
    canaries: Vec<Entry>,
    oracles: Vec<Entry>,
    classes: Vec<Entry>,
    lanes: Vec<Entry>,
}

pub(super) fn run(args: &ListArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("list", args.json.json.as_ref(), None, &[])?;
    let is_wanted = |kind| args.list.is_none_or(|wanted| wanted == kind);
    let of = |kind, entries: fn() -> Vec<Entry>| if is_wanted(kind) { entries() } else { Vec::new() };
    let lists = Lists {
        subjects: of(Kind::Subjects, subjects),
        canaries: of(Kind::Canaries, canaries),
        oracles: of(Kind::Oracles, || {
            Oracle::EVERY.iter().map(|oracle| Entry::new(oracle.name(), oracle.about())).collect()
        }),
        classes: of(Kind::Classes, || {
            ConflictClass::ALL.iter().map(|class| Entry::new(class.name(), class.about())).collect()
        }),
        lanes: of(Kind::Lanes, || {
            let name = |lanes: &Lanes| lanes.option().unwrap_or("(no option)");
            Lanes::CHOICES.iter().map(|lanes| Entry::new(name(lanes), lanes.about())).collect()
        }),
    };
    let all = [
        ("Subjects, for --subject", &lists.subjects),
        ("Canaries: each must be caught before a campaign starts", &lists.canaries),
        ("Oracles", &lists.oracles),
        ("Conflict classes of generated transactions", &lists.classes),
        ("Lanes of a campaign", &lists.lanes),
    ];
    for (title, entries) in all.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        say!(output, "{title}");
        let widest = entries.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
        for Entry { name, about } in entries {
            for (number, line) in wrapped(about, WIDTH - widest - 4).iter().enumerate() {
                say!(output, "  {:widest$}  {line}", if number == 0 { name } else { "" });
            }
        }
        say!(output, "");
    }
    output.end(&Findings::made(VERSION, None, &lists))
}

/// Those that are not wrong; the rest are canaries.
fn subjects() -> Vec<Entry> {
    let is_right =
        |subject: &BuiltinSubject| !matches!(subject, BuiltinSubject::Canary(_) | BuiltinSubject::FaultCanary(_));
    BuiltinSubject::all().filter(is_right).map(|subject| Entry::new(subject.to_string(), subject.about())).collect()
}

/// A subject's name where `--subject` takes it.
fn canaries() -> Vec<Entry> {
    let name = |canary: &Canary| {
        if canary.is_scheduled() { BuiltinSubject::Canary(*canary).to_string() } else { format!("{canary:?}") }
    };
    let canaries = Canary::ALL.iter().map(|canary| Entry::new(name(canary), canary.about()));
    let fault_canaries = FaultCanary::ALL
        .iter()
        .map(|canary| Entry::new(BuiltinSubject::FaultCanary(*canary).to_string(), canary.about()));
    canaries.chain(fault_canaries).collect()
}

impl Entry {
    fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self { name: name.into(), about: about.into() }
    }
}

/// The words in lines of at most so many columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}
