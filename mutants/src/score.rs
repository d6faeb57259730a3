//! The table: what was found where, and what that says of lanes against each other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::results::Results;
use crate::{Lane, Mutant, Outcome, Smallest};

/// Every mutant that has outcomes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Score {
    /// Digest of the sources as they are.
    pub sources: String,
    /// Budget of each search.
    pub executions: u64,
    pub seconds: u64,
    pub mutants: Vec<Row>,
    /// Mutants that no search was run on.
    pub not_run: Vec<String>,
}

/// One mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    pub name: String,
    pub historical: bool,
    pub class: String,
    pub depth: String,
    /// Digest of the sources that were searched.
    pub sources: String,
    pub lanes: BTreeMap<Lane, Cell>,
}

/// One lane on one mutant, over all seeds that were run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    pub seeds: usize,
    pub found: usize,
    /// Executions to the violation; a seed that did not find it counts as more than any. None: that is the median.
    pub median: Option<u64>,
    pub p90: Option<u64>,
    /// Median of all seeds.
    pub seconds: f64,
    /// Figures of the seeds that found it.
    pub oracles: Vec<String>,
    /// Whether all those are among the announced.
    pub as_announced: bool,
    pub smallest: Option<Smallest>,
}

impl Score {
    /// Reads what was run.
    pub fn of(mutants: &[Mutant], results: &Results, sources: &str, executions: u64, seconds: u64) -> Self {
        let rows: Vec<Row> = mutants.iter().map(|mutant| Row::of(mutant, results, sources)).collect();
        let (run, not_run): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| !row.lanes.is_empty());
        let not_run = not_run.into_iter().map(|row| row.id).collect();
        Self { sources: sources.to_owned(), executions, seconds, mutants: run, not_run }
    }

    /// Takes rows of an earlier score for what was not run since. They say which sources they are of.
    pub fn or_earlier(mut self, earlier: Self) -> Self {
        let (taken, _): (Vec<Row>, Vec<Row>) =
            earlier.mutants.into_iter().partition(|row| self.not_run.contains(&row.id));
        self.not_run.retain(|id| !taken.iter().any(|row| row.id == *id));
        self.mutants.extend(taken);
        self.mutants.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }

    /// The score as JSON, with an end of line.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a score is plain data") + "\n"
    }

    /// The score as a page.
    pub fn to_markdown(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).expect("writing to a string");
        page
    }

    fn write(&self, page: &mut String) -> std::fmt::Result {
        let Self { sources, executions, seconds, mutants, not_run } = self;
        writeln!(page, "# Score\n")?;
        writeln!(
            page,
            "Made by `cargo run --release -p mutants` (see README.md here); do not edit. Sources `{sources}`; a search ends after {executions} executions or {seconds} s."
        )?;
        writeln!(
            page,
            "What one execution is, is said in the README. `dpor` and `loom` know no seed and run through all their sets.\n"
        )?;
        for (title, historical) in [("The executor's own history", true), ("Other executors", false)] {
            let rows: Vec<&Row> = mutants.iter().filter(|row| row.historical == historical).collect();
            if rows.is_empty() {
                continue;
            }
            writeln!(page, "## {title}\n")?;
            summary(page, &rows)?;
            writeln!(page)?;
            table(page, &rows, sources)?;
            writeln!(page)?;
        }
        against_baselines(page, &mutants.iter().collect::<Vec<_>>())?;
        if !not_run.is_empty() {
            writeln!(page, "Not run: {}.", not_run.join(", "))?;
        }
        Ok(())
    }
}

impl Row {
    fn of(mutant: &Mutant, results: &Results, sources: &str) -> Self {
        let lanes = Lane::OWN.into_iter().chain(Lane::BASELINES).filter_map(|lane| {
            let outcomes: Vec<Outcome> = (1..).map_while(|seed| results.get(mutant, lane, seed)).collect();
            (!outcomes.is_empty()).then(|| (lane, Cell::of(mutant, lane, &outcomes)))
        });
        Self {
            id: mutant.id.clone(),
            name: mutant.name.clone(),
            historical: mutant.is_historical(),
            class: mutant.class.name().to_owned(),
            depth: mutant.depth.name().to_owned(),
            sources: sources.to_owned(),
            lanes: lanes.collect(),
        }
    }

    fn own(&self) -> impl Iterator<Item = &Cell> {
        Lane::OWN.iter().filter_map(|lane| self.lanes.get(lane))
    }

    /// Whether some lane of the harness found it, as what it is.
    pub fn is_found(&self) -> bool {
        self.own().any(|cell| cell.found > 0 && cell.as_announced)
    }

    /// Whether some lane of the harness reports it as something else than was announced.
    pub fn is_another_kind(&self) -> bool {
        self.own().any(|cell| !cell.as_announced)
    }

    /// Executions of the lane of the harness that needs the fewest. 0 for the models, which count none.
    fn fewest(&self) -> Option<u64> {
        self.own().filter_map(|cell| cell.median).min()
    }
}

