//! Bytes, and an artifact with bytes changed, cut out and put in: reading ends with an artifact or an error, never with a
//! panic, and what is read writes back to what reads the same. `fuzz/run artifact` starts it.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use seriatim::report::Artifact;

/// One counterexample of a canary, kept as it was written: in version 1.
const OLD: &str = include_str!("../../crates/triage/tests/triage/artifact/version-1.json");

/// The same in the present version.
static KEPT: LazyLock<String> = LazyLock::new(|| Artifact::from_json(OLD).expect("it was written so").to_json());

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Text(&'a [u8]),
    Changed { changes: Vec<(u32, Change<'a>)>, old: bool, reseal: bool },
}

#[derive(Arbitrary, Debug)]
enum Change<'a> {
    Replace(u8),
    Remove(u8),
    Insert(&'a [u8]),
}

fn read(text: &str) -> Option<Artifact> {
    let artifact = Artifact::from_json(text).ok()?;
    assert_eq!(Artifact::from_json(&artifact.to_json()).as_ref().ok(), Some(&artifact));
    Some(artifact)
}

fuzz_target!(|input: Input| {
    match input {
        Input::Text(bytes) => {
            read(&String::from_utf8_lossy(bytes));
        }
        Input::Changed { changes, old, reseal } => {
            let mut bytes = if old { OLD } else { &KEPT }.as_bytes().to_vec();
            for (at, change) in changes {
                let at = at as usize % bytes.len().max(1);
                match change {
                    Change::Replace(byte) if !bytes.is_empty() => bytes[at] = byte,
                    Change::Remove(count) => drop(bytes.drain(at..(at + usize::from(count)).min(bytes.len()))),
                    Change::Insert(new) => drop(bytes.splice(at..at, new.iter().copied())),
                    Change::Replace(_) => {}
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            read(&text);
            // Past the digest, to what is checked behind it.
            if reseal && let Ok(artifact) = serde_json::from_str::<Artifact>(&text) {
                read(&artifact.sealed().to_json());
            }
        }
    }
});
