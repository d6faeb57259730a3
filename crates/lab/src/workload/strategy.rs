//! proptest's face of plans: records are a vector and fields are numbers, so its shrinking deletes transactions and
//! makes choices simpler (all zeros is the simplest record), where shrinking raw bytes could only cut the end off.

use proptest::prelude::*;

use super::plan::{Header, Plan, Record};

/// Plans of up to `max_records` transactions.
///
/// # Examples
/// ```
/// use proptest::test_runner::TestRunner;
/// use seriatim_lab::workload::{Plan, build, plans};
/// use seriatim_tos::ledger::SignatureScheme;
///
/// TestRunner::deterministic().run(&plans(8), |plan: Plan| {
///     let built = build(&plan, SignatureScheme::Tagged);
///     assert!(built.scenario.genesis.validate().is_ok(), "every plan begins with a genesis that is one");
///     Ok(())
/// })?;
/// # Ok::<(), proptest::test_runner::TestError<Plan>>(())
/// ```
pub fn plans(max_records: usize) -> impl Strategy<Value = Plan> {
    let header = any::<[u8; 16]>().prop_map(Header::from_bytes);
    let record = any::<[u8; 16]>().prop_map(Record::from_bytes);
    (header, prop::collection::vec(record, 0..=max_records)).prop_map(|(header, records)| Plan { header, records })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #[test]
        fn a_plan_reads_back_from_its_bytes(plan in plans(40)) {
            prop_assert_eq!(Plan::from_bytes(&plan.to_bytes()), Ok(plan));
        }
    }
}
