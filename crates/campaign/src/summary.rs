//! The text of a campaign's report: a verdict, a summary of at most 20 lines, the verdict again; and the distributions,
//! which are a text of their own.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use seriatim_lab::compare::Evidence;

use super::{CampaignReport, Conclusion, Statistics};

/// The verdict, the counterexamples, the summary and the verdict again. The alternate form (`{:#}`) has colours.
impl Display for CampaignReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        for counterexample in &self.counterexamples {
            writeln!(f)?;
            counterexample.fmt(f)?;
        }
        writeln!(f)?;
        self.summary(f)?;
        writeln!(f)?;
        self.verdict(f)
    }
}

impl CampaignReport {
    /// One line.
    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let executions = grouped(self.statistics.executions);
        let text = match self.conclusion {
            Conclusion::Agree => format!("no violation in {executions} executions"),
            Conclusion::Inconclusive => {
                format!(
                    "no violation in {executions} executions, but {}",
                    plural(self.missed_floors.len(), "missed floor")
                )
            }
            Conclusion::Violation => {
                format!("{} in {executions} executions", plural(self.counterexamples.len(), "kind of violation"))
            }
        };
        self.conclusion.write_line(f, format_args!("{text}"))
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = &self.statistics;
        let rate = statistics.executions as f64 / self.seconds.max(0.001);
        let lanes = statistics.lanes.iter().map(|(lane, count)| format!("{lane} {}", grouped(*count)));
        let lanes: Vec<_> = lanes.collect();
        row(f, "judged", format_args!("{}", self.judged))?;
        row(f, "campaign", format_args!("{}", self.lanes))?;
        let (seed, jobs) = (self.seed, plural(self.jobs, "job"));
        row(f, "", format_args!("seed {seed}; {:.1} s, {rate:.0} executions a second, {jobs}", self.seconds))?;
        row(f, "executions", format_args!("{} ({})", grouped(statistics.executions), lanes.join(", ")))?;
        row(
            f,
            "blocks",
            format_args!(
                "{} ({} empty), {} rewinds",
                grouped(statistics.blocks),
                grouped(statistics.empty_blocks),
                grouped(statistics.rewinds)
            ),
        )?;
        row(
            f,
            "transactions",
            format_args!(
                "{}, at most {} in a block",
                grouped(statistics.transactions()),
                grouped(statistics.largest_block)
            ),
        )?;
        row(f, "", format_args!("{} conflict with an earlier one of their block", grouped(statistics.conflicts)))?;
        self.runs(f)?;
        if statistics.interleavings.interleavings > 0 {
            self.interleaved(f)?;
        }
        if statistics.faults.calm_runs > 0 {
            self.faults(f)?;
        }
        row(f, "covered", format_args!("{}", covered(statistics)))?;
        for waived in &self.waived {
            row(f, "waived", format_args!("{waived}"))?;
        }
        if self.conclusion != Conclusion::Violation {
            for floor in &self.missed_floors {
                row(f, "floor missed", format_args!("{floor}"))?;
            }
        }
        Ok(())
    }

    fn runs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence { observations, tasks, blocks_with_overlap, .. } = &self.statistics.evidence;
        row(f, "runs", format_args!("{} agreed with the reference", grouped(*observations)))?;
        if self.statistics.faults.points > 0 {
            return Ok(());
        }
        let (tasks, overlaps) = (grouped(*tasks), grouped(*blocks_with_overlap));
        row(f, "", format_args!("{tasks} tasks; several in flight in {overlaps} runs of blocks"))
    }

    fn interleaved(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = &self.statistics.interleavings;
        let (all, distinct) = (grouped(seen.interleavings), grouped(seen.distinct));
        row(f, "interleavings", format_args!("{all} under shuttle, {distinct} of them distinct"))?;
        let (steps, switches) = (grouped(seen.steps), grouped(seen.context_switches));
        row(f, "", format_args!("{steps} steps, {switches} context switches"))?;
        let (preemptions, meetings) = (grouped(seen.preemptions), grouped(seen.meetings));
        row(f, "", format_args!("{preemptions} preemptions, {meetings} pairs of conflicting accesses"))
    }

    fn faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = &self.statistics.faults;
        let (injected, points) = (grouped(faults.injected()), grouped(faults.points));
        row(f, "faults", format_args!("{injected} at {points} points of {} blocks", grouped(faults.blocks)))?;
        row(f, "", format_args!("{} blocks were struck by every fault", grouped(faults.complete_blocks)))?;
        row(f, "", format_args!("{} blocks were applied again", grouped(faults.done_again)))
    }

    /// How outcomes, conflict classes and faults are distributed, as histograms of 80 columns.
    pub fn distributions(&self) -> impl Display + '_ {
        let Statistics { outcomes, aborts, classes, faults, .. } = &self.statistics;
        Histograms(vec![
            ("faults, by kind", &faults.faults),
            ("faults, by place", &faults.sites),
            ("faults, by path", &faults.paths),
            ("ends of runs with faults", &faults.endured),
            ("ends of runs with faults, under shuttle", &faults.interleaved),
            ("outcomes, by the reference", outcomes),
            ("aborted blocks", aborts),
            ("conflict classes of generated transactions", classes),
        ])
    }
}

/// What share of the contract was met.
fn covered(statistics: &Statistics) -> String {
    let failures = statistics.outcomes.keys().filter(|outcome| !matches!(**outcome, "executed" | "skipped")).count();
    let executed = 100.0 * statistics.executed() as f64 / (statistics.transactions() as f64).max(1.0);
    let classes = statistics.classes.len();
    format!("{failures} errors, {classes} conflict classes; {executed:.1} % of transactions executed")
}

/// A line of a table: a label, or blanks where the line above has it.
fn row(f: &mut fmt::Formatter<'_>, label: &str, text: fmt::Arguments<'_>) -> fmt::Result {
    writeln!(f, "  {label:<14}{text}")
}

/// A count with its noun.
fn plural(count: usize, noun: &str) -> String {
    match (count, noun.split_once(' ')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(("kind", rest))) => format!("{count} kinds {rest}"),
        (_, _) => format!("{count} {noun}s"),
    }
}

/// Titles and counts; those without counts are left out.
struct Histograms<'a>(Vec<(&'static str, &'a BTreeMap<&'static str, u64>)>);

impl Display for Histograms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counts) in &self.0 {
            let total: u64 = counts.values().sum();
            let mut rows: Vec<_> = counts.iter().collect();
            rows.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
            let Some(most) = rows.first().map(|row| *row.1) else { continue };
            writeln!(f, "{title}")?;
            for (name, &count) in rows {
                let percent = 100.0 * count as f64 / total as f64;
                let bar = "#".repeat((24 * count).div_ceil(most) as usize);
                writeln!(f, "  {name:<26} {:>12} {percent:>6.2} %  {bar}", grouped(count))?;
            }
        }
        Ok(())
    }
}

/// 1234567 as "1 234 567".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
