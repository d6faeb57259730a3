//! `seriatim prove`: the small-scope proof, with its certificate.

use std::process::ExitCode;

use serde::Serialize;

use seriatim_campaign::Conclusion;
use seriatim_campaign::prove::{Certificate, Engine, ProveConfig, Refutation, Witness, prove};
use seriatim_explore::Schedule;
use seriatim_lab::BuiltinSubject;
use seriatim_lab::workload::Scenario;

use super::CliError;
use super::args::{PREEMPTIONS, ProveArgs, SearchChoice};
use super::output::{Findings, Output, Shown, judge, say};
use super::progress::Progress;

/// The version of the JSON form; the first had no head.
const VERSION: u32 = 2;

/// Most transactions of a set under loom, which has as many threads for tasks.
const LOOM_TRANSACTIONS: u8 = 3;

#[derive(Serialize)]
struct Found<'a> {
    engine: Engine,
    subject: String,
    transactions: usize,
    /// The name on the command line.
    shard: String,
    bound: usize,
    certificate: Option<&'a Certificate>,
    refutation: Option<Refuted<'a>>,
    violation: Option<Shown>,
}

#[derive(Serialize)]
struct Refuted<'a> {
    sets: u64,
    interleavings: u64,
    set: Vec<String>,
    schedule: Option<&'a Schedule>,
    loom_execution: Option<usize>,
    scenario: &'a Scenario,
}

pub(super) fn run(args: &ProveArgs) -> Result<ExitCode, CliError> {
    match args.subject {
        BuiltinSubject::SequentialAhead | BuiltinSubject::Parallel | BuiltinSubject::BlockStm => {}
        BuiltinSubject::Canary(_) => return Err(CliError::OnlyInterleaved(args.subject)),
        BuiltinSubject::FaultCanary(_) => return Err(CliError::OnlyUnderFaults(args.subject)),
        // Sets of one block each have nothing to mix.
        BuiltinSubject::Mixed => return Err(CliError::NotProved(args.subject)),
    }
    let output = Output::new("prove", args.json.json.as_ref(), args.junit.junit.as_ref(), &[])?;
    let config = ProveConfig {
        transactions: args.transactions.into(),
        shard: args.shard,
        bound: args.bound as usize,
        engine: engine(args)?,
        paths: args.subject.paths(),
    };
    let progress = Progress::of(0, "sets");
    let proved = prove(&config, |done, total| {
        progress.most(total);
        progress.at(done)
    });
    drop(progress);
    let (part, parts) = config.shard;
    let mut found = Found {
        engine: config.engine,
        subject: args.subject.to_string(),
        transactions: config.transactions,
        shard: format!("{}/{parts}", part + 1),
        bound: config.bound,
        certificate: None,
        refutation: None,
        violation: None,
    };
    let mut reason = None;
    let conclusion = match &proved {
        Ok(certificate) => {
            say!(output, "subject {}", args.subject);
            print_certificate(&output, certificate);
            found.certificate = Some(certificate);
            if certificate.is_complete() {
                Conclusion::Agree
            } else {
                reason = Some(format!("{} sets were cut", certificate.cut));
                Conclusion::Inconclusive
            }
        }
        Err(refutation) => {
            print_refutation(&output, refutation);
            found.violation = Some(Shown::new(&refutation.violation));
            found.refutation = Some(refuted(refutation));
            Conclusion::Violation
        }
    };
    let name = format!("every set of {} transactions, part {} of {parts}", config.transactions, part + 1);
    let findings = Findings::judged(VERSION, conclusion, &found).because(reason);
    output.end(&findings.case(name, found.violation.as_ref()))
}

fn refuted(refutation: &Refutation) -> Refuted<'_> {
    let Refutation { sets, interleavings, letters, scenario, witness, violation: _ } = refutation;
    let (schedule, loom_execution) = match witness {
        Witness::Schedule(schedule) => (Some(schedule), None),
        Witness::LoomExecution(number) => (None, Some(*number)),
    };
    let set = letters.iter().map(|letter| format!("{letter:?}")).collect();
    Refuted { sets: *sets, interleavings: *interleavings, set, schedule, loom_execution, scenario }
}

fn engine(args: &ProveArgs) -> Result<Engine, CliError> {
    match (args.engine, args.preemptions) {
        (SearchChoice::Dpor, None) => Ok(Engine::Dpor),
        (SearchChoice::Dpor, Some(_)) => Err(CliError::Unfit { option: "--preemptions", engine: "dpor".to_owned() }),
        (SearchChoice::Loom, _) if args.transactions > LOOM_TRANSACTIONS => {
            Err(CliError::Unfit { option: "--transactions 4", engine: "loom".to_owned() })
        }
        (SearchChoice::Loom, preemptions) => Ok(Engine::Loom { preemptions: preemptions.unwrap_or(PREEMPTIONS) }),
    }
}

fn print_certificate(output: &Output, certificate: &Certificate) {
    let Certificate {
        engine,
        transactions,
        shard: (part, parts),
        genesis_states,
        sets,
        sets_with_choice,
        interleavings,
        most_interleavings,
        redundant,
        cut,
        bound,
    } = certificate;
    say!(
        output,
        "sets of {transactions} transactions over at most 3 accounts and 2 assets, up to renaming, part {} of {parts}",
        part + 1
    );
    let proved = match engine {
        Engine::Dpor => {
            say!(
                output,
                "  {sets} sets from {genesis_states} genesis states; in {sets_with_choice} of them tasks can meet"
            );
            say!(
                output,
                "  {interleavings} interleavings, at most {most_interleavings} of one set; {redundant} redundant executions"
            );
            say!(
                output,
                "  source-set DPOR under sequential consistency, no preemption bound; each key in a shard of its own"
            );
            "every interleaving of every set gives the reference's answer; nothing was cut"
        }
        Engine::Loom { preemptions } => {
            say!(output, "  {sets} sets from {genesis_states} genesis states");
            say!(output, "  {interleavings} executions, at most {most_interleavings} of one set");
            say!(
                output,
                "  loom: C11 without load buffering, the last seven stores of each atomic; each key in a shard of its own"
            );
            say!(
                output,
                "  preemption bound {preemptions}: every execution with fewer; of those with as many, one order after the last"
            );
            "within these bounds every execution of every set gives the reference's answer; no set was cut"
        }
    };
    if certificate.is_complete() {
        say!(output, "PROVED: {proved}");
    } else {
        judge!(
            output,
            Inconclusive,
            "{cut} sets were cut (bound {bound} executions a set, or stopped); the rest agrees"
        );
    }
}

fn print_refutation(output: &Output, refutation: &Refutation) {
    let Refutation { sets, interleavings, letters, scenario: _, witness, violation } = refutation;
    judge!(output, Violation, "{violation}");
    say!(output, "  set      {letters:?}");
    match witness {
        Witness::Schedule(schedule) => say!(output, "  schedule {}", schedule.choices),
        Witness::LoomExecution(number) => say!(output, "  loom     execution {number} of this set"),
    }
    say!(output, "  before   {sets} sets agreed; {interleavings} executions in all");
}
