//! What the harness makes of the two faults, and what it costs to be put under control.

#[path = "../../shared/judged.rs"]
mod judged;

mod agrees;

use judged::{assert_found, lines_of_shims};
use pooled_example::{Executor, Fault};
use seriatim_subject::OverShims;

fn is_found(fault: Fault, words: &[&str]) {
    let executor = Executor { fault: Some(fault) };
    let execute = move |request: &_| agrees::answer(executor, request);
    assert_found(&OverShims::function(agrees::capabilities(), execute), words);
}

#[test]
fn the_race_is_found_and_its_line_named() {
    is_found(Fault::Race, &["Why:", "(lib.rs:"]);
}

#[test]
fn the_lost_wake_up_is_found_and_who_should_have_woken_whom_is_told() {
    is_found(Fault::LostWakeUp, &["Why: lost wake-up", "`try to send`"]);
}

#[test]
fn five_lines_are_not_those_of_the_plain_executor() {
    assert_eq!(lines_of_shims(include_str!("../src/lib.rs")), 5);
}