impl Cell {
    fn of(mutant: &Mutant, lane: Lane, outcomes: &[Outcome]) -> Self {
        let mut executions: Vec<Option<u64>> =
            outcomes.iter().map(|outcome| outcome.found.as_ref().map(|_| outcome.executions)).collect();
        executions.sort_by_key(|executions| executions.unwrap_or(u64::MAX));
        let mut seconds: Vec<f64> = outcomes.iter().map(|outcome| outcome.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let found: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.found.as_ref()).collect();
        let mut oracles: Vec<String> = found.iter().map(|found| found.oracle.clone()).collect();
        oracles.sort();
        oracles.dedup();
        let announced = |name: &String| mutant.oracles.iter().any(|oracle| oracle.name() == name);
        Self {
            seeds: outcomes.len(),
            found: found.len(),
            median: executions[(executions.len() - 1) / 2],
            p90: executions[(9 * executions.len()).div_ceil(10) - 1],
            seconds: seconds[(seconds.len() - 1) / 2],
            as_announced: lane == Lane::Models || oracles.iter().all(announced),
            oracles,
            smallest: found.iter().find_map(|found| found.smallest),
        }
    }

    /// `12 / 40`: median and 90 % of the seeds.
    fn executions(&self) -> String {
        let number = |executions: Option<u64>| executions.map_or("-".to_owned(), |executions| executions.to_string());
        let text = match (self.found, self.p90) {
            (0, _) => return "-".to_owned(),
            // The models: found, nothing counted.
            (_, Some(0)) => "yes".to_owned(),
            _ if self.seeds == 1 || self.median == self.p90 => number(self.median),
            _ => format!("{} / {}", number(self.median), number(self.p90)),
        };
        let some = if self.found < self.seeds { format!(" ({} of {})", self.found, self.seeds) } else { String::new() };
        let other = if self.as_announced { "" } else { " !" };
        format!("{text}{some}{other}")
    }
}

