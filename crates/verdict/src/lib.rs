//! What a comparison says, as plain data: a verdict, its evidence, or the violation with the first difference. These
//! types know no ledger and import nothing of the other crates; the oracles make them.
//!
//! Stable, as far as version 0.x allows: [`Verdict`], [`Violation`], [`Difference`], [`Signature`], [`Oracle`] and
//! [`PlainViolation`]; the JSON of the last one and of [`Place`] and [`Signature`] is part of the versioned forms that
//! scripts read. Internal, and free to change at any release: the words and the constructors of [`Field`], and how
//! [`Value`] and [`Fields`] show values.

mod difference;
mod evidence;
mod field;
mod fields;
mod oracle;
mod place;
mod plain;
mod signature;
mod value;
mod violation;

pub use difference::Difference;
pub use evidence::Evidence;
pub use field::{Field, Key, NamedKey, Role};
pub use fields::{FieldDifference, Fields};
pub use oracle::Oracle;
pub use place::Place;
pub use plain::{PlainDifference, PlainViolation};
pub use signature::Signature;
pub use value::{Tree, Value};
pub use violation::Violation;

/// The result of a comparison. It is a value and never an assertion: only the outermost edge panics or exits.
///
/// # Examples
/// ```
/// use seriatim_verdict::{Difference, Evidence, Oracle, Verdict, Violation};
///
/// fn compare(expected: u64, actual: u64) -> Verdict {
///     if expected == actual {
///         return Verdict::Agree(Evidence { observations: 1, ..Evidence::default() });
///     }
///     Violation::new(Oracle::Figures, "mine", Difference::new("fees", expected, actual)).into()
/// }
///
/// assert!(compare(7, 7).into_violation().is_none());
/// let violation = compare(750, 700).into_violation().unwrap();
/// assert_eq!(violation.to_string(), "figures: mine: fees: expected 750, got 700");
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing differs, and the evidence says how much was looked at.
    Agree(Evidence),
    /// A subject is wrong.
    Violation(Box<Violation>),
}

impl Verdict {
    /// The violation, if it is one.
    pub fn into_violation(self) -> Option<Box<Violation>> {
        match self {
            Self::Violation(violation) => Some(violation),
            Self::Agree(_) => None,
        }
    }
}

impl From<Violation> for Verdict {
    fn from(violation: Violation) -> Self {
        Self::Violation(Box::new(violation))
    }
}
