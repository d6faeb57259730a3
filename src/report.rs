//! A violation as something to keep and to look at: one file that anybody can replay.

mod artifact;
mod replay;

pub use artifact::{ARTIFACT_VERSION, Artifact, ArtifactError, Origin, Smaller, Stored, write_whole};
pub use replay::{Divergence, Near, Replay};
