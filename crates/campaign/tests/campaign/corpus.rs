//! A corpus made smaller: nothing that it shows is lost, and no file is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;

use seriatim_campaign::corpus::{Feature, Input, Judged, Minimised, minimise, plans, read, schedules};
use seriatim_lab::workload::PlanError;
use seriatim_lab::{BuiltinSubject, Canary, Examiner};

type Judge<'a> = dyn FnMut(&[u8]) -> Result<Judged, PlanError> + 'a;

fn committed(folder: &str) -> Vec<Input> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(folder);
    let (inputs, left_alone) = read(&folder).unwrap();
    assert!(left_alone.is_empty(), "{left_alone:?}");
    inputs
}

fn divide(inputs: Vec<Input>, judge: &mut Judge<'_>) -> Minimised {
    minimise(inputs, judge, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn features_of(inputs: &[Input], judge: &mut Judge<'_>) -> BTreeSet<Feature> {
    inputs.iter().flat_map(|input| judge(&input.bytes).unwrap().features).collect()
}

/// Every feature is kept, a second pass changes nothing, and each input that stays is needed.
fn is_sound(inputs: Vec<Input>, judge: &mut Judge<'_>) -> Minimised {
    let minimised = divide(inputs.clone(), judge);
    assert_eq!(minimised.kept.len() + minimised.removed.len(), inputs.len());
    assert_eq!(features_of(&minimised.kept, judge), features_of(&inputs, judge));
    assert_eq!(minimised.features, minimised.kept_features);

    let again = divide(minimised.kept.clone(), judge);
    assert_eq!((&again.kept, again.removed.as_slice()), (&minimised.kept, &[][..]));
    for left_out in 0..minimised.kept.len() {
        let mut others = minimised.kept.clone();
        let input = others.remove(left_out);
        let needed = judge(&input.bytes).unwrap().violates || features_of(&others, judge) != minimised.features;
        assert!(needed, "{} could be left out", input.name.display());
    }
    minimised
}

#[test]
fn plans_keep_every_feature_and_a_second_pass_changes_nothing() {
    let examiner = Examiner::new().unwrap();
    let mut judge = plans(&examiner);
    // Each is judged once; leaving out one after the other would judge them a hundred times.
    let mut known: BTreeMap<Vec<u8>, Judged> = BTreeMap::new();
    let mut remembered = |bytes: &[u8]| {
        let judged = known.entry(bytes.to_vec()).or_insert_with(|| judge(bytes).unwrap());
        Ok(judged.clone())
    };
    let minimised = is_sound(committed("seeds").into_iter().take(80).collect(), &mut remembered);
    let kinds = minimised.features_by_kind();
    for kind in ["outcomes", "classes", "neighbours", "batches", "blocks", "rewinds"] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
    assert!(!minimised.removed.is_empty() && minimised.violations.is_empty());
}

#[test]
fn plans_with_schedules_keep_every_feature_and_a_second_pass_changes_nothing() {
    let mut judge = schedules(BuiltinSubject::Parallel);
    let minimised = is_sound(committed("seeds-interleave"), &mut judge);
    let kinds = minimised.features_by_kind();
    for kind in ["outcomes", "orders", "preemptions", "meetings"] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
    assert!(!minimised.removed.is_empty() && minimised.violations.is_empty());
}

#[test]
fn of_inputs_that_show_the_same_the_smallest_stays_whatever_their_names_and_order() {
    let input = |name: &str, length| Input { name: name.into(), bytes: vec![0; length] };
    let mut judge = |_: &[u8]| Ok(Judged { features: [Feature::Blocks(1)].into(), violates: false });
    let inputs = vec![input("c", 3), input("a", 5), input("b", 3)];
    let reversed: Vec<_> = inputs.iter().rev().cloned().collect();
    assert_eq!(divide(inputs, &mut judge).kept, [input("b", 3)]);
    assert_eq!(divide(reversed, &mut judge).kept, [input("b", 3)]);
}

#[test]
fn an_input_with_a_violation_is_kept_even_if_it_adds_nothing() {
    let mut inputs = committed("seeds-interleave");
    for input in inputs.clone() {
        let mut name = OsString::from("twin-");
        name.push(&input.name);
        inputs.push(Input { name, ..input });
    }
    let mut judge = schedules(BuiltinSubject::Canary(Canary::CountsByLoadAndStore));
    let violating = inputs.iter().filter(|input| judge(&input.bytes).unwrap().violates).cloned().collect::<Vec<_>>();
    assert!((2..inputs.len()).contains(&violating.len()), "{} violations", violating.len());
    let minimised = is_sound(inputs, &mut judge);
    assert_eq!(minimised.violations.len(), violating.len());
    assert!(violating.iter().all(|input| minimised.kept.contains(input)));
}

#[test]
fn without_a_violation_a_twin_is_not_kept() {
    let mut inputs = committed("seeds-interleave");
    inputs.truncate(1);
    inputs.push(Input { name: "twin".into(), ..inputs[0].clone() });
    let minimised = divide(inputs, &mut schedules(BuiltinSubject::Parallel));
    assert_eq!((minimised.kept.len(), minimised.removed.len()), (1, 1));
}

#[test]
fn breaking_off_gives_nothing_to_write() {
    let mut judge = schedules(BuiltinSubject::Parallel);
    let stopped = minimise(committed("seeds-interleave"), &mut judge, &mut |position, _| match position {
        0..3 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    assert!(stopped.is_none());
}