fn summary(page: &mut String, rows: &[&Row]) -> std::fmt::Result {
    let found: Vec<&&Row> = rows.iter().filter(|row| row.is_found()).collect();
    let percent = 100.0 * found.len() as f64 / rows.len() as f64;
    write!(page, "**{} of {} found ({percent:.1} %)** by the harness's own lanes", found.len(), rows.len())?;
    if let Some(median) = median(found.iter().filter_map(|row| row.fewest())) {
        write!(page, "; executions of the lane that needs the fewest: median **{median}**")?;
    }
    let most = found.iter().filter_map(|row| Some((row.fewest()?, &row.id))).max();
    if let Some((executions, id)) = most {
        write!(page, ", most {executions} ({id})")?;
    }
    writeln!(page, ".")?;
    let names = |rows: Vec<&&Row>| rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(", ");
    let missed: Vec<&&Row> = rows.iter().filter(|row| !row.is_found()).collect();
    if !missed.is_empty() {
        writeln!(page, "\nMissed: {}.", names(missed))?;
    }
    let other: Vec<&&Row> = rows.iter().filter(|row| row.is_another_kind()).collect();
    if !other.is_empty() {
        writeln!(page, "\nReported as another kind than announced, marked `!`: {}.", names(other))?;
    }
    writeln!(
        page,
        "\n| lane | run on | found with every seed | with some | median executions where found | median seconds |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|")?;
    for lane in Lane::OWN.into_iter().chain(Lane::BASELINES) {
        let cells: Vec<&Cell> = rows.iter().filter_map(|row| row.lanes.get(&lane)).collect();
        if cells.is_empty() {
            continue;
        }
        let every = cells.iter().filter(|cell| cell.found == cell.seeds).count();
        let some = cells.iter().filter(|cell| cell.found > 0 && cell.found < cell.seeds).count();
        let executions = median(cells.iter().filter_map(|cell| cell.median)).unwrap_or(0);
        let mut seconds: Vec<f64> = cells.iter().map(|cell| cell.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let baseline = if Lane::BASELINES.contains(&lane) { " (baseline)" } else { "" };
        let executions = if executions == 0 { "-".to_owned() } else { executions.to_string() };
        let seconds = seconds[(seconds.len() - 1) / 2];
        writeln!(page, "| {lane}{baseline} | {} | {every} | {some} | {executions} | {seconds:.2} |", cells.len())?;
    }
    Ok(())
}

fn table(page: &mut String, rows: &[&Row], sources: &str) -> std::fmt::Result {
    let lanes: Vec<Lane> = Lane::OWN
        .into_iter()
        .chain(Lane::BASELINES)
        .filter(|lane| rows.iter().any(|row| row.lanes.contains_key(lane)))
        .collect();
    let names: Vec<&str> = lanes.iter().map(|lane| lane.name()).collect();
    writeln!(
        page,
        "Executions to the violation: median / 90 % of the seeds; `-`: not found; blank: not run. Smallest: transactions, and preemptions where a schedule is needed.\n"
    )?;
    writeln!(page, "| mutant | class | depth | {} | smallest | oracles |", names.join(" | "))?;
    writeln!(page, "|---|---|---|{}---|---|", "---|".repeat(lanes.len()))?;
    for row in rows {
        let Row { id, name, class, depth, .. } = row;
        let earlier = if row.sources == sources { String::new() } else { format!(" (`{}`)", row.sources) };
        let cells = lanes.iter().map(|lane| row.lanes.get(lane).map(Cell::executions).unwrap_or_default());
        let cells = cells.collect::<Vec<_>>().join(" | ");
        let smallest = row.own().filter_map(|cell| cell.smallest).min_by_key(|smallest| smallest.transactions);
        let smallest = smallest.map_or("-".to_owned(), |Smallest { transactions, preemptions }| match preemptions {
            Some(preemptions) => format!("{transactions} tx, {preemptions}"),
            None => format!("{transactions} tx"),
        });
        let mut oracles: Vec<&str> = row.own().flat_map(|cell| cell.oracles.iter().map(String::as_str)).collect();
        oracles.sort_unstable();
        oracles.dedup();
        writeln!(page, "| {id} {name}{earlier} | {class} | {depth} | {cells} | {smallest} | {} |", oracles.join(", "))?;
    }
    Ok(())
}

/// The claim: how much more is found, and how much sooner.
fn against_baselines(page: &mut String, rows: &[&Row]) -> std::fmt::Result {
    let run: Vec<Lane> =
        Lane::BASELINES.into_iter().filter(|lane| rows.iter().any(|row| row.lanes.contains_key(lane))).collect();
    if run.is_empty() {
        return Ok(());
    }
    writeln!(page, "## Against plain baselines\n")?;
    writeln!(
        page,
        "Over all mutants that the baseline was run on. Times fewer: of the mutants that both find, the median of the baseline's executions over those of the lane named.\n"
    )?;
    writeln!(
        page,
        "| baseline | run on | it finds (median seed) | own lanes find | times fewer: differential | shuttle |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|")?;
    for lane in run {
        let both: Vec<(&Row, &Cell)> = rows.iter().filter_map(|row| Some((*row, row.lanes.get(&lane)?))).collect();
        let finds = both.iter().filter(|(_, cell)| cell.median.is_some()).count();
        let own = both.iter().filter(|(row, _)| row.is_found()).count();
        let times = |own: Lane| {
            let ratios: Vec<f64> = both
                .iter()
                .filter_map(|(row, cell)| {
                    let ours = row.lanes.get(&own)?.median?.max(1);
                    Some(cell.median? as f64 / ours as f64)
                })
                .collect();
            ratio(ratios)
        };
        let (differential, shuttle) = (times(Lane::Differential), times(Lane::Shuttle));
        writeln!(page, "| {lane} | {} | {finds} | {own} | {differential} | {shuttle} |", both.len())?;
    }
    writeln!(page)
}

fn ratio(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    match ratios.len() {
        0 => "-".to_owned(),
        count => format!("{:.1} (of {count})", ratios[(count - 1) / 2]),
    }
}

fn median(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Found;

    fn outcome(executions: u64, oracle: Option<&str>) -> Outcome {
        let found = oracle.map(|oracle| Found { oracle: oracle.to_owned(), violation: String::new(), smallest: None });
        Outcome { executions, seconds: 1.0, found }
    }

    fn mutant() -> Mutant {
        let text = "Id: P00\nName: n\nLived: a\nSource: catalogue, documented\nClass: crash\nDepth: deep\nBlock: b\nSees: s\n\
                    Oracles: state\nLanes: shuttle\n\ndiff --git a/x b/x\n";
        Mutant::parse(std::path::Path::new("P00-n.patch"), text.to_owned()).expect("whole")
    }

    #[test]
    fn a_seed_that_does_not_find_it_counts_as_more_than_any() {
        let of = |outcomes: &[Outcome]| Cell::of(&mutant(), Lane::Shuttle, outcomes);
        let cell = of(&[outcome(100_000, None), outcome(7, Some("state")), outcome(3, Some("state"))]);
        assert_eq!((cell.median, cell.p90, cell.found), (Some(7), None, 2));
        assert_eq!(cell.executions(), "7 / - (2 of 3)");
        let cell = of(&[outcome(100_000, None), outcome(9, None), outcome(3, Some("state"))]);
        assert_eq!(cell.median, None);
    }

    #[test]
    fn another_oracle_than_announced_is_marked() {
        let cell = Cell::of(&mutant(), Lane::Shuttle, &[outcome(7, Some("panic"))]);
        assert!(!cell.as_announced);
        assert_eq!(cell.executions(), "7 !");
        assert!(Cell::of(&mutant(), Lane::Shuttle, &[outcome(7, Some("state"))]).as_announced);
        assert_eq!(Cell::of(&mutant(), Lane::Models, &[outcome(0, Some("model"))]).executions(), "yes");
    }
}
