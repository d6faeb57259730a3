//! What subjects are run on. A [`Plan`] is a string of choices, made by a fuzzer, a seed or a proptest strategy; a
//! [`Scenario`] is the plan materialised: parameters, genesis, signed blocks, rewinds. The shapes of real blocks
//! become scenarios as well. An [`Expectation`] is what the reference says of one. Nothing here knows an oracle or an
//! engine.

mod build;
mod chance;
mod classes;
mod expectation;
mod interleaved_plan;
mod keyring;
mod plan;
mod scenario;
mod shapes;
mod strategy;

pub use chance::mix;

pub use build::devnet::{Devnet, DevnetContent, DevnetStep, Segment};
pub use build::{Built, build};
pub use classes::ConflictClass;
pub use expectation::{Applied, Expectation, ExpectedStep};
pub use interleaved_plan::InterleavedPlan;
pub use plan::{HEADER_BYTES, Header, PLAN_VERSION, Plan, PlanError, RECORD_BYTES, Record};
pub use scenario::{SCENARIO_VERSION, Scenario, ScenarioError, Step};
pub use shapes::{Shape, ShapeError, ShapeKind, ShapeTransaction, real_shapes};
pub use strategy::plans;
