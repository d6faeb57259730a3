//! Labels, keys and values as a recording holds them. The types of the system are erased to what `Debug` shows of them. The
//! text is compared and printed; nobody takes it apart.

use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};

use serde::{Deserialize, Serialize};

/// The name that an object was given when it was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(Cow<'static, str>);

/// A key of a map, or what a storage was asked for. Two are equal if they are shown alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

/// A value at one moment. Two are equal if they are shown alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shown {
    text: String,
    /// What the value consists of, where the recorder knows its type. A file does not keep it.
    #[serde(skip)]
    facts: Option<BTreeSet<Key>>,
}

/// Takes a value apart into independent facts; None: it does not know the value's type. A value only adds to another if it
/// has all facts of the other and more. `Debug` cannot say that, and a trait of every map's values would ask it of types
/// that nobody ever wants to compare so.
pub type Anatomy = fn(&dyn Any) -> Option<BTreeSet<Key>>;

thread_local! {
    static ANATOMY: Cell<Anatomy> = const { Cell::new(|_| None) };
}

/// Values that are shown from now on are taken apart so.
pub(super) fn set_anatomy(anatomy: Anatomy) {
    ANATOMY.set(anatomy);
}

impl From<&'static str> for Label {
    fn from(label: &'static str) -> Self {
        Self(Cow::Borrowed(label))
    }
}

impl From<String> for Label {
    fn from(label: String) -> Self {
        Self(Cow::Owned(label))
    }
}

impl PartialEq<str> for Label {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl Key {
    /// The key as `Debug` shows it.
    pub fn of(key: &impl Debug) -> Self {
        Self(format!("{key:?}"))
    }

    /// Words that stand for a key.
    pub fn text(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Shown {
    /// The value as `Debug` shows it now.
    pub fn of<V: Debug + 'static>(value: &V) -> Self {
        Self { text: format!("{value:?}"), facts: ANATOMY.get()(value) }
    }

    /// Words that are no value's.
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), facts: None }
    }

    /// Whether the value has all that `before` had, unchanged, and more. False where nobody knows what they consist of.
    pub fn adds_to(&self, before: &Self) -> bool {
        match (&self.facts, &before.facts) {
            (Some(facts), Some(before)) => facts.len() > before.len() && facts.is_superset(before),
            _ => false,
        }
    }
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Shown {}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
