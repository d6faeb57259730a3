//! An adapter that does everything wrong, for the tests of what its harness makes of it.
//!
//! `unruly_adapter WORD` misbehaves in that way at every odd seed, `unruly_adapter random` in a way of the seed's choice,
//! in a few requests of a hundred; [`chosen`] is the choice. Words of [`START`] spoil the hello. A good answer has
//! one note: the process's number.

use std::io::{BufRead, Write, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio, exit};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};

/// The ways to misbehave at a request, and what the harness is to say: `hang`, `crash` or `protocol`.
pub const FAULTS: [(&str, &str); 18] = [
    ("hang", "hang"),
    ("late", "hang"),
    ("deaf", "hang"),
    ("drip", "hang"),
    ("exit", "crash"),
    ("signal", "crash"),
    ("close", "crash"),
    ("grandchild", "crash"),
    ("memory", "crash"),
    ("stderr", "crash"),
    ("unfinished", "crash"),
    ("endless", "protocol"),
    ("lines", "protocol"),
    ("other", "protocol"),
    ("twice", "protocol"),
    ("malformed", "protocol"),
    ("bytes", "protocol"),
    ("escape", "protocol"),
];

/// Those that begin with a right answer: they are noticed at the next request.
pub const TOO_MANY: [&str; 2] = ["lines", "twice"];

/// The ways to spoil the hello.
pub const START: [(&str, &str); 5] =
    [("mute", "hang"), ("stillborn", "crash"), ("wrong", "protocol"), ("newer", "protocol"), ("idle", "protocol")];

/// The way for that seed, in about one of twenty; hangs, which each take their time, in one of two thousand.
pub fn chosen(seed: u64) -> Option<(&'static str, &'static str)> {
    let mixed = (seed ^ (seed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    if !mixed.is_multiple_of(20) {
        return None;
    }
    let chosen = FAULTS[(mixed / 20) as usize % FAULTS.len()];
    // These wait for a limit.
    let is_slow = chosen.1 == "hang" || matches!(chosen.0, "close");
    (!is_slow || (mixed / 20 / FAULTS.len() as u64).is_multiple_of(25)).then_some(chosen)
}

fn main() {
    let word = std::env::args().nth(1).unwrap_or_default();
    let hello = json!({"protocol": 1, "capabilities": {"name": "unruly"}});
    match word.as_str() {
        "mute" => forever(),
        "stillborn" => exit(7),
        "wrong" => println!("ready"),
        "newer" => println!(r#"{{"protocol":2,"news":[]}}"#),
        "idle" => println!(r#"{{"protocol":1,"capabilities":{{"name":"x","supports":{{"workers":[0]}}}}}}"#),
        "fickle" => println!(r#"{{"protocol":1,"capabilities":{{"name":"{}"}}}}"#, std::process::id()),
        _ => println!("{hello}"),
    }
    let mut input = stdin().lock();
    let mut line = String::new();
    loop {
        if word == "deaf" {
            forever();
        }
        line.clear();
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let request: Value = serde_json::from_str(&line).expect("a request");
        let answer = answer(&request);
        let seed = request["seed"].as_u64().unwrap_or(0);
        let fault = match word.as_str() {
            "random" => chosen(seed).map_or("", |(fault, _)| fault),
            word if seed % 2 == 1 => word,
            _ => "",
        };
        misbehave(fault, &answer);
    }
}

fn answer(request: &Value) -> Value {
    let count = request["block"]["transactions"].as_array().map_or(0, Vec::len);
    let state = json!({"accounts": request["state"]["accounts"]});
    json!({"id": request["id"], "outcomes": vec!["failed"; count], "state": state, "notes": [std::process::id().to_string()]})
}

fn forever() -> ! {
    loop {
        sleep(Duration::from_hours(1));
    }
}

fn write(bytes: &[u8]) {
    let mut output = stdout().lock();
    // Whoever reads may have had enough.
    if output.write_all(bytes).and_then(|()| output.flush()).is_err() {
        exit(1);
    }
}

fn misbehave(fault: &str, answer: &Value) {
    let line = format!("{answer}\n");
    match fault {
        "hang" | "deaf" => forever(),
        "late" => {
            sleep(Duration::from_mins(1));
            write(line.as_bytes());
        }
        "drip" => loop {
            write(b" ");
            eprintln!("soon");
            sleep(Duration::from_millis(5));
        },
        "exit" | "fickle" => {
            eprintln!("so \u{1b}[31mlong");
            exit(3);
        }
        "signal" => {
            let _ = kill_process(getpid(), Signal::TERM);
            forever();
        }
        "close" => {
            // What takes this process over writes elsewhere.
            let _ = Command::new("sleep").arg("3600").stdout(Stdio::null()).exec();
        }
        "grandchild" => {
            let _ = Command::new("sleep").arg("3600").stdin(Stdio::inherit()).spawn();
            exit(4);
        }
        "memory" => {
            let mut all = Vec::new();
            for _ in 0..64 {
                // Never touched, so only the address space counts.
                all.push(vec![0_u8; 1 << 28]);
            }
            std::hint::black_box(&all);
            exit(6);
        }
        "stderr" => {
            for number in 0..2_000 {
                eprintln!("{number} \u{1b}]0;{}", "x".repeat(300));
            }
            exit(5);
        }
        "unfinished" => {
            write(line.trim_end().as_bytes());
            exit(0);
        }
        "endless" => loop {
            write(&[b'x'; 1 << 12]);
        },
        "lines" => loop {
            write(line.as_bytes());
        },
        "other" => {
            let mut answer = answer.clone();
            answer["id"] = json!(answer["id"].as_u64().unwrap_or(0) + 1);
            write(format!("{answer}\n").as_bytes());
        }
        "twice" => write(line.repeat(2).as_bytes()),
        "malformed" => write(line.replace("outcomes", "outcome").as_bytes()),
        "bytes" => write(&[line.as_bytes()[..line.len() - 3].to_vec(), b"\"\xff\"}\n".to_vec()].concat()),
        "escape" => write(b"\x1b[2J\x1b]0;owned\x07\n"),
        _ => write(line.as_bytes()),
    }
}
