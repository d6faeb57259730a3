//! A violation whose field and values are texts: the form that scripts read in reports, and that files of version 1 have.

use serde::{Deserialize, Serialize, Serializer};

use super::{Difference, Oracle, Place, Violation};

/// A violation for readers that want text.
///
/// # Examples
/// ```
/// use seriatim_verdict::{Difference, Oracle, PlainViolation, Violation};
///
/// let violation = Violation::new(Oracle::Figures, "mine", Difference::new("fees", 750, 700).in_block(2));
/// let json = serde_json::to_value(PlainViolation::from(&violation))?;
/// assert_eq!(json["oracle"], "Figures");
/// assert_eq!(json["difference"]["place"]["block"], 2);
/// assert_eq!(json["difference"]["expected"], "750", "values are texts");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainViolation {
    pub oracle: Oracle,
    pub subject: String,
    pub difference: PlainDifference,
}

/// Its difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainDifference {
    pub place: Place,
    pub field: String,
    pub expected: String,
    pub actual: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<(String, String)>,
}

impl PlainViolation {
    /// Serialises `violation` in this form, for `serialize_with`.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize_of<S: Serializer>(violation: &Violation, serializer: S) -> Result<S::Ok, S::Error> {
        Self::from(violation).serialize(serializer)
    }
}

impl From<&Violation> for PlainViolation {
    fn from(violation: &Violation) -> Self {
        let Violation { oracle, subject, difference, transactions: _, state: _ } = violation;
        Self { oracle: *oracle, subject: subject.clone(), difference: difference.into() }
    }
}

impl From<&Difference> for PlainDifference {
    fn from(difference: &Difference) -> Self {
        let Difference { place, field, expected, actual, receipts } = difference;
        Self {
            place: place.clone(),
            field: field.to_string(),
            expected: expected.to_string(),
            actual: actual.to_string(),
            receipts: receipts.clone(),
        }
    }
}
