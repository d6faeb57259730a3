//! Ending every subject at once. Alone in its file: the others' subjects would end, too.

use seriatim::subject::process::{ProcessConfig, ProcessSubject, kill_all, sample_requests};
use seriatim::subject::{Subject, SubjectError};

#[test]
fn all_are_killed_at_once_and_start_again_when_asked() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/subjects/ledger.py");
    let config = ProcessConfig::new(vec!["python3".to_owned(), script.to_owned()]).unwrap();
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
