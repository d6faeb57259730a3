//! Reads the words of a field.

use seriatim_lab::compare::{Field, Key, Role};

/// These aspects stood before the name.
const ASPECTS: [&str; 4] = ["newest version of ", "version of ", "link of ", "pointer of "];

/// Reads the field of such words. Words that are not known become a name.
pub(super) fn field(words: &str) -> Field {
    if let Some((field, subject)) = words.split_once(", against ") {
        return self::field(field).key(", against ", Role::Subject, Key::text(subject));
    }
    if let Some(members) = words.strip_prefix("metadata: ") {
        return Field::named("metadata").members(members.split(", ").map(|member| member.replace(' ', "_")));
    }
    if let Some((aspect, field)) = words.split_once(": ") {
        return self::field(field).under(format!("{aspect}:"));
    }
    for aspect in ["applied again, ", "a later block, "].into_iter().chain(ASPECTS) {
        if let Some(field) = words.strip_prefix(aspect) {
            return self::field(field).under(aspect.trim_end());
        }
    }
    if let Some(field) = words.strip_suffix(" after undoing every block") {
        return self::field(field).at("after undoing every block");
    }
    with_keys(words)
}

/// Reads the name up to the first key, then the keys, each with what joins it to the words before it.
fn with_keys(words: &str) -> Field {
    let mut text = String::new();
    let mut field: Option<Field> = None;
    for word in words.split_inclusive(' ') {
        let key = word.trim_matches(|c: char| !c.is_alphanumeric());
        let Some(role) = role(key, &text, words) else {
            text += word;
            continue;
        };
        let (before, after) = word.split_once(key).expect("it was cut out of the word");
        text += before;
        let field_so_far = field.take().unwrap_or_else(|| {
            let (name, joint) = split_joint(&text);
            let field = Field::named(name);
            text = joint;
            field
        });
        field = Some(field_so_far.key(std::mem::take(&mut text), role, Key::text(key)));
        after.clone_into(&mut text);
    }
    match field {
        Some(field) if text.is_empty() => field,
        _ => Field::named(words),
    }
}

/// Parts the words before the first key into the name and what joins the key to it.
fn split_joint(text: &str) -> (String, String) {
    let joint = [" of asset ", " of ", " with ", " "].into_iter().find(|joint| text.ends_with(joint)).unwrap_or("");
    (text[..text.len() - joint.len()].to_owned(), joint.to_owned())
}

/// Tells what a word stands for. None: it is an ordinary word.
fn role(word: &str, before: &str, words: &str) -> Option<Role> {
    let is_hex = word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    if !is_hex {
        return word.parse::<u64>().is_ok().then_some(Role::Number);
    }
    let is_asset = before.ends_with(" in ") || before.ends_with(" asset ") || words.starts_with("burned amount");
    let is_transaction = words.starts_with("executed mark") || words.starts_with("blocks that link");
    Some(match (is_asset, is_transaction) {
        (true, _) => Role::Asset,
        (_, true) => Role::Transaction,
        _ => Role::Account,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use seriatim_lab::compare::{balance, field_of, of_account, of_transaction};
    use seriatim_tos::ledger::{AccountKey, AssetId, Hash};
    use seriatim_tos::storage::StateKey;

    #[test]
    fn known_words_become_the_fields_that_are_made_today() {
        let (account, asset, hash) = (AccountKey([0x1f; 32]), AssetId([0; 32]), Hash([0xab; 32]));
        let number = |number: u64| Key::of(number);
        for made in [
            balance(&account, &asset),
            field_of(&StateKey::Burned(asset)),
            field_of(&StateKey::Nonce(account)).under("newest version of"),
            balance(&account, &asset).under("version of").under("the ledger:").under("panic at read of a rewind:"),
            of_account("registration", &account),
            of_transaction("executed mark", " of ", &hash),
            of_transaction("blocks that link", " ", &hash),
            balance(&account, &asset).at("after undoing every block"),
            Field::named("metadata").members(["fees", "burned_supply"]),
            Field::named("metadata").members(["fees"]).under("applied again, the ledger:"),
            Field::named("balances + frozen + burned").key(" of asset ", Role::Asset, Key::of(asset)),
            Field::named("nonce").key(" ", Role::Number, number(3)).key(" of ", Role::Account, Key::of(account)),
            Field::named("writes").key(" ", Role::Number, number(3)).key(" and ", Role::Number, number(4)),
            Field::named("answer to the same block").key(" with ", Role::Number, number(2)).key(
                " workers after ",
                Role::Number,
                number(4),
            ),
            Field::named("write").key(" ", Role::Number, number(3)).key(
                ", against ",
                Role::Subject,
                Key::text("parallel (2)"),
            ),
            Field::named("outcome").under("a later block,"),
            Field::named("most tasks in flight, at most"),
            Field::named("receipt"),
        ] {
            assert_eq!(field(&made.to_string()), made, "{made}");
        }
    }

    #[test]
    fn unknown_words_stay_as_they_were() {
        for words in ["", " ", "no 7 such thing", "<b>: \u{1b}[31m", "(12) and 12345678, too"] {
            assert_eq!(field(words).to_string(), words);
        }
    }
}
