//! What becomes of a violation: [`minimise`] makes its case smaller, [`explain`] says why it shows, [`report`] keeps it
//! as a file and shows it as text and as a page. [`replay`] and [`retrace`] run a kept case again.
//!
//! Stable, as far as version 0.x allows: [`report::Artifact`] and [`report::Regression`] with their files, which have
//! versions and are read in older ones too, [`minimise::minimise`], [`explain::explain`] and the names of
//! [`explain::Anomaly`]. Internal, and free to change at any release: the words of explanations, texts and pages of
//! reports, [`minimise::Probe`], and [`explain::access`].
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use seriatim_lab::workload::{Plan, Scenario, build};
//! use seriatim_lab::{BuiltinSubject, Canary, interleave};
//! use seriatim_tos::ledger::SignatureScheme;
//! use seriatim_triage::explain::{Anomaly, explain};
//! use seriatim_triage::minimise::{Case, UnderShuttle, minimise};
//! use seriatim_triage::report::{Artifact, Origin};
//!
//! // An executor that counts its reads by a load and a store loses one on some schedule.
//! let subject = BuiltinSubject::Canary(Canary::CountsByLoadAndStore);
//! let built = build(&Plan::sized(8, 12), SignatureScheme::Tagged);
//! let found = interleave(&built, subject, 1_234);
//! let signature = found.verdict.into_violation().expect("a read is lost").signature();
//!
//! let case = Case { scenario: built.scenario, schedule: found.schedule };
//! let explorer = |scenario: &Scenario| subject.explorer(scenario);
//! let smaller = minimise(&case, &signature, &mut UnderShuttle::new(&explorer), 500)?;
//! assert!(smaller.scenario.tx_count() < case.scenario.tx_count());
//!
//! let schedule = smaller.schedule.as_ref();
//! let explanation = explain(&smaller.scenario, schedule, &smaller.violation, &explorer);
//! assert_eq!(explanation.anomaly, Anomaly::LostUpdate);
//!
//! let origin = Origin { found_by: "an example".to_owned(), seed: 1_234, index: 0, plan: None };
//! let scenario = smaller.scenario.clone();
//! let artifact = Artifact::new(subject.to_string(), origin, smaller.violation, scenario, smaller.schedule);
//! let replay = artifact.replay(&subject.explorer(&smaller.scenario), 3, &mut |_| ControlFlow::Continue(()));
//! assert_eq!((replay.same, replay.divergence), (3, None), "the same schedule, three times");
//! # Ok::<(), seriatim_triage::minimise::NotShown>(())
//! ```

pub mod explain;
pub mod minimise;
pub mod replay;
pub mod report;
pub mod retrace;
