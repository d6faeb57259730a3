//! The command, killed at seeded moments: the ledger that it leaves is one at the end of a block, and the final ledger equals
//! that of an uninterrupted run. It has a process of its own, because its limits are times: beside the other tests of the
//! command, too few blocks would come between two kills.

mod kills;

use std::path::Path;
use std::time::Duration;

#[test]
fn twelve_kills_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_seriatim"));
    let tally = kills::kill(binary, folder.path(), 20, 12, Duration::from_millis(400), 60);
    // It looked: most kills met a chain, and the chain went on between them.
    assert_eq!(tally.kills, 12);
    assert!(tally.tops.is_sorted() || tally.reorganisations > 0, "{tally:?}");
    assert!(tally.reorganisations >= 5, "{tally:?}");
}
