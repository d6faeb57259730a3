//! A case that shows a violation under a fault, made smaller: in a smaller scenario points have other numbers, so every point is
//! struck anew by the same kind of fault.

use super::{FaultFound, FaultSubject, calm, doings, one, one_interleaved};
use crate::compare::Signature;
use crate::drive::{Engine, FaultPoint, FaultScene};
use crate::explore::{InterleavingEvidence, Schedule};
use crate::minimise::{Case, Effort, Probe, Probed};
use crate::workload::Scenario;

/// Strikes every point of every block with the fault, path and doing of `like`, up to the first violation of a signature that
/// `wanted` covers. Returns how many runs it took, too.
pub fn search_fault(
    engine: &Engine,
    scenario: &Scenario,
    subject: &FaultSubject,
    like: FaultPoint,
    wanted: &Signature,
) -> (Option<Box<FaultFound>>, u64) {
    let scene = FaultScene::of(scenario);
    let mut runs = 0;
    let covered = |found: &FaultFound| wanted.covers(&found.violation.signature());
    for place in scene.places.iter().filter(|place| doings(place).any(|doing| doing == like.doing)) {
        let point = FaultPoint { block: place.block, strike: None, schedule_seed: None, ..like };
        runs += 1;
        let calm = match calm(engine, &scene, place, subject, point) {
            Ok(calm) => calm,
            Err(found) if covered(&found) => return (Some(found), runs),
            Err(_) => continue,
        };
        let Some((_, fault)) = like.strike else { continue };
        for (at, _) in calm.passed.sites.iter().enumerate().filter(|(_, site)| fault.fits(**site)) {
            runs += 1;
            let struck = FaultPoint { strike: Some((at, fault)), schedule_seed: like.schedule_seed, ..point };
            let shown = match struck.schedule_seed {
                None => one(engine, &scene, place, subject, struck, &calm).map(drop),
                Some(_) => one_interleaved(&scene, place, struck, &calm).map(drop),
            };
            match shown {
                Err(found) if covered(&found) => return (Some(found), runs),
                _ => {}
            }
        }
    }
    (None, runs)
}

/// Probes cases by [`search_fault`].
pub(in crate::campaign) struct UnderFaults<'a> {
    pub engine: &'a Engine,
    pub subject: FaultSubject,
    pub like: FaultPoint,
}

impl Probe for UnderFaults<'_> {
    fn probe(&mut self, case: &Case, wanted: &Signature, _effort: Effort) -> Probed {
        let (found, executions) = search_fault(self.engine, &case.scenario, &self.subject, self.like, wanted);
        let shown = found.map(|found| (found.violation, None));
        Probed { shown, executions, figures: InterleavingEvidence::default() }
    }

    fn with_steps(&mut self, _scenario: &Scenario, schedule: &Schedule) -> Schedule {
        schedule.clone()
    }
}
