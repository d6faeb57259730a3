//! Ending every subject at once. The test has a process of its own: the subjects of any other test in it would end, too.

#![cfg(unix)]

use seriatim::subject::process::{ProcessConfig, ProcessSubject, kill_all, sample_requests};
use seriatim::subject::{Subject, SubjectError};
use seriatim_testkit::python::python3;

#[test]
fn all_are_killed_at_once_and_start_again_when_asked() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/subjects/ledger.py");
    let Some(python) = python3() else { return };
    let config = ProcessConfig::new(vec![python.to_owned(), script.to_owned()]).unwrap();
    let mut subjects = [(); 2].map(|()| ProcessSubject::start(config.clone()).unwrap());
    kill_all();
    for subject in &mut subjects {
        let (_, request) = sample_requests(&subject.capabilities()).swap_remove(1);
        let error = subject.execute(&request).unwrap_err();
        assert_eq!(error, SubjectError::Crash { status: "signal 9".to_owned(), stderr: String::new() });
        assert!(subject.execute(&request).is_ok());
        assert_eq!(subject.restarts(), 1);
    }
}
