//! Small models of the executor's protocols. Each runs production code on a few transactions: under loom with two of them,
//! every schedule within a bound on preemptions and every value that a load may see; under shuttle with four, at random.
//! README.md says what each of them shows, within which bounds, and what it cannot see.

mod account_loading;
mod accumulators;
mod block_stm;
mod fixtures;
mod followers;
mod join_order;
mod joined;
mod merge_readers;

mod staging;
mod storage_handle;
mod verdicts;
mod workers;

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
        loom Some(3), at least 4800;
    account_loading::a_late_load_of_a_balance_undoes_nothing
        reaches ["loaded once", "loaded twice"],
        loom Some(3), at least 2800;
    staging::a_failed_transaction_leaves_no_trace
        reaches ["failed first", "failed last"],
        loom Some(3), at least 1900;
    accumulators::a_sum_holds_every_addition
        reaches ["0 was first", "1 was first"],
        loom None, at least 1100;
    accumulators::at_the_limit_one_addition_wins
        reaches ["0 won", "1 won"],
        loom None, at least 550;
    accumulators::fees_that_do_not_fit_abort_the_block
        reaches ["0 was first", "1 was first"],
        loom Some(3), at least 2700;
    workers::no_more_workers_than_allowed
        reaches ["every worker at work"],
        loom Some(2), at least 400;
    workers::a_panic_of_the_only_worker_ends_the_block
        reaches ["ended"],
        loom Some(3), at least 4;
    workers::a_panic_is_told_of_its_own_transaction
        reaches ["struck first", "struck last"],
        loom Some(3), at least 900;
    workers::a_failed_read_fails_the_block
        reaches ["failed first", "failed last"],
        loom Some(3), at least 1200;
    workers::a_dropped_execution_lets_go_of_everything
        reaches ["cancelled"],
        loom Some(3), at least 2500;
    followers::a_transaction_sees_all_that_it_waits_for
        reaches ["0 was first", "1 was first"],
        loom Some(3), at least 4000;
    followers::each_transaction_is_given_once_and_after_what_it_waits_for
        reaches ["woke another", "the free one last", "the free one before the last"],
        loom Some(3), at least 1000;
    followers::what_waits_for_a_failure_is_not_run
        reaches ["another slept", "nobody slept"],
        loom None, at least 880;
    followers::whoever_sleeps_learns_of_a_lost_worker
        reaches ["told"],
        loom None, at least 9;
    verdicts::a_verdict_is_that_of_its_transaction
        reaches ["the executor verified all", "the helpers verified all", "both verified"],
        loom None, at least 2000;
    verdicts::what_a_lost_helper_took_is_verified_where_it_is_asked_for
        reaches ["verified"],
        loom None, at least 150;
    verdicts::a_verdict_is_strict
        reaches ["refused"],
        loom Some(1), at least 7;
    join_order::receipts_stand_in_block_order
        reaches ["in block order", "in another order"],
        loom Some(3), at least 2700;
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
        loom Some(1), at least 1500;
    block_stm::what_lies_above_is_validated_again
        reaches ["a validation failed", "validated once", "validated again"],
        loom Some(1), at least 2700;
    block_stm::the_block_is_done_when_nobody_is_active
        reaches ["each validated once", "one validated twice"],
        loom Some(2), at least 15000;
    block_stm::no_ring_is_lost
        reaches ["lay down", "found work at once"],
        loom None, at least 3000;
    block_stm::conflicting_payments_are_those_of_block_order
        reaches ["ended"],
        loom Some(1), at least 500;
    block_stm::a_panic_ends_every_worker
        reaches ["the storage is free"],
        loom Some(1), at least 80;
}

/// What no model runtime sees: the storage's own lock, which is of the standard library.
mod threads {
    #[test]
    fn a_reader_on_another_thread_sees_the_block_whole_or_not_at_all() {
        super::merge_readers::on_threads(2_000);
    }
}
