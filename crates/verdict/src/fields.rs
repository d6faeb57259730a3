//! Two values field by field, so that a reader sees the field that differs and not the three hundred characters around it.

use super::Value;
use super::value::{Tree, shown, variant};

/// One field in which two values differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// The names that lead to it, in words; empty for the whole value.
    pub field: String,
    /// The expected value as text; empty if that side has no such field.
    pub expected: String,
    /// The actual one, likewise.
    pub actual: String,
    /// Both values, where they are numbers.
    numbers: Option<(u64, u64)>,
}

/// All fields of two values.
///
/// # Examples
/// ```
/// use seriatim_verdict::{Fields, Value};
/// use serde::Serialize;
///
/// #[derive(Debug, Serialize)]
/// struct Metadata {
///     fees: u64,
///     burned_supply: u64,
/// }
///
/// let (expected, actual) = (Metadata { fees: 750, burned_supply: 9 }, Metadata { fees: 700, burned_supply: 9 });
/// let Fields { differing, equal } = Fields::of(&Value::of(&expected), &Value::of(&actual));
/// assert_eq!((&*differing[0].field, &*differing[0].expected, &*differing[0].actual), ("fees", "750", "700"));
/// assert_eq!(equal, ["burned supply"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pub differing: Vec<FieldDifference>,
    /// Names of those that do not differ.
    pub equal: Vec<String>,
}

impl FieldDifference {
    fn new(field: &str, expected: Option<&Tree>, actual: Option<&Tree>) -> Self {
        let text = |tree: Option<&Tree>| tree.map(shown).unwrap_or_default();
        let number = |tree: Option<&Tree>| tree.and_then(Tree::as_u64);
        let numbers = number(expected).zip(number(actual));
        Self { numbers, ..Self::of_texts(field, text(expected), text(actual)) }
    }

    fn of_texts(field: &str, expected: String, actual: String) -> Self {
        Self { field: field.to_owned(), expected, actual, numbers: None }
    }

    /// Says how far apart two numbers are.
    pub fn distance(&self) -> Option<String> {
        let (expected, actual) = self.numbers?;
        Some(if actual < expected {
            format!("{} too few", expected - actual)
        } else {
            format!("{} too many", actual - expected)
        })
    }
}

impl Fields {
    /// Compares two values. If no field differs, the values as a whole do.
    pub fn of(expected: &Value, actual: &Value) -> Self {
        let mut fields = Self::default();
        fields.compare("", Some(expected.tree()), Some(actual.tree()));
        fields.equal.retain(|name| !name.is_empty());
        if fields.differing.is_empty() {
            let whole = FieldDifference::new("", Some(expected.tree()), Some(actual.tree()));
            fields.differing.push(whole);
        }
        fields
    }

    /// Follows both trees as far as they have the same shape. None: that side has no such field.
    fn compare(&mut self, path: &str, expected: Option<&Tree>, actual: Option<&Tree>) {
        if let (Some(left), Some(right)) = (expected, actual)
            && let (Some(left), Some(right)) = (Named::of(left), Named::of(right))
            && (left.wrapped.is_some() || right.wrapped.is_some())
        {
            if left.name == right.name {
                self.compare(path, left.wrapped, right.wrapped);
            } else {
                self.variants(path, &left, &right);
            }
            return;
        }
        let members = |tree: Option<&Tree>| tree.is_none_or(is_structure);
        let items = |tree: Option<&Tree>| tree.is_none_or(Tree::is_array);
        if (members(expected) && members(actual)) || (items(expected) && items(actual)) {
            self.sides(path, expected, actual);
        } else if expected == actual {
            self.equal.push(path.to_owned());
        } else {
            self.differing.push(FieldDifference::new(path, expected, actual));
        }
    }

    /// Compares two variants of other names: the names differ, and those fields that are not the same in both.
    fn variants(&mut self, path: &str, left: &Named<'_>, right: &Named<'_>) {
        if [left, right].into_iter().all(|it| it.wrapped.is_none_or(is_structure)) {
            self.differing.push(FieldDifference::of_texts(path, left.name.to_owned(), right.name.to_owned()));
            self.sides(path, left.wrapped, right.wrapped);
        } else {
            self.differing.push(FieldDifference::of_texts(path, left.shown(), right.shown()));
        }
    }

