//! A violation as something to keep and to look at: one file that anybody can replay, a text and a page that show it.

mod artifact;
mod artifact_v1;
mod capture;
mod case;
mod html;
mod lanes;
mod last_block;
mod mismatch_artifacts;
mod mismatch_violation;
mod names;
mod points;
mod regression;
mod replay;
mod svg;
mod timeline;

pub use artifact::{
    ARTIFACT_VERSION, Artifact, ArtifactError, Origin, PROCESS, PROGRAM, Rate, Smaller, Stored, write_whole,
};
pub(crate) use artifact::{beside, folder_of};
pub use capture::capture;
pub use case::{Report, Rerun};
pub use lanes::Style;
pub use mismatch_artifacts::{ArtifactsError, Kept, KeptWhere, MismatchArtifacts};
pub use points::FaultPoints;
pub use regression::{PromoteError, REGRESSION_VERSION, Regression};
pub use replay::{Divergence, Near, Replay};
