//! `seriatim node rollout`: an operator's word on a ledger that no node has open.

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::CliError;
use crate::cli::output::{Findings, Output, say};
use seriatim_node::NodeState;
use seriatim_tos::chain::Rollout;
use seriatim_tos::storage::RedbStorage;

use super::args::{RolloutAction, RolloutArgs};
use super::{NodeCliError, block_on};

/// The version of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Found {
    db: String,
    /// Whether the action changed anything.
    changed: bool,
    rollout: Rollout,
}

pub(super) fn run(args: &RolloutArgs) -> Result<ExitCode, CliError> {
    let output = Output::new("node rollout", args.json.json.as_ref(), None, &[("--db", Some(&args.db))])?;
    let storage = RedbStorage::open(&args.db).map_err(NodeCliError::Open)?;
    let state = |source| NodeCliError::State { path: args.db.clone(), source };
    let no_rollout = || NodeCliError::NoRolloutYet { path: args.db.clone() };
    let mut kept = block_on(NodeState::read(&storage))?.map_err(state)?.ok_or_else(no_rollout)?;
    let rollout = kept.rollout.as_mut().ok_or_else(no_rollout)?;
    let before = rollout.clone();
    let end = |end| NodeCliError::NoStage { path: args.db.clone(), end, stage: before.stage() };
    match args.action {
        RolloutAction::Hold => rollout.hold(),
        RolloutAction::Release => rollout.release(),
        RolloutAction::Advance if !rollout.advance() => return Err(end("after").into()),
        RolloutAction::Back if !rollout.go_back() => return Err(end("before").into()),
        RolloutAction::Show | RolloutAction::Advance | RolloutAction::Back => {}
    }
    let rollout = rollout.clone();
    let changed = rollout != before;
    if changed {
        storage.set_note(&kept.to_bytes()).map_err(|source| state(source.into()))?;
    }
    let found = Found { db: args.db.display().to_string(), changed, rollout };
    let rollout = &found.rollout;
    say!(
        output,
        "{}: stage {:?}, {} of {} blocks matched{}",
        found.db,
        rollout.stage(),
        rollout.matched_blocks(),
        rollout.needed_blocks(),
        if rollout.is_held() { ", held" } else { "" }
    );
    output.end(&Findings::made(VERSION, None, &found))
}
