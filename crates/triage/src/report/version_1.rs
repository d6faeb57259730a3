//! Artifacts and regressions of version 1, whose fields, values and steps were words and Debug texts. They are converted as JSON, so
//! that whatever else changed since needs no type of its own here. This is the one place that takes such texts apart.

mod debug;
mod field;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::{ARTIFACT_VERSION, Artifact, ArtifactError, REGRESSION_VERSION, Regression};
use seriatim_explore::{Schedule, ScheduleV2};
use seriatim_lab::compare::{Difference, PlainViolation, Value, Violation};

/// Reads an artifact of version 1, whose digest must be that of its old content.
///
/// # Errors
/// Text that is no artifact, altered content.
pub(super) fn artifact(text: &str) -> Result<Artifact, ArtifactError> {
    let mut json: Json = serde_json::from_str(text)?;
    check_digest(&json)?;
    convert(&mut json, "signature", ARTIFACT_VERSION)?;
    convert_schedule(&mut json)?;
    Ok(read::<Artifact>(json)?.sealed())
}

/// Reads a regression of version 1.
///
/// # Errors
/// Text that is none.
pub(super) fn regression(text: &str) -> Result<Regression, ArtifactError> {
    let mut json: Json = serde_json::from_str(text)?;
    convert(&mut json, "once", REGRESSION_VERSION)?;
    convert_schedule(&mut json)?;
    Ok(read(json)?)
}

/// Puts the schedule into its present form.
fn convert_schedule(json: &mut Json) -> Result<(), ArtifactError> {
    let Some(old) = Option::<ScheduleV2>::deserialize(&json["schedule"])? else { return Ok(()) };
    let schedule = Schedule::try_from(old)?;
    json["schedule"] = serde_json::to_value(schedule)?;
    Ok(())
}

fn read<T: DeserializeOwned>(json: Json) -> Result<T, serde_json::Error> {
    serde_json::from_value(json)
}

/// The digest covered the content with an empty digest, in the order of its members, without white space.
fn check_digest(json: &Json) -> Result<(), ArtifactError> {
    let mut content = json.clone();
    let stated = std::mem::replace(&mut content["digest"], json!(""));
    let stated = String::deserialize(stated)?;
    let found = blake3::hash(content.to_string().as_bytes()).to_hex().to_string();
    if found == stated { Ok(()) } else { Err(ArtifactError::Altered { found, stated }) }
}

/// Puts the violation, its signature (the member of that name) and the version into their present form.
fn convert(json: &mut Json, signature: &str, version: u32) -> Result<(), serde_json::Error> {
    let violation = PlainViolation::deserialize(&json["violation"])?;
    let transactions = BTreeSet::deserialize(&json[signature]["transactions"])?;
    let violation = typed(violation, transactions);
    json[signature] = serde_json::to_value(violation.signature())?;
    json["violation"] = serde_json::to_value(violation)?;
    json["version"] = json!(version);
    Ok(())
}

fn typed(violation: PlainViolation, transactions: BTreeSet<String>) -> Violation {
    let PlainViolation { oracle, subject, difference } = violation;
    let value = |text: String| match debug::tree(&text) {
        Some(tree) => Value::from_tree(tree, text),
        None => Value::text(text),
    };
    let difference = Difference {
        place: difference.place,
        field: field::field(&difference.field),
        expected: value(difference.expected),
        actual: value(difference.actual),
        receipts: difference.receipts,
    };
    Violation { transactions, ..Violation::new(oracle, subject, difference) }
}
