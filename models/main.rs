//! Small models of the executor's protocols. Each runs production code on a few transactions: under loom with two of them,
//! every schedule within a bound on preemptions and every value that a load may see; under shuttle with four, at random.
//! README.md says what each of them shows, within which bounds, and what it cannot see.

mod account_loading;
mod accumulators;
mod batch_barrier;
mod block_stm;
mod fixtures;
mod join_order;
mod joined;
mod merge_readers;
mod permits;
mod staging;
mod storage_handle;

/// Two tests for each model, with the events that both engines must reach, loom's bound on preemptions (None: any), and how
/// many executions it runs at least: fewer are news.
macro_rules! models {
    ($($protocol:ident :: $model:ident reaches $events:expr, loom $preemptions:expr, at least $executions:literal;)*) => {
        mod shuttle {
            $(#[test] fn $model() { super::fixtures::on_shuttle(stringify!($model), super::$protocol::$model, &$events); })*
        }
        mod loom {
            $(#[test] fn $model() {
                super::fixtures::on_loom(
                    stringify!($model), super::$protocol::$model, $preemptions, $executions, &$events,
                );
            })*
        }
    };
}

models! {
    account_loading::two_loads_of_an_account_keep_both_changes
        reaches ["loaded once", "loaded twice", "committed while the other loads"],
        loom Some(3), at least 5000;
    account_loading::a_late_load_of_a_balance_undoes_nothing
        reaches ["loaded once", "loaded twice"],
        loom Some(3), at least 3400;
    staging::a_failed_transaction_leaves_no_trace
        reaches ["failed first", "failed last"],
        loom Some(3), at least 2500;
    accumulators::a_sum_holds_every_addition
        reaches ["0 was first", "1 was first"],
        loom None, at least 1100;
    accumulators::at_the_limit_one_addition_wins
        reaches ["0 won", "1 won"],
        loom None, at least 550;
    accumulators::fees_that_do_not_fit_abort_the_block
        reaches ["0 was first", "1 was first"],
        loom Some(3), at least 3000;
    permits::no_more_tasks_than_permits
        reaches ["every permit in use"],
        loom Some(2), at least 3000;
    permits::a_panic_returns_the_only_permit
        reaches ["went on"],
        loom Some(3), at least 150;
    permits::a_panic_is_told_of_its_own_transaction
        reaches ["struck first", "struck last"],
        loom Some(3), at least 900;
    permits::a_failed_read_fails_the_block
        reaches ["failed first", "failed last"],
        loom Some(3), at least 1200;
    permits::a_dropped_execution_lets_go_of_everything
        reaches ["cancelled", "cancelled when one task had ended"],
        loom Some(3), at least 1200;
    batch_barrier::a_batch_sees_all_of_the_one_before
        reaches ["0 was first", "1 was first"],
        loom Some(3), at least 4000;
    join_order::receipts_stand_in_block_order
        reaches ["in block order", "in another order"],
        loom Some(3), at least 3000;
    merge_readers::a_reader_sees_the_block_whole_or_not_at_all
        reaches ["before", "after"],
        loom Some(3), at least 3000;
    merge_readers::a_reader_of_older_topoheights_sees_whole_blocks
        reaches ["the top changed meanwhile", "nothing above", "the first block", "the fork"],
        loom Some(3), at least 9000;
    storage_handle::every_handle_comes_back
        reaches ["struck first", "struck last"],
        loom Some(3), at least 900;
    block_stm::incarnations_follow_each_other
        reaches ["met an estimate", "came after it"],
        loom Some(1), at least 2000;
    block_stm::what_lies_above_is_validated_again
        reaches ["a validation failed", "validated once", "validated again"],
        loom Some(1), at least 5000;
    block_stm::the_block_is_done_when_nobody_is_active
        reaches ["each validated once", "one validated twice"],
        loom Some(2), at least 25000;
    block_stm::no_ring_is_lost
        reaches ["lay down", "found work at once"],
        loom None, at least 3000;
    block_stm::conflicting_payments_are_those_of_block_order
        reaches ["ended"],
        loom Some(1), at least 900;
    block_stm::a_panic_ends_every_worker
        reaches ["the storage is free"],
        loom Some(1), at least 100;
}

/// What no model runtime sees: the storage's own lock, which is of the standard library.
mod threads {
    #[test]
    fn a_reader_on_another_thread_sees_the_block_whole_or_not_at_all() {
        super::merge_readers::on_threads(2_000);
    }
}
