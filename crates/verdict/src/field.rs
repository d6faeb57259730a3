//! What differs, as a name with typed keys and members. Its words are for readers only: code compares the parts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The thing in which two values differ.
///
/// # Examples
/// ```
/// use seriatim_verdict::{Field, Key, Role};
///
/// let balance = |account: &str| Field::named("balance").key(" of ", Role::Account, Key::text(account));
/// assert_eq!(balance("alice").to_string(), "balance of alice");
/// assert_eq!(balance("alice").kind(), balance("bob").kind(), "one kind of thing, in two accounts");
/// assert_eq!(balance("alice").key_of(Role::Account), Some(&Key::text("alice")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Words that say which side of it is meant, the outermost first: `applied again,`, `the ledger:`, `version of`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aspects: Vec<String>,
    /// `balance`, `metadata`, `tasks spawned`.
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<NamedKey>,
    /// Members of the value that differ, by their names in the code; empty if the whole value is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
    /// Words that say when it was looked at: `after undoing every block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moment: Option<String>,
}

/// A key with its part in the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedKey {
    /// The text that joins it to what stands before it, spaces included: ` of `.
    joint: String,
    role: Role,
    key: Key,
}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Account,
    Asset,
    Transaction,
    /// A nonce, a position or a count.
    Number,
    /// Another subject, with which the one that is wrong was compared.
    Subject,
}

/// A name or number of the system. It is opaque: two keys are equal or they are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// Makes the key that stands for `value` of its Debug text.
    pub fn of(value: impl fmt::Debug) -> Self {
        Self(format!("{value:?}"))
    }

    /// Makes a key of what is text already.
    pub fn text(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Field {
    /// Makes a field without keys.
    pub fn named(name: impl Into<String>) -> Self {
        let (aspects, keys, members) = (Vec::new(), Vec::new(), Vec::new());
        Self { aspects, name: name.into(), keys, members, moment: None }
    }

    /// Adds a key, which `joint` joins to the words before it.
    pub fn key(mut self, joint: impl Into<String>, role: Role, key: Key) -> Self {
        self.keys.push(NamedKey { joint: joint.into(), role, key });
        self
    }

    /// Says that only these members of the value differ.
    pub fn members(self, members: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { members: members.into_iter().map(Into::into).collect(), ..self }
    }

    /// Adds an aspect around those that it has.
    pub fn under(mut self, aspect: impl Into<String>) -> Self {
        self.aspects.insert(0, aspect.into());
        self
    }

    /// Says when it was looked at.
    pub fn at(self, moment: impl Into<String>) -> Self {
        Self { moment: Some(moment.into()), ..self }
    }

    /// Tells whether it is the thing of that name itself, and no aspect of it.
    pub fn is(&self, name: &str) -> bool {
        self.aspects.is_empty() && self.moment.is_none() && self.name == name
    }

    /// Finds the first key in that role.
    pub fn key_of(&self, role: Role) -> Option<&Key> {
        self.keys.iter().find(|key| key.role == role).map(|key| &key.key)
    }

    /// Gives the only member that differs, if it is only one.
    pub fn only_member(&self) -> Option<&str> {
        match self.members.as_slice() {
            [member] => Some(member),
            _ => None,
        }
    }

    /// Tells whether the words name the member that is written like this.
    pub fn names_member(&self, words: &str) -> bool {
        self.members.iter().any(|member| member.replace('_', " ") == words)
    }

    /// Gives the words with a `_` in the place of each key. Fields of one kind have them in common.
    pub fn kind(&self) -> String {
        self.words(|_| "_")
    }

    fn words(&self, shown: fn(&Key) -> &str) -> String {
        let Self { aspects, name, keys, members, moment } = self;
        let mut words = aspects.clone();
        words.push(name.clone());
        let mut text = words.join(" ");
        for NamedKey { joint, role: _, key } in keys {
            text += joint;
            text += shown(key);
        }
        if !members.is_empty() {
            text += ": ";
            text += &members.join(", ").replace('_', " ");
        }
        if let Some(moment) = moment {
            text += " ";
            text += moment;
        }
        text
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(|key| &key.0))
    }
}

impl From<&str> for Field {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_every_part_and_the_kind_has_no_keys() {
        let balance =
            Field::named("balance").key(" of ", Role::Account, Key::of(7)).key(" in ", Role::Asset, Key::of(0));
        assert_eq!(
            (balance.to_string(), balance.kind()),
            ("balance of 7 in 0".to_owned(), "balance of _ in _".to_owned())
        );
        assert!(balance.is("balance") && balance.key_of(Role::Asset) == Some(&Key::of(0)));
        let later = balance.under("version of").under("applied again,").at("after undoing every block");
        assert_eq!(later.to_string(), "applied again, version of balance of 7 in 0 after undoing every block");
        assert!(!later.is("balance"));
        let members = Field::named("metadata").members(["fees", "burned_supply"]);
        assert_eq!(members.kind(), "metadata: fees, burned supply");
        assert_eq!(members.only_member(), None);
    }

    #[test]
    fn a_field_reads_back() {
        let field = Field::named("nonce").key(" ", Role::Number, Key::of(3)).under("the ledger:").members(["fees"]);
        let json = serde_json::to_string(&field).expect("plain data");
        assert_eq!(serde_json::from_str::<Field>(&json).expect("it was written"), field);
    }
}
