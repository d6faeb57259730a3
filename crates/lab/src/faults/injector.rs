//! Runs one block of a scenario with faults and without, and has each run judged.

use super::{FaultBudget, FaultFigures, FaultFound, FaultSubject};
use crate::compare::{Difference, Endured, Interleaved, Oracle, Violation, judge_fault, judge_without_fault, types_at};
use crate::drive::{BlockPlace, Doing, FaultPoint, FaultScenario, FaultTrial, TokioRuntimes, under_fault_interleaved};
use crate::workload::mix;
use seriatim_runtime::{Fault, Site};
use seriatim_tos::chain::ExecutionPath;

/// One block on one subject.
pub(super) struct Injector<'a> {
    pub runtimes: &'a TokioRuntimes,
    pub scene: &'a FaultScenario,
    pub place: &'a BlockPlace,
    pub subject: &'a FaultSubject,
}

impl Injector<'_> {
    /// Injects the faults that `budget` chooses, on one path. Returns whether these were all that fit.
    ///
    /// # Errors
    /// The first violation; the figures count up to it.
    pub(super) fn inject_all(
        &self,
        path: ExecutionPath,
        doing: Doing,
        budget: &FaultBudget,
        figures: &mut FaultFigures,
    ) -> Result<bool, Box<FaultFound>> {
        let calm = self.calm(self.point(doing, path))?;
        figures.calm_runs += 1;
        figures.points += calm.passed.sites.len() as u64;
        let (faults, is_every) = budget.choose(self.place.expected().block.transactions.len(), &calm.passed.sites);
        for (at, fault) in faults {
            let point = FaultPoint { injected: Some((at, fault)), ..self.point(doing, path) };
            let (endured, trial) = self.inject(point, &calm)?;
            figures.count(path, calm.passed.sites[at], fault, endured, &trial);
            // A canary's layer is made for tokio, and one task has one order.
            if self.subject.canary.is_none() && path != ExecutionPath::Sequential {
                self.inject_under_schedules(point, &calm, budget, figures)?;
            }
        }
        Ok(is_every)
    }

    /// Injects the fault of `point` under each of the schedules that `budget` asks for.
    fn inject_under_schedules(
        &self,
        point: FaultPoint,
        calm: &FaultTrial,
        budget: &FaultBudget,
        figures: &mut FaultFigures,
    ) -> Result<(), Box<FaultFound>> {
        let (at, _) = point.injected.expect("a run with a fault");
        for number in 0..budget.schedules {
            let schedule_seed = Some(mix(mix(budget.seed, at as u64), number));
            if let Some(endured) = self.inject_interleaved(FaultPoint { schedule_seed, ..point }, calm)? {
                *figures.interleaved.entry(endured.name()).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Injects `wanted` at the point of this number, modulo how many there are; a panic where `wanted` does not fit.
    ///
    /// # Errors
    /// The violation.
    pub(super) fn inject_numbered(
        &self,
        path: ExecutionPath,
        doing: Doing,
        wanted: Fault,
        number: usize,
        figures: &mut FaultFigures,
    ) -> Result<(), Box<FaultFound>> {
        let point = self.point(doing, path);
        let calm = self.calm(point)?;
        let sites = &calm.passed.sites;
        let at = number % sites.len();
        let fault = if wanted.fits(sites[at]) { wanted } else { Fault::Panic };
        let (endured, trial) = self.inject(FaultPoint { injected: Some((at, fault)), ..point }, &calm)?;
        figures.count(path, sites[at], fault, endured, &trial);
        figures.calm_runs += 1;
        figures.points += sites.len() as u64;
        Ok(())
    }

    /// The point of a run without a fault.
    pub(super) fn point(&self, doing: Doing, path: ExecutionPath) -> FaultPoint {
        FaultPoint { block: self.place.block, doing, path, injected: None, schedule_seed: None }
    }

    /// The run without a fault, judged.
    pub(super) fn calm(&self, point: FaultPoint) -> Result<FaultTrial, Box<FaultFound>> {
        let calm = self.subject.run(self.runtimes, self.scene, self.place, (point.doing, point.path), None);
        match judge_without_fault(self.place, point.doing, &calm) {
            Ok(()) => Ok(calm),
            Err(difference) => Err(self.found(point, None, *difference)),
        }
    }

    /// The run with the fault of `point`, judged.
    pub(super) fn inject(
        &self,
        point: FaultPoint,
        calm: &FaultTrial,
    ) -> Result<(Endured, FaultTrial), Box<FaultFound>> {
        let fault = point.injected.expect("a run with a fault");
        let what = (point.doing, point.path);
        let trial = self.subject.run(self.runtimes, self.scene, self.place, what, Some((fault, calm)));
        match judge_fault(self.place, point.doing, fault, calm, &trial, Interleaved::No) {
            Ok(endured) => Ok((endured, trial)),
            Err(difference) => Err(self.found(point, calm.passed.sites.get(fault.0).copied(), *difference)),
        }
    }

    /// The same under the schedule of `point`. None: the point of that number is not reached there, or the fault does not fit it.
    pub(super) fn inject_interleaved(
        &self,
        point: FaultPoint,
        calm: &FaultTrial,
    ) -> Result<Option<Endured>, Box<FaultFound>> {
        let fault = point.injected.expect("a run with a fault");
        let seed = point.schedule_seed.expect("a run with a schedule");
        let what = (point.doing, point.path);
        let trial = under_fault_interleaved(&self.scene.parameters, self.place, what, Some(fault), seed);
        let stuck = |stuck| Difference::new("execution under shuttle", "to its end", stuck);
        let trial = trial.map_err(|message| self.found(point, None, stuck(message)))?;
        if trial.passed.injected.is_none() {
            let judged = judge_without_fault(self.place, point.doing, &trial);
            return judged.map(|()| None).map_err(|difference| self.found(point, None, *difference));
        }
        match judge_fault(self.place, point.doing, fault, calm, &trial, Interleaved::Yes) {
            Ok(endured) => Ok(Some(endured)),
            Err(difference) => Err(self.found(point, trial.passed.sites.get(fault.0).copied(), *difference)),
        }
    }

    fn found(&self, point: FaultPoint, site: Option<Site>, difference: Difference) -> Box<FaultFound> {
        let FaultPoint { block: _, doing, path, injected, schedule_seed } = point;
        let doing = if doing == Doing::Apply { "" } else { " rewinding" };
        let doing = schedule_seed.map_or(doing.to_owned(), |seed| format!("{doing} under shuttle (seed {seed})"));
        let subject = match (injected, site) {
            (Some((at, fault)), Some(site)) => {
                format!("{}{doing}, {} at point {at} ({})", path.name(), fault.name(), site.name())
            }
            _ => format!("{}{doing}, without a fault", path.name()),
        };
        let transactions = types_at(&difference.place, &self.place.expected().block.transactions);
        let violation = Violation { transactions, ..Violation::new(Oracle::Faults, subject, difference) };
        Box::new(FaultFound { violation, point })
    }
}
