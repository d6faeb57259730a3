//! A search for the point at which a fault shows a violation: in another scenario points have other numbers, so every point is
//! struck anew by the same kind of fault.

use super::{FaultFound, FaultSubject, calm, doings, one, one_interleaved};
use crate::compare::Signature;
use crate::drive::{Engine, FaultPoint, FaultScene};
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
