//! What executors may rely on in any runtime: one set of facts, checked on tokio, on the model under shuttle and on the
//! model under loom. Each model must also reach the events that make a fact interesting.

mod counters;
mod engines;
mod maps;
mod permits;
mod runtimes;
mod tasks;

use runtimes::{on_loom, on_shuttle, on_tokio};

/// One test for each fact and engine, with the events that the models must reach.
macro_rules! facts {
    ($($module:ident :: $fact:ident reaches $events:expr;)*) => {
        mod tokio { $(#[test] fn $fact() { super::on_tokio(super::$module::$fact); })* }
        mod shuttle { $(#[test] fn $fact() { super::on_shuttle(super::$module::$fact, &$events); })* }
        mod loom { $(#[test] fn $fact() { super::on_loom(stringify!($fact), super::$module::$fact, &$events); })* }
    };
}

facts! {
    permits::a_semaphore_never_exceeds_its_bound reaches ["every permit in use"];
    permits::every_waiter_is_served reaches ["task 0 last", "task 1 last", "task 2 last"];
    permits::permits_are_granted_first_come_first_served reaches [];
    permits::a_dropped_waiter_leaves_the_queue reaches [];
    permits::a_permit_comes_back_when_its_task_panics reaches ["the other was first", "the other was second"];
    permits::a_permit_comes_back_when_its_task_is_cancelled reaches ["cancelled holding it", "cancelled without it"];
    permits::a_writer_is_alone reaches ["two readers at once", "read before", "read after"];
    permits::a_lock_is_granted_first_come_first_served reaches [];
    tasks::each_task_is_joined_once reaches ["0 before 1", "1 before 0"];
    tasks::tasks_are_joined_in_order_of_completion reaches [];
    tasks::a_panic_is_an_error_of_its_task_alone reaches ["first", "second"];
    tasks::a_dropped_join_set_drops_its_tasks reaches ["cancelled at work", "cancelled before it began"];
    tasks::a_task_keeps_its_number reaches [];
    counters::compare_exchange_loses_no_update reaches ["an exchange failed"];
    counters::a_store_after_a_load_loses_updates reaches ["an update was lost", "no update was lost"];
    counters::release_publishes_to_acquire reaches ["published", "not yet published"];
    maps::the_first_value_stays reaches ["0 was first", "1 was first"];
    maps::an_exclusive_guard_is_alone reaches ["met a guard"];
    maps::shared_guards_share reaches ["two guards at once"];
    maps::a_map_gives_back_what_was_inserted reaches [];
}
