//! Faults struck into the blocks of a scenario, on several paths: at every point of small blocks, at some points of large ones.

mod canary;
mod injector;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde::Serialize;

use crate::compare::{Endured, Violation};
use crate::drive::{
    BlockPlace, Doing, FaultPoint, FaultScenario, FaultTrial, TokioRuntimes, under_fault, under_fault_interleaved,
};
use crate::workload::{Plan, Scenario, build, mix};
use seriatim_runtime::{Fault, Passed, Site};
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::ledger::SignatureScheme;
use seriatim_tos::storage::Layer;

use canary::Around;
use injector::Injector;

pub use canary::{FaultCanary, FaultCanaryMissed, check_fault_canaries};
pub use search::search_fault;

/// Whose blocks are struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSubject {
    pub paths: Vec<ExecutionPath>,
    pub canary: Option<FaultCanary>,
}

/// How many faults strike a block on one path. A fault is one kind at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultBudget {
    /// Every fault strikes a block of at most so many transactions.
    pub every_up_to: usize,
    /// So many faults strike a larger block, and so many more its rewind.
    pub drawn: usize,
    /// Those faults are drawn from this seed.
    pub seed: u64,
    /// Each fault strikes a parallel path again under so many random schedules, at the point of the same number.
    pub schedules: u64,
}

/// What a search rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultFigures {
    /// Blocks, each on each path.
    pub blocks: u64,
    /// Those at which every fault struck.
    pub complete_blocks: u64,
    /// Runs without a fault: one for each block applied and each rewound.
    pub calm_runs: u64,
    /// Points that were reached in them.
    pub points: u64,
    /// How many faults of each kind struck.
    pub faults: BTreeMap<&'static str, u64>,
    /// How many faults struck at each site.
    pub sites: BTreeMap<&'static str, u64>,
    /// How many faults struck on each path.
    pub paths: BTreeMap<&'static str, u64>,
    /// How many faults ended in each way.
    pub endured: BTreeMap<&'static str, u64>,
    /// Blocks and rewinds that were done again after a fault.
    pub done_again: u64,
    /// What those faults came to that struck under shuttle; none of them is counted above.
    pub interleaved: BTreeMap<&'static str, u64>,
}

/// A violation, and the fault that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultFound {
    pub violation: Violation,
    pub point: FaultPoint,
}

/// What looking for a violation comes to: figures, or the first violation with the figures up to it.
pub type InjectionResult = Result<FaultFigures, Box<(FaultFound, FaultFigures)>>;

impl FaultSubject {
    /// The project's own paths.
    pub fn every_path() -> Self {
        let paths = vec![ExecutionPath::Sequential, ExecutionPath::Parallel, ExecutionPath::BlockStm];
        Self { paths, canary: None }
    }

    /// One that is wrong, on the parallel path.
    pub fn canary(canary: FaultCanary) -> Self {
        Self { paths: vec![ExecutionPath::Parallel], canary: Some(canary) }
    }

    /// One run, without a fault or with one. `calm` is the one without.
    fn run(
        &self,
        runtimes: &TokioRuntimes,
        scene: &FaultScenario,
        place: &BlockPlace,
        (doing, path): (Doing, ExecutionPath),
        injected: Option<((usize, Fault), &FaultTrial)>,
    ) -> FaultTrial {
        let canary = self.canary;
        let around = |failing, memory| -> Arc<dyn Layer> {
            Arc::new(Around { failing, memory, canary, batch: Mutex::default() })
        };
        let fault = injected.map(|(fault, _)| fault);
        let mut trial = under_fault(runtimes, &scene.parameters, place, (doing, path), fault, &around);
        if let (Some(canary), Some((_, calm))) = (canary, injected) {
            canary.tamper(calm, &mut trial);
        }
        trial
    }
}

impl FaultBudget {
    /// Every fault at every point of every block.
    pub const EVERY: Self = Self { every_up_to: usize::MAX, drawn: 0, seed: 0, schedules: 0 };

    /// The budget that a campaign gives each scenario.
    pub fn bounded(seed: u64) -> Self {
        Self { every_up_to: 2, drawn: 24, seed, schedules: 1 }
    }

