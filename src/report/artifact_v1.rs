//! Artifacts of version 1. They differ from the present ones in the steps of their schedule alone.

use serde::{Deserialize, Serialize};

use super::{ARTIFACT_VERSION, Artifact, ArtifactError, Origin, Rate, Smaller};
use crate::compare::{Signature, Violation};
use crate::explore::{FaultPoint, ScheduleV2};
use crate::workload::Scenario;

/// The version of the artifacts that this file reads.
pub(super) const VERSION: u32 = 1;

/// An artifact as version 1 writes it, to the last character: its digest covers that.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArtifactV1 {
    version: u32,
    build: String,
    digest: String,
    subject: String,
    origin: Origin,
    signature: Signature,
    violation: Violation,
    smaller: Option<Smaller>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    schedule: Option<ScheduleV2>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<FaultPoint>,
    scenario: Scenario,
}

/// The artifact in the present version, with the digest of its present form.
///
/// # Errors
/// Text that is none, altered content, steps that version 1 does not have.
pub(super) fn read(text: &str) -> Result<Artifact, ArtifactError> {
    let mut old: ArtifactV1 = serde_json::from_str(text)?;
    let stated = std::mem::take(&mut old.digest);
    let json = serde_json::to_string(&old).expect("plain data with text keys");
    let found = blake3::hash(json.as_bytes()).to_hex().to_string();
    if found != stated {
        return Err(ArtifactError::Altered { found, stated });
    }
    let ArtifactV1 {
        version: _,
        build,
        digest,
        subject,
        origin,
        signature,
        violation,
        smaller,
        rate,
        schedule,
        fault,
        scenario,
    } = old;
    let schedule = schedule.map(TryInto::try_into).transpose()?;
    let artifact = Artifact {
        version: ARTIFACT_VERSION,
        build,
        digest,
        subject,
        origin,
        signature,
        violation,
        smaller,
        rate,
        schedule,
        fault,
        scenario,
    };
    Ok(artifact.sealed())
}
