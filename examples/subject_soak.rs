//! `cargo run --release --example subject_soak -- COUNT`: asks an adapter that misbehaves at random COUNT times, and says
//! what came of it. It needs `cargo build --release --example unruly_adapter` before.

use std::ops::{AddAssign, Range};
use std::time::Duration;

use seriatim::subject::process::{ProcessConfig, ProcessSubject, sample_requests};
use seriatim::subject::{Subject, SubjectError};

#[allow(dead_code)]
#[path = "unruly_adapter.rs"]
pub mod unruly_adapter;

/// How many requests came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub answers: u64,
    pub hangs: u64,
    pub crashes: u64,
    pub protocol: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.answers += other.answers;
        self.hangs += other.hangs;
        self.crashes += other.crashes;
        self.protocol += other.protocol;
    }
}

impl Counts {
    fn add(&mut self, kind: &str) {
        let field = match kind {
            "answer" => &mut self.answers,
            "hang" => &mut self.hangs,
            "crash" => &mut self.crashes,
            "protocol" => &mut self.protocol,
            other => panic!("{other}"),
        };
        *field += 1;
    }
}

/// What came of a request for each seed, what had to, and how often the process was started again.
pub fn soak(adapter: &str, seeds: Range<u64>) -> (Counts, Counts, u64) {
    let mut config = ProcessConfig::new(vec![adapter.to_owned(), "random".to_owned()]).expect("a command");
    config.request_limit = Duration::from_secs(2);
    config.memory_bytes = Some(1 << 30);
    let mut subject = ProcessSubject::start(config).expect("it starts well");
    let (_, mut request) = sample_requests(&subject.capabilities()).pop().expect("many payments");
    let (mut counted, mut expected) = (Counts::default(), Counts::default());
    // An answer too many is noticed at the next request, whose own fault then does not happen.
    let mut is_more = false;
    for seed in seeds {
        (request.id, request.seed) = (seed, seed);
        let (fault, kind) = unruly_adapter::chosen(seed).unwrap_or(("", "answer"));
        let has_more = unruly_adapter::TOO_MANY.contains(&fault);
        expected.add(match (is_more, has_more) {
            (true, _) => "protocol",
            (false, true) => "answer",
            (false, false) => kind,
        });
        is_more = !is_more && has_more;
        let answer = subject.execute(&request);
        counted.add(match answer {
            Ok(answer) => {
                assert_eq!(answer.outcomes.len(), request.block.transactions.len());
                "answer"
            }
            Err(SubjectError::Hang { .. }) => "hang",
            Err(SubjectError::Crash { .. }) => "crash",
            Err(SubjectError::Protocol(_)) => "protocol",
            Err(error @ (SubjectError::Unended(_) | SubjectError::Panicked(_) | SubjectError::Start { .. })) => {
                panic!("{error}")
            }
        });
    }
    (counted, expected, subject.restarts())
}

/// Resident memory of this process in KiB, by pages of 4 KiB.
pub fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4
}

#[expect(clippy::disallowed_methods, reason = "it says how long it took")]
#[allow(dead_code)]
fn main() {
    let requests: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).expect("a number of requests");
    let adapter = std::env::current_exe().expect("a path").with_file_name("unruly_adapter");
    let adapter = adapter.to_str().expect("UTF-8");
    let start = std::time::Instant::now();
    let (mut counted, mut expected, mut restarts) = (Counts::default(), Counts::default(), 0);
    println!("resident memory: {} KiB", resident_kib());
    for part in 0..10 {
        let seeds = requests * part / 10..requests * (part + 1) / 10;
        let came = soak(adapter, seeds.clone());
        counted += came.0;
        expected += came.1;
        restarts += came.2;
        println!("resident memory after {} requests: {} KiB", seeds.end, resident_kib());
    }
    println!("{requests} requests in {:.1} s, {restarts} restarts", start.elapsed().as_secs_f64());
    println!("counted  {counted:?}\nexpected {expected:?}");
    assert_eq!(counted, expected);
}