    /// Which of the faults that fit the points of a block strike, and whether all of them do.
    fn choose(&self, transactions: usize, sites: &[Site]) -> (Vec<(usize, Fault)>, bool) {
        let fitting = |(at, site): (usize, &Site)| {
            let site = *site;
            Fault::ALL.iter().copied().filter(move |fault| fault.fits(site)).map(move |fault| (at, fault))
        };
        let every: Vec<_> = sites.iter().enumerate().flat_map(fitting).collect();
        if transactions <= self.every_up_to || every.len() <= self.drawn {
            return (every, true);
        }
        let draw = |number: usize| (mix(self.seed, number as u64) % every.len() as u64) as usize;
        let drawn: BTreeSet<usize> = (0..self.drawn).map(draw).collect();
        (drawn.into_iter().map(|index| every[index]).collect(), false)
    }
}

impl FaultFigures {
    /// Adds up two searches.
    pub fn merge(&mut self, other: &Self) {
        let Self { blocks, complete_blocks, calm_runs, points, faults, sites, paths, endured, done_again, interleaved } =
            other;
        self.blocks += blocks;
        self.complete_blocks += complete_blocks;
        self.calm_runs += calm_runs;
        self.points += points;
        self.done_again += done_again;
        for (mine, theirs) in [
            (&mut self.faults, faults),
            (&mut self.sites, sites),
            (&mut self.paths, paths),
            (&mut self.endured, endured),
            (&mut self.interleaved, interleaved),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
    }

    /// All faults that were injected.
    pub fn injected(&self) -> u64 {
        self.faults.values().sum()
    }

    fn count(&mut self, path: ExecutionPath, site: Site, fault: Fault, endured: Endured, trial: &FaultTrial) {
        *self.faults.entry(fault.name()).or_default() += 1;
        *self.sites.entry(site.name()).or_default() += 1;
        *self.paths.entry(path.name()).or_default() += 1;
        *self.endured.entry(endured.name()).or_default() += 1;
        self.done_again += u64::from(trial.again.is_some());
    }
}

/// Injects faults into the blocks of a scenario, each applied and rewound, up to the first violation.
///
/// # Errors
/// The violation.
///
/// # Examples
/// ```
/// use seriatim_lab::drive::TokioRuntimes;
/// use seriatim_lab::workload::{Plan, build};
/// use seriatim_lab::{FaultBudget, FaultSubject, inject};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// let built = build(&Plan::sized(7, 2), SignatureScheme::Tagged);
/// let budget = FaultBudget { every_up_to: 0, drawn: 4, seed: 7, schedules: 0 };
/// let ended = inject(&TokioRuntimes::new()?, &built.scenario, &FaultSubject::every_path(), budget);
/// let figures = ended.map_err(|found| found.0.violation.to_string())?;
/// assert!(figures.injected() > 0, "each block was the reference's, or undone, and the chain went on");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inject(
    runtimes: &TokioRuntimes,
    scenario: &Scenario,
    subject: &FaultSubject,
    budget: FaultBudget,
) -> InjectionResult {
    let scene = FaultScenario::of(scenario);
    let mut figures = FaultFigures::default();
    for place in &scene.places {
        inject_at(runtimes, &scene, place, subject, budget, &mut figures)?;
    }
    Ok(figures)
}

/// The same at one block.
///
/// # Errors
/// The violation.
pub fn inject_at(
    runtimes: &TokioRuntimes,
    scene: &FaultScenario,
    place: &BlockPlace,
    subject: &FaultSubject,
    budget: FaultBudget,
    figures: &mut FaultFigures,
) -> Result<(), Box<(FaultFound, FaultFigures)>> {
    let injector = Injector { runtimes, scene, place, subject };
    let budget = FaultBudget { seed: mix(budget.seed, place.block as u64), ..budget };
    for &path in &subject.paths {
        let mut is_complete = true;
        for doing in doings(place) {
            let injected = injector.inject_all(path, doing, &budget, figures);
            is_complete &= injected.map_err(|found| Box::new((*found, figures.clone())))?;
        }
        figures.blocks += 1;
        figures.complete_blocks += u64::from(is_complete);
    }
    Ok(())
}

/// What can be done with a block: one that is aborted cannot be rewound.
fn doings(place: &BlockPlace) -> impl Iterator<Item = Doing> + use<> {
    let is_applied = place.expected().outcome.is_ok();
    [Doing::Apply, Doing::Rewind].into_iter().filter(move |doing| *doing == Doing::Apply || is_applied)
}

/// What a fault does that is known from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultReplay {
    /// The scenario has no such block, or the chain does not reach such a point any more.
    NotReached,
    Endured(Option<Endured>),
    Violation(Box<Violation>),
}

