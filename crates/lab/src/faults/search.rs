//! A search for the point at which a fault shows a violation: in another scenario points have other numbers, so the same kind of
//! fault is injected at every point anew.

use super::injector::Injector;
use super::{FaultFound, FaultSubject, doings};
use crate::compare::Signature;
use crate::drive::{FaultPoint, FaultScenario, TokioRuntimes};
use crate::workload::Scenario;

/// Injects at every point of every block the fault of `like`, on its path and in its doing, up to the first violation of a signature that
/// `wanted` covers. Returns how many runs it took, too.
pub fn search_fault(
    runtimes: &TokioRuntimes,
    scenario: &Scenario,
    subject: &FaultSubject,
    like: FaultPoint,
    wanted: &Signature,
) -> (Option<Box<FaultFound>>, u64) {
    let scene = FaultScenario::of(scenario);
    let mut runs = 0;
    let covered = |found: &FaultFound| wanted.covers(&found.violation.signature());
    for place in scene.places.iter().filter(|place| doings(place).any(|doing| doing == like.doing)) {
        let injector = Injector { runtimes, scene: &scene, place, subject };
        let point = injector.point(like.doing, like.path);
        runs += 1;
        let calm = match injector.calm(point) {
            Ok(calm) => calm,
            Err(found) if covered(&found) => return (Some(found), runs),
            Err(_) => continue,
        };
        let Some((_, fault)) = like.injected else { continue };
        for (at, _) in calm.passed.sites.iter().enumerate().filter(|(_, site)| fault.fits(**site)) {
            runs += 1;
            let point = FaultPoint { injected: Some((at, fault)), schedule_seed: like.schedule_seed, ..point };
            let shown = match point.schedule_seed {
                None => injector.inject(point, &calm).map(drop),
                Some(_) => injector.inject_interleaved(point, &calm).map(drop),
            };
            match shown {
                Err(found) if covered(&found) => return (Some(found), runs),
                _ => {}
            }
        }
    }
    (None, runs)
}
