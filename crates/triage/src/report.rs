//! A violation as something to keep and to look at: one file that anybody can replay, a text and a page that show it.

mod artifact;
mod block;
mod case;
mod columns;
mod html;
mod index;
mod lanes;
mod names;
mod operations;
mod points;
mod regression;
mod state;
mod svg;
mod timeline;
mod version_1;
mod words;

pub use artifact::{
    ARTIFACT_VERSION, Artifact, ArtifactError, AskedWith, Origin, PROCESS, PROGRAM, Rate, Smaller, Stored, beside,
    folder_of, write_whole,
};
pub use case::{Report, Retraced};
pub use index::{Card, Index};
pub use lanes::Style;
pub use points::FaultPoints;
pub use regression::{PromoteError, REGRESSION_VERSION, Regression};
