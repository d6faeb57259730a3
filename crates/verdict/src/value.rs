//! A value as structure, which code compares, and as text, which readers see.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value's structure, as serde has it: structures are objects, a variant is an object with its name as the only key.
pub type Tree = serde_json::Value;

/// A hash or key has so many hexadecimal digits, and this many of them are shown.
const HASH_DIGITS: usize = 64;
const SHOWN_DIGITS: usize = 8;

/// A value that was expected or found.
///
/// # Examples
/// ```
/// use seriatim_verdict::Value;
///
/// let value = Value::of(&Some(7_u64));
/// assert_eq!(value.to_string(), "Some(7)");
/// assert_eq!(value.number(), Some(7));
/// let balance = Value::from_tree(serde_json::json!({ "amount": 7, "asset": "TOS" }), "7 TOS");
/// assert_eq!((balance.to_string(), balance.member("asset")), ("7 TOS".to_owned(), Some("TOS".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    text: String,
    tree: Tree,
}

impl Value {
    /// Makes a value with its Debug text. A structure that JSON cannot hold (a number beyond 64 bits) is kept as that text alone.
    pub fn of<T: fmt::Debug + Serialize + ?Sized>(value: &T) -> Self {
        let text = format!("{value:?}");
        let tree = serde_json::to_value(value).unwrap_or_else(|_| Tree::String(text.clone()));
        Self { text, tree }
    }

    /// Makes a value that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { tree: Tree::String(text.clone()), text }
    }

    /// Makes a value of which only the Debug text is kept.
    pub fn debug(value: impl fmt::Debug) -> Self {
        Self::text(format!("{value:?}"))
    }

    /// Makes a value of a structure and the text that is shown for it.
    pub fn from_tree(tree: Tree, text: impl Into<String>) -> Self {
        Self { text: text.into(), tree }
    }

    /// Shows another text for the same structure.
    pub fn with_text(self, text: impl Into<String>) -> Self {
        Self::from_tree(self.tree, text)
    }

    /// Gives the structure.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Gives the member of that name as text, if it is a structure with one.
    pub fn member(&self, name: &str) -> Option<String> {
        self.tree.get(name).map(shown)
    }

    /// Gives the number, if it is one or a variant that wraps one.
    pub fn number(&self) -> Option<u64> {
        match variant(&self.tree) {
            Some((_, wrapped)) => wrapped.as_u64(),
            None => self.tree.as_u64(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Gives name and content of a variant that wraps something. Names of variants begin with a capital letter, those of fields do not.
pub(super) fn variant(tree: &Tree) -> Option<(&str, &Tree)> {
    let object = tree.as_object().filter(|object| object.len() == 1)?;
    let (name, wrapped) = object.iter().next()?;
    name.starts_with(|first: char| first.is_ascii_uppercase()).then_some((name, wrapped))
}

/// Gives a tree as text. What a variant wraps once stands for the variant, as in `Some`.
pub(super) fn shown(tree: &Tree) -> String {
    match tree {
        Tree::Null => "None".to_owned(),
        Tree::Bool(_) | Tree::Number(_) => tree.to_string(),
        Tree::String(text) if is_hash(text) => text[..SHOWN_DIGITS].to_owned(),
        Tree::String(text) => text.clone(),
        Tree::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Tree::Object(object) => match variant(tree) {
            Some((name, wrapped @ (Tree::Object(_) | Tree::Array(_)))) => format!("{name} {}", shown(wrapped)),
            Some((_, wrapped)) => shown(wrapped),
            None => {
                let members = object.iter().map(|(name, value)| format!("{name}: {}", shown(value)));
                format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
            }
        },
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_64_bits_stays_text() {
        let value = Value::of(&u128::MAX);
        assert_eq!((value.number(), value.tree()), (None, &Tree::String(u128::MAX.to_string())));
        assert_eq!(Value::of(&Some(7_u64)).number(), Some(7));
    }

    #[test]
    fn hashes_are_shown_short_and_variants_by_what_they_wrap() {
        let tree = serde_json::json!({ "hash": "ab".repeat(32), "state": { "Amount": 5 }, "none": null });
        assert_eq!(shown(&tree), "{ hash: abababab, state: 5, none: None }");
    }
}
