//! A violation as something to keep and to look at: one file that anybody can replay.

mod artifact;

pub use artifact::{ARTIFACT_VERSION, Artifact, ArtifactError, Origin, Smaller, Stored, write_whole};
