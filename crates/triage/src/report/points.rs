//! The points that a chain passes while it does something with one block, and the one at which a fault strikes: what a report
//! shows of a violation under a fault, whose tasks nobody followed.

use seriatim_explore::model::Place;
use seriatim_lab::drive::{Doing, FaultPoint};
use seriatim_runtime::{Fault, Site};
use seriatim_tos::chain::ExecutionPath;

use crate::explain::sentence;

/// The run of a fault's block that no fault strikes, and where the fault would.
#[derive(Clone, Debug)]
pub struct FaultPoints {
    pub point: FaultPoint,
    /// Points by number, and the line at which each is.
    pub sites: Vec<Site>,
    pub places: Vec<Place>,
}

/// One line: equal neighbours are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PointRow {
    Passed {
        first: usize,
        last: usize,
        site: Site,
        place: Place,
    },
    Struck {
        at: usize,
        site: Site,
        place: Place,
        fault: Fault,
    },
    /// So many points are left out.
    Folded(usize),
}

/// Lines before the struck one, and after it.
const AROUND: (usize, usize) = (8, 6);

impl FaultPoints {
    /// What the lines are.
    pub(super) fn introduction(&self) -> String {
        let FaultPoint { block, doing, path, schedule_seed, .. } = self.point;
        let doing = match doing {
            Doing::Apply => "applies",
            Doing::Rewind => "rewinds",
        };
        let path = match path {
            ExecutionPath::Sequential => "sequentially",
            ExecutionPath::SequentialAhead => "sequentially, with signatures ahead",
            ExecutionPath::Parallel => "in parallel",
            ExecutionPath::BlockStm => "by Block-STM",
        };
        let schedule = schedule_seed.map_or_else(String::new, |seed| format!(", under the schedule of seed {seed}"));
        let points = self.sites.len();
        format!(
            "The {points} points that the chain passes while it {doing} block {block} {path}{schedule}, if nothing strikes:"
        )
    }

    fn place(&self, number: usize) -> Place {
        self.places.get(number).copied().unwrap_or_default()
    }

    /// What happens where the fault strikes, with the line of the source. None: none strikes.
    pub(super) fn why(&self) -> Option<String> {
        let (at, fault) = self.point.injected?;
        let (site, at) = (self.sites.get(at)?, self.place(at));
        let line = at.line().map_or_else(String::new, |(file, line)| {
            let source = at.source().map_or_else(String::new, |source| format!(": `{source}`"));
            format!(", at {file}:{line}{source}")
        });
        let strike = sentence(format!("{} strikes here: {}{line}", strike(fault), place(*site)));
        Some(format!("{strike} Without it every oracle agrees."))
    }

    /// The lines near the struck point; without one those at the beginning.
    pub(super) fn rows(&self) -> Vec<PointRow> {
        let strike = self.point.injected;
        let mut rows: Vec<PointRow> = Vec::new();
        for (number, &site) in self.sites.iter().enumerate() {
            let place = self.place(number);
            match (strike, rows.last_mut()) {
                (Some((at, fault)), _) if at == number => rows.push(PointRow::Struck { at, site, place, fault }),
                (_, Some(PointRow::Passed { last, site: before, place: there, .. }))
                    if (*before, *there) == (site, place) =>
                {
                    *last = number;
                }
                _ => rows.push(PointRow::Passed { first: number, last: number, site, place }),
            }
        }
        let struck = rows.iter().position(|row| matches!(row, PointRow::Struck { .. })).unwrap_or(0);
        let (from, to) = (struck.saturating_sub(AROUND.0), rows.len().min(struck + 1 + AROUND.1));
        let points = |rows: &[PointRow]| rows.iter().map(|row| row.points()).sum::<usize>();
        let folded = |rows: &[PointRow]| Some(points(rows)).filter(|points| *points > 0).map(PointRow::Folded);
        let shown = rows[from..to].iter().copied();
        folded(&rows[..from]).into_iter().chain(shown).chain(folded(&rows[to..])).collect()
    }
}

impl PointRow {
    fn points(self) -> usize {
        match self {
            Self::Passed { first, last, .. } => last - first + 1,
            Self::Struck { .. } => 1,
            Self::Folded(points) => points,
        }
    }

    /// Its numbers.
    pub(super) fn numbers(self) -> String {
        match self {
            Self::Passed { first, last, .. } if first < last => format!("{first}-{last}"),
            Self::Passed { first: at, .. } | Self::Struck { at, .. } => at.to_string(),
            Self::Folded(_) => String::new(),
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Passed { first, last, site, place: at } if first < last => {
                format!("{}, {} times{}", place(site), last - first + 1, in_brackets(at))
            }
            Self::Passed { site, place: at, .. } => format!("{}{}", place(site), in_brackets(at)),
            Self::Struck { site, place: at, fault, .. } => {
                format!("{}{}: {} strikes", place(site), in_brackets(at), strike(fault))
            }
            Self::Folded(1) => "... 1 more point".to_owned(),
            Self::Folded(points) => format!("... {points} more points"),
        }
    }
}

/// ` (schedule.rs:163)`; nothing where nobody knows the line.
fn in_brackets(place: Place) -> String {
    place.short().map(|place| format!(" ({place})")).unwrap_or_default()
}

fn strike(fault: Fault) -> &'static str {
    match fault {
        Fault::Error => "an error",
        Fault::Delay => "a delay",
        Fault::Panic => "a panic",
        Fault::Cancel => "a cancellation",
    }
}

fn place(site: Site) -> &'static str {
    match site {
        Site::Start => "a task is about to begin",
        Site::Resume => "a task is about to go on",
        Site::Read => "before a read of the storage",
        Site::Write => "before the storage is written",
        Site::Written => "after the storage was written",
        Site::Acquire => "before a permit is asked for",
        Site::Acquired => "with the permit",
        Site::Join => "before a task is joined",
        Site::Joined => "with the task's result",
        Site::Lock => "before a lock is asked for",
        Site::Locked => "with the lock",
        Site::Yield => "before others may run",
        Site::Yielded => "after others ran",
    }
}