/// The points that the chain passes where a fault is known to strike, if none does. None: the scenario has no such block, or
/// that run comes to no end.
pub fn fault_points(
    runtimes: &TokioRuntimes,
    scenario: &Scenario,
    subject: &FaultSubject,
    point: FaultPoint,
) -> Option<Passed> {
    let scene = FaultScenario::of(scenario);
    let place = place_of(&scene, point)?;
    let what = (point.doing, point.path);
    let trial = match point.schedule_seed {
        None => subject.run(runtimes, &scene, place, what, None),
        Some(seed) => under_fault_interleaved(&scene.parameters, place, what, None, seed).ok()?,
    };
    Some(trial.passed)
}

/// The block of a point, if what is done there can be done with it.
fn place_of(scene: &FaultScenario, point: FaultPoint) -> Option<&BlockPlace> {
    let place = scene.places.iter().find(|place| place.block == point.block)?;
    doings(place).any(|doing| doing == point.doing).then_some(place)
}

/// Injects the fault of a known point once more.
pub fn replay_fault(
    runtimes: &TokioRuntimes,
    scenario: &Scenario,
    subject: &FaultSubject,
    point: FaultPoint,
) -> FaultReplay {
    let scene = FaultScenario::of(scenario);
    let Some(place) = place_of(&scene, point) else { return FaultReplay::NotReached };
    let injector = Injector { runtimes, scene: &scene, place, subject };
    let violation = |found: Box<FaultFound>| FaultReplay::Violation(Box::new(found.violation));
    let calm = match injector.calm(FaultPoint { injected: None, schedule_seed: None, ..point }) {
        Ok(calm) => calm,
        Err(found) => return violation(found),
    };
    let Some((at, fault)) = point.injected else { return FaultReplay::Endured(None) };
    if point.schedule_seed.is_some() {
        return match injector.inject_interleaved(point, &calm) {
            Ok(None) => FaultReplay::NotReached,
            Ok(endured) => FaultReplay::Endured(endured),
            Err(found) => violation(found),
        };
    }
    if !calm.passed.sites.get(at).is_some_and(|site| fault.fits(*site)) {
        return FaultReplay::NotReached;
    }
    match injector.inject(point, &calm) {
        Ok((endured, _)) => FaultReplay::Endured(Some(endured)),
        Err(found) => violation(found),
    }
}

/// Bytes of one fault, as a fuzzer gives them.
const FAULT_BYTES: usize = 4;
/// Most faults of one input.
const MOST_FAULTS: usize = 16;

/// Injects the faults that bytes say: four for each fault (block; path, kind, and whether at a rewind; point, little-endian), each
/// modulo what there is.
///
/// # Errors
/// The first violation.
pub fn inject_bytes(runtimes: &TokioRuntimes, scenario: &Scenario, bytes: &[u8]) -> InjectionResult {
    let subject = FaultSubject::every_path();
    let scene = FaultScenario::of(scenario);
    let mut figures = FaultFigures::default();
    for chunk in bytes.chunks_exact(FAULT_BYTES).take(MOST_FAULTS) {
        let [block, what, low, high] = [chunk[0], chunk[1], chunk[2], chunk[3]];
        let Some(place) = scene.places.get(usize::from(block) % scene.places.len().max(1)) else { break };
        let path = subject.paths[usize::from(what & 3) % subject.paths.len()];
        let doing = doings(place).nth(usize::from(what >> 7)).unwrap_or(Doing::Apply);
        let injector = Injector { runtimes, scene: &scene, place, subject: &subject };
        let number = usize::from(u16::from_le_bytes([low, high]));
        let injected =
            injector.inject_numbered(path, doing, Fault::ALL[usize::from(what >> 2 & 3)], number, &mut figures);
        injected.map_err(|found| Box::new((*found, figures.clone())))?;
    }
    Ok(figures)
}

/// Most transactions of a small block.
pub const SMALL_BLOCK: usize = 6;
/// Records of the plans that small blocks come from.
pub(crate) const SMALL_PLAN: usize = 8;

/// So many blocks of one to [`SMALL_BLOCK`] transactions, from plans of neighbouring seeds, each with its scenario's scene.
pub fn small_blocks(count: usize) -> impl Iterator<Item = (Arc<FaultScenario>, BlockPlace)> {
    let of_plan = |seed| {
        let scene = FaultScenario::of(&build(&Plan::sized(seed, SMALL_PLAN), SignatureScheme::Tagged).scenario);
        let is_small = |place: &BlockPlace| (1..=SMALL_BLOCK).contains(&place.expected().block.transactions.len());
        let places: Vec<BlockPlace> = scene.places.iter().filter(|place| is_small(place)).cloned().collect();
        let scene = Arc::new(scene);
        places.into_iter().map(move |place| (Arc::clone(&scene), place))
    };
    (0..).flat_map(of_plan).take(count)
}
