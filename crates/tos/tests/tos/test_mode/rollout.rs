//! Stages follow on evidence alone, and fall at the first mismatch.

use std::num::NonZeroU64;

use seriatim_tos::chain::{MismatchKind, Mode, Rollout, Stage};

const LEAST: usize = 20;

fn after(needed: u64) -> Rollout {
    Rollout::new(NonZeroU64::new(needed).unwrap())
}

/// Brings it to `stage` as an operator would.
fn at(stage: Stage) -> Rollout {
    let mut rollout = after(3);
    while rollout.stage() != stage {
        assert!(rollout.advance());
    }
    rollout
}

#[test]
fn each_stage_runs_the_blocks_below_its_limit_in_parallel_and_tests_the_others() {
    let counts = [0, 19, 20, 49, 50, 199, 200, 5_000];
    let parallel = |stage| counts.map(|count| at(stage).mode_of(count, LEAST) == Mode::Parallel);
    assert_eq!(parallel(Stage::TestMode), [false; 8]);
    assert_eq!(parallel(Stage::Below50), [false, false, true, true, false, false, false, false]);
    assert_eq!(parallel(Stage::Below200), [false, false, true, true, true, true, false, false]);
    assert_eq!(parallel(Stage::All), [false, false, true, true, true, true, true, true]);
    assert!(counts.iter().all(|count| at(Stage::All).mode_of(*count, LEAST) != Mode::Sequential));
}

#[test]
fn a_stage_follows_after_so_many_matched_blocks_and_not_one_before() {
    let mut rollout = Rollout::default();
    (0..999).for_each(|_| rollout.matched(30, LEAST));
    assert_eq!((rollout.stage(), rollout.matched_blocks()), (Stage::TestMode, 999));
    rollout.matched(30, LEAST);
    assert_eq!((rollout.stage(), rollout.matched_blocks()), (Stage::Below50, 0));
    (0..1_000).for_each(|_| rollout.matched(120, LEAST));
    (0..1_000).for_each(|_| rollout.matched(700, LEAST));
    assert_eq!(rollout.stage(), Stage::All);
    (0..5_000).for_each(|_| rollout.matched(3, LEAST));
    assert_eq!(rollout.stage(), Stage::All);
}

#[test]
fn blocks_that_the_next_stage_would_not_run_in_parallel_are_no_evidence_for_it() {
    for (stage, evidence, none) in [
        (Stage::TestMode, [20, 49], [19, 50]),
        (Stage::Below50, [50, 199], [19, 200]),
        (Stage::Below200, [200, 9_000], [0, 19]),
    ] {
        let mut rollout = at(stage);
        none.into_iter().cycle().take(100).for_each(|count| rollout.matched(count, LEAST));
        assert_eq!((rollout.stage(), rollout.matched_blocks()), (stage, 0));
        evidence.into_iter().cycle().take(3).for_each(|count| rollout.matched(count, LEAST));
        assert!(rollout.stage() > stage);
    }
}

#[test]
fn the_first_mismatch_leads_back_to_testing_everything_from_every_stage() {
    for stage in [Stage::TestMode, Stage::Below50, Stage::Below200, Stage::All] {
        for kind in [MismatchKind::Nonces, MismatchKind::Writes { index: 3 }, MismatchKind::Late] {
            let mut rollout = at(stage);
            rollout.matched(30, LEAST);
            rollout.mismatched(kind);
            assert_eq!((rollout.stage(), rollout.matched_blocks()), (Stage::TestMode, 0));
            assert_eq!(rollout.mode_of(30, LEAST), Mode::Test);
        }
    }
}

#[test]
fn after_a_defect_an_operator_has_to_release_it_and_after_delay_nobody_has_to() {
    let (mut defect, mut late) = (after(3), after(3));
    defect.mismatched(MismatchKind::Outcome);
    late.mismatched(MismatchKind::Late);
    for rollout in [&mut defect, &mut late] {
        (0..10).for_each(|_| rollout.matched(30, LEAST));
    }
    assert_eq!((defect.stage(), late.stage()), (Stage::TestMode, Stage::Below50));
    defect.release();
    defect.matched(30, LEAST);
    assert_eq!(defect.stage(), Stage::Below50);
}

#[test]
fn an_operator_holds_advances_and_goes_back() {
    let mut rollout = after(1);
    assert!(!rollout.go_back(), "there is nothing before the first stage");
    rollout.hold();
    rollout.matched(30, LEAST);
    assert_eq!((rollout.stage(), rollout.is_held()), (Stage::TestMode, true));
    assert!(rollout.advance() && rollout.advance() && rollout.advance());
    assert_eq!(rollout.stage(), Stage::All);
    assert!(!rollout.advance(), "there is nothing after the last stage");
    assert!(rollout.go_back());
    assert_eq!((rollout.stage(), rollout.matched_blocks(), rollout.is_held()), (Stage::Below200, 0, true));
}

#[test]
fn a_rollout_goes_on_after_a_restart_as_if_there_had_been_none() {
    // One letter a happening: matched at the evidence of each stage, mismatch, hold, release.
    let happenings = "mmmlmLmmhmmrmdmmmrmmmLLLLLmmm";
    let happen = |rollout: &mut Rollout, what| match what {
        'm' => rollout.matched(30, LEAST),
        'L' => rollout.matched(120, LEAST),
        'l' => rollout.mismatched(MismatchKind::Late),
        'd' => rollout.mismatched(MismatchKind::Nonces),
        'h' => rollout.hold(),
        _ => rollout.release(),
    };
    let (mut running, mut restarted) = (after(3), after(3));
    for what in happenings.chars() {
        happen(&mut running, what);
        happen(&mut restarted, what);
        restarted = serde_json::from_str(&serde_json::to_string(&restarted).unwrap()).unwrap();
        assert_eq!(restarted, running);
        let modes = |rollout: &Rollout| [0, 20, 50, 200].map(|count| rollout.mode_of(count, LEAST));
        assert_eq!(modes(&restarted), modes(&running));
    }
    assert_eq!(running.stage(), Stage::Below200);
}

#[test]
fn a_state_that_no_rollout_has_written_is_refused() {
    let good = r#"{"stage":"Below50","matched":2,"needed":3,"held":false}"#;
    assert!(serde_json::from_str::<Rollout>(good).is_ok());
    for (part, other) in [("Below50", "Below51"), (":3", ":0"), ("\"held\":false", "\"helt\":false"), (":2", ":-2")] {
        assert!(serde_json::from_str::<Rollout>(&good.replace(part, other)).is_err(), "{other}");
    }
}
