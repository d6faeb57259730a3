//! Signatures ahead of order: whoever asks gets the verdict of that transaction, whoever verified it, and nobody waits.

use std::sync::Arc;

use seriatim_runtime::{JoinSet, Runtime};
use seriatim_tos::execution::{Ahead, InPlace, Signatures};
use seriatim_tos::ledger::{AccountKey, AssetId, Block, Signature, SignatureScheme};

use super::fixtures::{Case, Setup, genesis, pay};

/// A block of so many payments, of which those at odd places are signed wrongly.
fn half_signed(count: u8) -> Setup {
    let payments = (0..count).map(|pair| pay(2 * pair + 1, AssetId::TOS, &[2 * pair + 2]));
    let mut block = Block::clone(&Setup::new(&genesis(1..=2 * count), payments.collect()).block);
    for transaction in block.transactions.iter_mut().skip(1).step_by(2) {
        transaction.signature.0[0] ^= 1;
    }
    Setup::new(&genesis(1..=2 * count), block.transactions)
}

/// One executes in order, the others only verify.
pub async fn a_verdict_is_that_of_its_transaction<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let setup = half_signed(width);
    let ahead = Arc::new(Ahead::new(&runtime, &setup.block, SignatureScheme::Tagged, width.into()));
    let mut tasks = runtime.join_set::<usize>("helpers");
    for _ in 1..width {
        let ahead = Arc::clone(&ahead);
        tasks.spawn(async move { std::iter::from_fn(|| ahead.verify_some().then_some(())).count() });
    }
    runtime.yield_now().await;
    let in_place = InPlace::new(&setup.block, SignatureScheme::Tagged);
    for tx_index in 0..usize::from(width) {
        let verdict = ahead.is_signed(tx_index);
        assert_eq!(verdict, tx_index % 2 == 0, "transaction {tx_index}");
        assert_eq!(verdict, in_place.is_signed(tx_index));
        // Who asks again, as an incarnation does, gets the same.
        assert_eq!(verdict, ahead.is_signed(tx_index));
    }
    let mut verified = 0;
    while let Some((_, count)) = tasks.join_next().await {
        verified += count.unwrap();
    }
    events.reached(match verified {
        0 => "the executor verified all",
        count if count == usize::from(width) => "the helpers verified all",
        _ => "both verified",
    });
    assert!(!ahead.verify_some(), "there is nothing left");
}

/// A helper that is gone half-way takes nothing with it but time.
pub async fn what_a_lost_helper_took_is_verified_where_it_is_asked_for<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let setup = half_signed(width);
    let ahead = Arc::new(Ahead::new(&runtime, &setup.block, SignatureScheme::Tagged, width.into()));
    let mut tasks = runtime.join_set::<()>("helpers");
    let lost = Arc::clone(&ahead);
    let suspended = runtime.clone();
    tasks.spawn(async move {
        while lost.verify_some() {
            suspended.yield_now().await;
        }
    });
    runtime.yield_now().await;
    let first = ahead.is_signed(0);
    drop(tasks);
    assert!(first);
    for tx_index in 0..usize::from(width) {
        assert_eq!(ahead.is_signed(tx_index), tx_index % 2 == 0, "transaction {tx_index}");
    }
    events.reached("verified");
}

/// A key of small order and a signature that a lenient verifier, or one of a whole batch, takes for every message. In one chunk
/// with a right one, whoever verifies it, it is refused.
pub async fn a_verdict_is_strict<R: Runtime>(case: Case<R>) {
    let Case { runtime, events, width } = case;
    let scheme = SignatureScheme::Ed25519;
    let signer = scheme.signer([7; 32]);
    let count = 8 * usize::from(width);
    let payment = |nonce: u64| {
        let mut transaction = pay(1, AssetId::TOS, &[2]);
        transaction.body.nonce = nonce;
        transaction.body.source = signer.account();
        transaction.signature = signer.sign(&transaction.body.signing_bytes());
        transaction
    };
    let mut transactions: Vec<_> = (0..count as u64).map(payment).collect();
    let mut identity = [0; 32];
    identity[0] = 1;
    transactions[1].body.source = AccountKey(identity);
    transactions[1].signature = Signature([0; 64]);
    transactions[1].signature.0[0] = 1;
    let setup = Setup::new(&genesis([1, 2]), transactions);
    let ahead = Arc::new(Ahead::new(&runtime, &setup.block, scheme, 1));
    let mut tasks = runtime.join_set::<()>("helpers");
    let helper = Arc::clone(&ahead);
    tasks.spawn(async move { while helper.verify_some() {} });
    assert!(ahead.is_signed(0));
    assert!(!ahead.is_signed(1), "no message is signed by a key of small order");
    while tasks.join_next().await.is_some() {}
    events.reached("refused");
}
