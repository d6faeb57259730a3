//! How many batches V3 makes of real blocks.

use std::collections::BTreeSet;

use seriatim_lab::workload::real_shapes;
use seriatim_tos::execution::parallel::batches;
use seriatim_tos::ledger::SignatureScheme;
use seriatim_tos::ledger::rules::footprint;

/// The middle of the numbers of batches, over the real blocks of 50 or more transactions.
fn median(mut counts: Vec<usize>) -> usize {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

#[test]
fn levels_need_less_than_half_the_barriers_of_cuts_on_real_shapes() {
    let shapes = real_shapes().iter().filter(|shape| shape.transactions.len() >= 50);
    let (mut levels, mut cuts) = (Vec::new(), Vec::new());
    for shape in shapes {
        let scenario = shape.scenario(SignatureScheme::Tagged, 0);
        let transactions = &scenario.blocks().next().unwrap().transactions;
        levels.push(batches(transactions, &[].into()).len());
        // V3 as first built: a batch ends at the first transaction that conflicts with one in it.
        let mut locked = BTreeSet::new();
        let mut count = 1;
        for transaction in transactions {
            let accounts = footprint(&transaction.body).accounts;
            if accounts.keys().any(|account| locked.contains(account)) {
                locked.clear();
                count += 1;
            }
            locked.extend(accounts.into_keys());
        }
        cuts.push(count);
    }
    assert_eq!((median(levels), median(cuts)), (33, 77));
}
