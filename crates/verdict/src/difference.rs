//! Where an observation first differs from what was expected: place, field and both values.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Field, FieldDifference, Fields, Place, Value};

/// A field with the value that was expected and the one that was found.
///
/// # Examples
/// ```
/// use seriatim_verdict::Difference;
///
/// let difference = Difference::new("fees", 750_u64, 700_u64).in_block(2).at_transaction(0);
/// assert_eq!(difference.to_string(), "block 2, transaction 0, fees: expected 750, got 700");
/// assert_eq!(difference.fields().differing[0].distance().unwrap(), "50 too few");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub place: Place,
    pub field: Field,
    pub expected: Value,
    pub actual: Value,
    /// The names of both variants, where outcomes of a transaction differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<(String, String)>,
}

/// The number of fields that a line names.
const MOST_FIELDS: usize = 3;

impl Difference {
    /// Makes a difference that belongs to no block yet, of two values that have a structure.
    pub fn new(
        field: impl Into<Field>,
        expected: impl fmt::Debug + Serialize,
        actual: impl fmt::Debug + Serialize,
    ) -> Self {
        Self::of_values(field, Value::of(&expected), Value::of(&actual))
    }

    /// Makes the same of two values that exist already.
    pub fn of_values(field: impl Into<Field>, expected: Value, actual: Value) -> Self {
        Self { place: Place::default(), field: field.into(), expected, actual, receipts: None }
    }

    /// Places it in the block that was applied as number `block`.
    pub fn in_block(self, block: usize) -> Self {
        Self { place: Place { block: Some(block), ..self.place }, ..self }
    }

    /// Places it at one transaction of the block.
    pub fn at_transaction(self, tx_index: usize) -> Self {
        Self { place: Place { transactions: vec![tx_index], ..self.place }, ..self }
    }

    /// Places it at a topoheight of the final chain.
    pub fn at_topoheight(self, topoheight: u64) -> Self {
        Self { place: Place { topoheight: Some(topoheight), ..self.place }, ..self }
    }

    /// Adds an aspect around those that the field has.
    pub fn under(self, aspect: impl Into<String>) -> Self {
        Self { field: self.field.under(aspect), ..self }
    }

    /// Adds the names of both outcomes.
    pub fn between(self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { receipts: Some((expected.into(), actual.into())), ..self }
    }

    /// Compares both values field by field.
    pub fn fields(&self) -> Fields {
        Fields::of(&self.expected, &self.actual)
    }

    /// Gives both values as text. A structure is shown by the fields that differ, and only by the first ones if they are many.
    fn shown(&self) -> (String, String) {
        let Fields { differing, .. } = self.fields();
        if differing.iter().any(|difference| difference.field.is_empty()) {
            return (self.expected.to_string(), self.actual.to_string());
        }
        let shown = |value: fn(&FieldDifference) -> &str| {
            let of = |difference: &FieldDifference| match value(difference) {
                "" => format!("no {}", difference.field),
                value => format!("{} {value}", difference.field),
            };
            let first: Vec<String> = differing.iter().take(MOST_FIELDS).map(of).collect();
            let more = differing.len() - first.len();
            first.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        (shown(|difference| &difference.expected), shown(|difference| &difference.actual))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (expected, actual) = self.shown();
        write!(f, "{}{}: expected {expected}, got {actual}", self.place, self.field)
    }
}