    /// Compares the parts of two structures or lists.
    fn sides(&mut self, path: &str, expected: Option<&Tree>, actual: Option<&Tree>) {
        let (left, right) = (parts(path, expected), parts(path, actual));
        let find = |parts: &[(String, &'_ Tree)], name: &str| parts.iter().position(|(known, _)| known == name);
        for (name, tree) in &left {
            let other = find(&right, name).map(|at| right[at].1);
            self.compare(name, Some(tree), other);
        }
        for (name, tree) in right.iter().filter(|(name, _)| find(&left, name).is_none()) {
            self.compare(name, None, Some(tree));
        }
    }
}

/// A variant: its name, and what it wraps, if anything.
struct Named<'a> {
    name: &'a str,
    wrapped: Option<&'a Tree>,
}

impl<'a> Named<'a> {
    fn of(tree: &'a Tree) -> Option<Self> {
        match tree {
            Tree::String(name) => Some(Self { name, wrapped: None }),
            tree => variant(tree).map(|(name, wrapped)| Self { name, wrapped: Some(wrapped) }),
        }
    }
}

impl Named<'_> {
    fn shown(&self) -> String {
        self.wrapped.map_or_else(|| self.name.to_owned(), |wrapped| format!("{} {}", self.name, shown(wrapped)))
    }
}

/// Tells whether a tree has fields of its own.
fn is_structure(tree: &Tree) -> bool {
    tree.is_object() && variant(tree).is_none()
}

/// Gives the members or items of a tree, each with the path that leads to it.
fn parts<'a>(path: &str, tree: Option<&'a Tree>) -> Vec<(String, &'a Tree)> {
    let below = |name: &str| {
        if path.is_empty() { name.replace('_', " ") } else { format!("{path}, {}", name.replace('_', " ")) }
    };
    match tree {
        Some(Tree::Object(object)) => object.iter().map(|(name, tree)| (below(name), tree)).collect(),
        Some(Tree::Array(items)) => {
            items.iter().enumerate().map(|(at, tree)| (format!("{path}[{at}]"), tree)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(expected: Tree, actual: Tree) -> Fields {
        let value = |tree: Tree| Value::from_tree(tree.clone(), tree.to_string());
        Fields::of(&value(expected), &value(actual))
    }

    fn shown(fields: &Fields) -> Vec<(&str, &str, &str)> {
        fields.differing.iter().map(|it| (&*it.field, &*it.expected, &*it.actual)).collect()
    }

    #[test]
    fn only_the_field_that_differs_is_named() {
        let meta = |fees: u64| json!({ "block": "6198e458", "fees": fees, "emitted_supply": 1 });
        let fields = fields(meta(750), meta(700));
        assert_eq!(shown(&fields), [("fees", "750", "700")]);
        assert_eq!(fields.differing[0].distance().unwrap(), "50 too few");
        assert_eq!(fields.equal, ["block", "emitted supply"]);
    }

    #[test]
    fn other_variants_and_missing_fields_are_told() {
        let fields = fields(
            json!({ "Executed": { "hash": "0a", "fee": 1 } }),
            json!({ "Orphaned": { "hash": "0a", "error": { "InvalidNonce": { "next": 2, "given": 1 } } } }),
        );
        assert_eq!(shown(&fields)[..2], [("", "Executed", "Orphaned"), ("fee", "1", "")]);
        assert_eq!(shown(&fields)[2], ("error", "", "InvalidNonce { next: 2, given: 1 }"));
        assert_eq!(fields.equal, ["hash"]);
    }

    #[test]
    fn what_a_variant_wraps_differs_or_its_name_does() {
        let amount = |amount: u64| json!({ "Amount": amount });
        for (expected, actual, told) in [
            (amount(33), amount(50), ("33", "50")),
            (Tree::Null, amount(50), ("None", "50")),
            (amount(50), Tree::Null, ("50", "None")),
            (amount(50), json!({ "Flag": 50 }), ("Amount 50", "Flag 50")),
            (json!("Overflow"), json!({ "Flag": 50 }), ("Overflow", "Flag 50")),
        ] {
            assert_eq!(shown(&fields(expected, actual)), [("", told.0, told.1)]);
        }
    }

    #[test]
    fn texts_and_unlike_shapes_stay_whole() {
        assert_eq!(shown(&fields(json!("none"), json!("task 1 \"x\""))), [("", "none", "task 1 \"x\"")]);
        assert_eq!(shown(&fields(json!(1), json!([1, 2]))), [("", "1", "[1, 2]")]);
        assert_eq!(shown(&fields(json!([1, 2]), json!([1, 3, 4]))), [("[1]", "2", "3"), ("[2]", "", "4")]);
    }
}
