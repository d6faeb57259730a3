//! `seriatim prove`: the small-scope proof, with its certificate.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use indicatif::{ProgressBar, ProgressStyle};

use crate::campaign::Control;
use crate::prove::{Certificate, Engine, ProveConfig, Refutation, Witness, prove};
use crate::report::write_whole;

use super::CliError;
use super::args::{PREEMPTIONS, ProveArgs, SearchChoice};
use super::campaign::stop_on_interrupt;

pub(super) fn run(args: &ProveArgs) -> Result<ExitCode, CliError> {
    let config = ProveConfig {
        transactions: args.transactions.into(),
        shard: args.shard,
        bound: args.bound as usize,
        engine: engine(args)?,
    };
    let control = Arc::new(Control::default());
    stop_on_interrupt(&control);
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:24} {percent:>3} %  {pos} of {len} sets, {eta} left")
            .expect("the template is constant and right"),
    );
    let proved = prove(&config, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
        if control.stop.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    match proved {
        Ok(certificate) => {
            print_certificate(&certificate);
            if let Some(path) = &args.json {
                let json = serde_json::to_string_pretty(&certificate).expect("plain data with text keys");
                write_whole(path, &json).map_err(|source| CliError::Write { path: path.clone(), source })?;
            }
            Ok(if certificate.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(3) })
        }
        Err(refutation) => {
            print_refutation(&refutation);
            Ok(ExitCode::from(1))
        }
    }
}

fn engine(args: &ProveArgs) -> Result<Engine, CliError> {
    match (args.engine, args.preemptions) {
        (SearchChoice::Dpor, None) => Ok(Engine::Dpor),
        (SearchChoice::Dpor, Some(_)) => Err(CliError::Unfit { option: "--preemptions", engine: "dpor" }),
        (SearchChoice::Loom, preemptions) => Ok(Engine::Loom { preemptions: preemptions.unwrap_or(PREEMPTIONS) }),
    }
}

fn print_certificate(certificate: &Certificate) {
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
    println!(
        "sets of {transactions} transactions over at most 3 accounts and 2 assets, up to renaming, part {} of {parts}",
        part + 1
    );
    let proved = match engine {
        Engine::Dpor => {
            println!(
                "  {sets} sets from {genesis_states} genesis states; in {sets_with_choice} of them tasks can meet"
            );
            println!(
                "  {interleavings} interleavings, at most {most_interleavings} of one set; {redundant} redundant executions"
            );
            println!(
                "  source-set DPOR under sequential consistency, no preemption bound; each key in a shard of its own"
            );
            "every interleaving of every set gives the reference's answer; nothing was cut"
        }
        Engine::Loom { preemptions } => {
            println!("  {sets} sets from {genesis_states} genesis states");
            println!("  {interleavings} executions, at most {most_interleavings} of one set");
            println!(
                "  loom: C11 without load buffering, the last seven stores of each atomic; each key in a shard of its own"
            );
            println!(
                "  preemption bound {preemptions}: every execution with fewer; of those with as many, one order after the last"
            );
            "within these bounds every execution of every set gives the reference's answer; no set was cut"
        }
    };
    if certificate.is_complete() {
        println!("PROVED: {proved}");
    } else {
        println!("INCONCLUSIVE: {cut} sets were cut (bound {bound} executions a set, or stopped); the rest agrees");
    }
}

fn print_refutation(refutation: &Refutation) {
    let Refutation { sets, interleavings, letters, scenario: _, witness, violation } = refutation;
    println!("VIOLATION {violation}");
    println!("  set      {letters:?}");
    match witness {
        Witness::Schedule(schedule) => println!("  schedule {}", schedule.choices),
        Witness::LoomExecution(number) => println!("  loom     execution {number} of this set"),
    }
    println!("  before   {sets} sets agreed; {interleavings} executions in all");
}
