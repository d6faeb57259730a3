//! Sides that fail, are late, read and write as they should not. None of it reaches the ledger, and none holds a block up.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use seriatim_testkit::test_mode::{
    AMPLE, Node, SHORT, SOON, blocks, native_shadow, now, right, sequential_ledger, shadow, wait_until,
};
use seriatim_testkit::{ON_PURPOSE, quieten};
use seriatim_tos::chain::{ExecutionPath, MismatchKind, ReadLimits, ShadowBlock, ShadowFuture, ShadowThreads};
use seriatim_tos::execution::BlockError;
use seriatim_tos::ledger::BlockAbort;
use seriatim_tos::storage::{Storage, StorageError, WriteBatch};

/// Adds three blocks with a shadow that is wrong about the first alone. Returns the kind of that mismatch; the other blocks
/// match or are skipped.
fn told_of(wrong: fn(ShadowBlock) -> ShadowFuture, budget: Duration) -> MismatchKind {
    quieten();
    let blocks = blocks(3);
    let at_first = move |given: ShadowBlock| match given.start.context.topoheight {
        1 => wrong(given),
        _ => right(given),
    };
    let mut node = Node::tested(shadow(at_first), budget);
    let begun = now();
    node.add(&blocks[0]).unwrap();
    let mismatch = node.one_mismatch();
    assert_eq!((mismatch.topoheight, mismatch.block), (1, blocks[0].hash()));
    for block in &blocks[1..] {
        wait_until(|| !node.chain.modes().shadow().unwrap().is_running());
        node.add(block).unwrap();
    }
    assert!(begun.elapsed() < SOON);
    assert_eq!(node.ledger(), sequential_ledger(&blocks));
    let figures = node.chain.modes().figures();
    let others = figures.matched + figures.mismatched.get("late").copied().unwrap_or(0);
    assert_eq!((figures.blocks, figures.skipped), (3, 0), "{figures:?}");
    assert!(others >= 2 && figures.mismatched[mismatch.kind.name()] >= 1, "{figures:?}");
    mismatch.kind
}

#[test]
fn a_panic_in_a_poll_or_in_the_call_is_told_as_one() {
    assert_eq!(told_of(|_| Box::pin(async { panic!("{ON_PURPOSE}") }), AMPLE), MismatchKind::Panic);
    assert_eq!(told_of(|_| panic!("on purpose, in the call"), AMPLE), MismatchKind::Panic);
}

#[test]
fn a_shadow_that_is_pending_for_ever_is_late_and_ends_when_it_is_given_up() {
    assert_eq!(told_of(|_| Box::pin(pending()), SHORT), MismatchKind::Late);
}

#[test]
fn a_slow_shadow_is_late_and_testing_goes_on_once_it_has_ended() {
    let slow = |given| -> ShadowFuture {
        Box::pin(async move {
            std::thread::sleep(Duration::from_millis(400));
            right(given).await
        })
    };
    assert_eq!(told_of(slow, SHORT), MismatchKind::Late);
}

#[test]
fn a_storage_that_fails_for_the_shadow_alone_is_told_as_that() {
    let fails =
        |_| -> ShadowFuture { Box::pin(async { Err(BlockError::Storage(StorageError::Failed("struck".to_owned()))) }) };
    assert_eq!(told_of(fails, AMPLE), MismatchKind::Storage);
}

#[test]
fn an_abort_that_the_sequential_path_does_not_know_is_another_outcome() {
    let aborts = |_| -> ShadowFuture { Box::pin(async { Err(BlockError::Aborted(BlockAbort::FeesOverflow)) }) };
    assert_eq!(told_of(aborts, AMPLE), MismatchKind::Outcome);
}

#[test]
fn a_commit_or_a_rewind_is_refused_and_told_though_the_answer_is_right() {
    let commits = |given: ShadowBlock| -> ShadowFuture {
        Box::pin(async move {
            let storage = Arc::clone(&given.storage);
            let prepared = right(given).await?;
            assert!(storage.commit(prepared.batch.clone()).await.is_err());
            Ok(prepared)
        })
    };
    let rewinds = |given: ShadowBlock| -> ShadowFuture {
        Box::pin(async move {
            assert!(given.storage.rewind(0).await.is_err());
            assert!(given.storage.commit(WriteBatch::default()).await.is_err());
            right(given).await
        })
    };
    assert_eq!(told_of(commits, AMPLE), MismatchKind::WriteAttempt);
    assert_eq!(told_of(rewinds, AMPLE), MismatchKind::WriteAttempt);
}

#[test]
fn endless_reads_end_at_the_limit() {
    let reads = |given: ShadowBlock| -> ShadowFuture {
        Box::pin(async move {
            loop {
                given.storage.top().await?;
            }
        })
    };
    assert_eq!(told_of(reads, AMPLE), MismatchKind::Reads);
}

#[test]
fn reads_that_go_on_though_refused_hold_up_no_block() {
    let begun_again = |given: ShadowBlock| -> ShadowFuture {
        Box::pin(async move {
            while given.storage.top().await.is_ok() {}
            // Deaf to refusals until it yields, which it does.
            for _ in 0..100_000 {
                let _ = given.storage.top().await;
            }
            pending().await
        })
    };
    assert_eq!(told_of(begun_again, SHORT), MismatchKind::Reads);
}

#[test]
fn a_limit_below_what_a_right_shadow_reads_is_told_and_one_above_is_not() {
    for (limits, wanted) in [
        (ReadLimits { factor: 0, constant: 3 }, [("reads", 1)].into()),
        (ReadLimits { factor: 1, constant: 0 }, [].into()),
    ] {
        let v3 = ShadowThreads::of(native_shadow(ExecutionPath::Parallel)).unwrap().with_limits(limits);
        let mut node = Node::tested(v3, AMPLE);
        node.add(&blocks(1)[0]).unwrap();
        assert_eq!(node.chain.modes().figures().mismatched, wanted, "{limits:?}");
    }
}
