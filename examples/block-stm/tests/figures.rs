//! Each planted fault is found, and what is told of it says where it is.

use std::panic::Location;

#[path = "agrees.rs"]
mod agrees;

use block_stm_example::{Executor, Fault};
use seriatim::subject::{Check, OverShims};

#[test]
fn wrong_index() {
    found(Fault::WrongIndex);
}

#[test]
fn counted_twice() {
    found(Fault::CountedTwice);
}

fn found(fault: Fault) {
    let executor = Executor { fault: Some(fault) };
    let source = OverShims::function(agrees::capabilities(), move |request| agrees::answer(executor, request));
    let folder = tempfile::tempdir().expect("a folder for what is found");
    let error = Check::of(source).regressions(folder.path()).seed(1).judge().expect_err("the fault is not found");
    let report = error.to_string();
    println!("{report}");
    let place = Location::caller().file().replace("tests/figures.rs", "src/scheduler.rs:");
    assert!(report.contains(&place), "{place} is not named");
}
