//! Payments on the ledger of `docs/book/reference/semantics.md`, as a subject in another process: `docs/book/reference/subject-protocol.md` is what it
//! speaks. It uses nothing of this crate: this is what a stranger writes.
//!
//! With `--fault` it charges no fee for a transaction of several transfers when it has more than two workers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

const TOS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Per account: the nonce before the block, and those that its transactions used.
type Nonces = BTreeMap<String, (u64, BTreeSet<u64>)>;

/// Executes one transaction on `accounts`; None, with no balance changed, if a check fails.
fn pay(tx: &Value, state: &Value, accounts: &mut Value, nonces: &mut Nonces, free: bool) -> Option<()> {
    let (body, transfers) = (&tx["body"], tx["body"]["data"]["Transfers"].as_array()?);
    let (source, nonce) = (body["source"].as_str()?, body["nonce"].as_u64()?);
    let stored = accounts.get(source)?["nonce"].as_u64().unwrap_or(0);
    let (first, used) = nonces.entry(source.to_owned()).or_insert((stored, BTreeSet::new()));
    let is_nonce = nonce >= *first && nonce < u64::MAX && !used.contains(&nonce);
    let is_known = body["reference"]["topoheight"].as_u64()? <= state["topoheight"].as_u64()? + 1;
    // A second copy in the block has a nonce that is used.
    let is_new = tx["multisig"].is_null() && !state["executed"].as_array()?.contains(&tx["hash"]);
    (is_nonce && is_known && is_new && (1..=255).contains(&transfers.len())).then_some(())?;
    let fee = if free && transfers.len() > 1 { 0 } else { body["fee"].as_u64()? };
    let (mut changes, mut extra) = (vec![(source, TOS, -i128::from(fee))], 0);
    for transfer in transfers {
        let (asset, to) = (transfer["asset"].as_str()?, transfer["destination"].as_str()?);
        let (amount, bytes) = (transfer["amount"].as_u64()?, transfer["extra_data"].as_str().map_or(0, str::len) / 2);
        extra += bytes;
        let is_known = state["assets"].as_array()?.contains(&transfer["asset"]);
        (is_known && to != source && bytes <= 128 && extra <= 4096).then_some(())?;
        changes.extend([(source, asset, -i128::from(amount)), (to, asset, i128::from(amount))]);
    }
    let mut after = BTreeMap::new();
    for (account, asset, change) in changes {
        let before = accounts[account]["balances"][asset].as_u64().unwrap_or(0);
        *after.entry((account, asset)).or_insert(i128::from(before)) += change;
    }
    after.values().all(|&balance| u64::try_from(balance).is_ok()).then_some(())?;
    for ((account, asset), balance) in after {
        accounts[account]["balances"][asset] = json!(balance);
    }
    used.insert(nonce).then(|| accounts[source]["nonce"] = used.last().map(|most| most + 1).into())
}

fn main() {
    let capabilities = json!({"name": "ledger_adapter", "assumes": ["valid_signatures", "minimum_fee"]});
    println!("{}", json!({"protocol": 1, "capabilities": capabilities}));
    for line in std::io::stdin().lines() {
        let request: Value = serde_json::from_str(&line.expect("a line")).expect("a request");
        let (state, mut nonces) = (&request["state"], Nonces::new());
        let mut accounts = state["accounts"].clone();
        let free = request["workers"].as_u64() > Some(2) && std::env::args().any(|argument| argument == "--fault");
        let execute = |tx| pay(tx, state, &mut accounts, &mut nonces, free).map_or("failed", |()| "executed");
        let block = request["block"]["transactions"].as_array().into_iter().flatten();
        let outcomes: Value = block.map(execute).collect();
        println!("{}", json!({"id": request["id"], "outcomes": outcomes, "state": {"accounts": accounts}}));
    }
}
