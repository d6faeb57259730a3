//! The command, killed at moments of no one's choosing: what it leaves is a ledger at a block's end, and it goes on to what it would
//! have come to.

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
