//! Sides that cannot be stopped: at most one of them is ever lost, and nothing waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use seriatim_testkit::test_mode::{Node, SHORT, SOON, blocks, now, right, sequential_ledger, shadow, wait_until};
use seriatim_testkit::wait;
use seriatim_tos::chain::{MismatchKind, ShadowFuture, ShadowThreads};

/// A shadow that spins on the first block until it is released and is right on the others.
fn spinning(release: &Arc<AtomicBool>, given_out: &Arc<AtomicU64>) -> ShadowThreads {
    let (release, given_out) = (Arc::clone(release), Arc::clone(given_out));
    shadow(move |given| {
        given_out.fetch_add(1, Ordering::Relaxed);
        let release = Arc::clone(&release);
        Box::pin(async move {
            while !release.load(Ordering::Relaxed) {
                // Idle, so that the machine is left to the other tests; to the runtime it is the same.
                std::thread::sleep(Duration::from_millis(1));
            }
            right(given).await
        })
    })
}

#[test]
fn beside_a_shadow_that_never_yields_no_other_is_started_until_it_ends() {
    let (release, given_out) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let blocks = blocks(5);
    let mut node = Node::tested(spinning(&release, &given_out), SHORT);
    let begun = now();
    for block in &blocks[..4] {
        node.add(block).unwrap();
    }
    assert!(begun.elapsed() < SOON);
    assert_eq!(node.one_mismatch().kind, MismatchKind::Late);
    assert_eq!(given_out.load(Ordering::Relaxed), 1);
    let figures = node.chain.modes().figures().clone();
    assert_eq!((figures.blocks, figures.matched, figures.skipped), (4, 0, 3));
    release.store(true, Ordering::Relaxed);
    wait_until(|| !node.chain.modes().shadow().unwrap().is_running());
    node.add(&blocks[4]).unwrap();
    assert_eq!(given_out.load(Ordering::Relaxed), 2);
    assert_eq!(node.chain.modes().figures().skipped, 3);
    assert_eq!(node.ledger(), sequential_ledger(&blocks));
}

#[test]
fn a_task_that_a_shadow_leaves_behind_keeps_the_next_shadow_from_starting() {
    let release = Arc::new(AtomicBool::new(false));
    let leaves = {
        let release = Arc::clone(&release);
        move |given| -> ShadowFuture {
            let release = Arc::clone(&release);
            Box::pin(async move {
                tokio::spawn(async move {
                    while !release.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                right(given).await
            })
        }
    };
    let blocks = blocks(3);
    let mut node = Node::tested(shadow(leaves), Duration::from_secs(1));
    let begun = now();
    for block in &blocks {
        node.add(block).unwrap();
    }
    assert!(begun.elapsed() < SOON);
    assert_eq!(node.chain.modes().figures().skipped, 2);
    assert_eq!(node.ledger(), sequential_ledger(&blocks));
    release.store(true, Ordering::Relaxed);
    wait_until(|| !node.chain.modes().shadow().unwrap().is_running());
}

#[test]
fn a_dropped_chain_waits_for_no_shadow_even_inside_a_runtime() {
    let (release, given_out) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut node = Node::tested(spinning(&release, &given_out), SHORT);
    node.add(&blocks(1)[0]).unwrap();
    let begun = now();
    wait(async move { drop(node) });
    assert!(begun.elapsed() < SOON);
    release.store(true, Ordering::Relaxed);
}
