//! What is wrong with an adapter as far as the protocol goes, for its author. Whether its answers are right is for the
//! reference to say.

mod requests;

pub use requests::sample_requests;

use std::fmt;

use super::shown::excerpt;
use super::{Hello, ProcessConfig, ProcessSubject};
use crate::{Answer, Capabilities, Figure, Outcome, OutcomeDetail, Part, Request, Subject, SubjectError};
use seriatim_tos::ledger::TransactionError;

/// What a few requests showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// None: it did not say one that is understood.
    pub hello: Option<Hello>,
    /// Requests that were sent.
    pub requests: usize,
    /// Findings in the order of lines.
    pub findings: Vec<Finding>,
}

/// Something that the protocol does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line of what the adapter writes: 1 is the hello, 2 the first answer.
    pub line: usize,
    /// What the request was about; empty for the hello.
    pub request: &'static str,
    /// The field, what stands there (shortened and escaped), and what was expected.
    pub text: String,
}

impl CheckReport {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.request {
            "" => write!(f, "line {} (hello): {}", self.line, self.text),
            request => write!(f, "line {} (answer: {request}): {}", self.line, self.text),
        }
    }
}

/// Starts the adapter, asks it [`sample_requests`] and looks at the form of what comes back. It goes on after a fault with a
/// new process, except after a hang.
pub fn check(config: &ProcessConfig) -> CheckReport {
    let mut report = CheckReport { hello: None, requests: 0, findings: Vec::new() };
    let mut subject = match ProcessSubject::start(config.clone()) {
        Ok(subject) => subject,
        Err(error) => {
            report.findings.push(Finding { line: 1, request: "", text: with_expectation(&error) });
            return report;
        }
    };
    let hello = report.hello.insert(subject.hello().clone()).clone();
    let mut before: Option<(Request, Answer)> = None;
    for (name, request) in sample_requests(&hello.capabilities) {
        report.requests += 1;
        let line = 1 + report.requests;
        let mut find = |text| report.findings.push(Finding { line, request: name, text });
        let answer = match subject.execute(&request) {
            Ok(answer) => answer,
            Err(error) => {
                find(with_expectation(&error));
                before = None;
                if matches!(error, SubjectError::Hang { .. } | SubjectError::Start { .. }) {
                    break;
                }
                continue;
            }
        };
        faults(&hello.capabilities, &request, &answer).into_iter().for_each(&mut find);
        if let Some((asked, given)) = &before
            && (Request { id: request.id, ..asked.clone() }) == request
            && let Some(field) = first_difference(given, &answer)
        {
            find(format!("{field}: not as in line {}, expected the same answer to the same request", line - 1));
        }
        before = Some((request, answer));
    }
    report
}

fn with_expectation(error: &SubjectError) -> String {
    match error {
        SubjectError::Hang { .. } => {
            format!("{error}, expected one line of JSON that ends with a newline and is flushed")
        }
        SubjectError::Crash { .. } => format!("{error}, expected to go on until standard input ends"),
        SubjectError::Protocol(_)
        | SubjectError::Panicked(_)
        | SubjectError::Unended(_)
        | SubjectError::Start { .. } => error.to_string(),
    }
}

/// What the answer must not say, or fails to.
fn faults(capabilities: &Capabilities, request: &Request, answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(reason) = &answer.aborted {
        faults.push(format!("aborted: {}, expected null: nothing overflows in this block", excerpt(reason)));
        return faults;
    }
    let (expected, given) = (request.block.transactions.len(), answer.outcomes.len());
    if expected != given {
        faults.push(format!("outcomes: {given}, expected {expected}, one a transaction"));
    }
    let reports = &capabilities.reports;
    for (number, outcome) in answer.outcomes.iter().enumerate() {
        if let Some(expected) = unexpected(reports.outcomes, outcome) {
            let outcome = serde_json::to_string(outcome).expect("plain data");
            faults.push(format!("outcomes[{number}]: {}, expected {expected}", excerpt(&outcome)));
        }
    }
    let figures = &answer.figures;
    for figure in &reports.figures {
        let (name, value) = match figure {
            Figure::Fees => ("fees", figures.fees),
            Figure::EmittedSupply => ("emitted_supply", figures.emitted_supply),
            Figure::BurnedSupply => ("burned_supply", figures.burned_supply),
        };
        if value.is_none() {
            faults
                .push(format!("figures.{name}: missing, expected a number, since the hello says that it is reported"));
        }
    }
    let says_accounts = reports.state.iter().any(|part| *part != Part::Burned);
    if says_accounts && answer.state.accounts.is_empty() && !request.state.accounts.is_empty() {
        faults.push("state.accounts: empty, expected every account, also those that the block leaves alone".to_owned());
    }
    faults
}

/// What was expected, if it is not the outcome.
fn unexpected(detail: OutcomeDetail, outcome: &Outcome) -> Option<String> {
    let names: &[&str] = match (detail, outcome) {
        (_, Outcome::Executed) | (OutcomeDetail::Success, Outcome::Failed) => return None,
        (OutcomeDetail::Success, _) => {
            return Some(r#""executed" or "failed", since outcomes are "success""#.to_owned());
        }
        (_, Outcome::Skipped) => return None,
        (OutcomeDetail::Classes, _) => &Outcome::CLASSES,
        (OutcomeDetail::Errors, _) => TransactionError::NAMES,
    };
    match outcome {
        Outcome::Orphaned(name) if names.contains(&name.as_str()) => None,
        _ => Some(format!(r#""executed", "skipped" or {{"orphaned":NAME}} with one of {}"#, names.join(", "))),
    }
}

/// The first field in which answers differ; notes are for people.
fn first_difference(one: &Answer, other: &Answer) -> Option<&'static str> {
    [
        (one.outcomes == other.outcomes, "outcomes"),
        (one.aborted == other.aborted, "aborted"),
        (one.state.accounts == other.state.accounts, "state.accounts"),
        (one.state.burned == other.state.burned, "state.burned"),
        (one.figures == other.figures, "figures"),
    ]
    .into_iter()
    .find_map(|(is_same, field)| (!is_same).then_some(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_of_the_reported_detail_are_allowed() {
        use OutcomeDetail::*;
        let orphaned = |name: &str| Outcome::Orphaned(name.to_owned());
        for detail in [Success, Classes, Errors] {
            assert_eq!(unexpected(detail, &Outcome::Executed), None);
            assert_eq!(unexpected(detail, &Outcome::Failed).is_none(), detail == Success);
            assert_eq!(unexpected(detail, &Outcome::Skipped).is_none(), detail != Success);
            assert_eq!(unexpected(detail, &orphaned("funds")).is_none(), detail == Classes);
            assert_eq!(unexpected(detail, &orphaned("Overflow")).is_none(), detail == Errors);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let everything = Capabilities::everything("all");
        let (_, request) = sample_requests(&everything).swap_remove(1);
        let faults = faults(&everything, &request, &Answer::default());
        let starts: Vec<_> = faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
        let figures = ["figures.fees", "figures.emitted_supply", "figures.burned_supply"];
        assert_eq!(starts, [&["outcomes"], &figures[..], &["state.accounts"]].concat());
    }
}
