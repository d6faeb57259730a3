//! Reads derived Debug texts as trees.

use serde_json::{Map, Value as Json, json};

/// A text that is nested deeper is not read, since it may come from anyone's file.
const DEEPEST: usize = 16;

/// Reads the tree of a text. None: it is no derived Debug text.
pub(super) fn tree(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text.trim() };
    let tree = reader.value(0)?;
    reader.rest.trim().is_empty().then_some(tree)
}

/// The rest of a text that is still to be read.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > DEEPEST {
            return None;
        }
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let end = self.rest.find(['(', ')', '{', '}', '[', ']', ',']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let name = name.trim();
        self.rest = rest;
        let content = match rest.chars().next() {
            Some('(') => {
                self.items(')', depth).map(|mut items| if items.len() == 1 { items.remove(0) } else { json!(items) })
            }
            Some('[') => self.items(']', depth).map(|items| json!(items)),
            Some('{') => self.members(depth),
            _ if name.is_empty() => None,
            _ => return Some(word(name)),
        }?;
        let plain = ["", "Some", "Ok"].contains(&name);
        Some(if plain { content } else { Json::Object(Map::from_iter([(name.to_owned(), content)])) })
    }

    /// Reads a text in quotation marks.
    fn quoted(&mut self) -> Option<Json> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let (text, rest) = self.rest.split_at(end?.0 + 1);
        self.rest = rest;
        Some(json!(text[1..text.len() - 1].replace("\\\"", "\"").replace("\\\\", "\\")))
    }

    /// Reads the values up to the closing bracket.
    fn items(&mut self, close: char, depth: usize) -> Option<Vec<Json>> {
        let mut items = Vec::new();
        self.open();
        while !self.closes(close)? {
            items.push(self.value(depth + 1)?);
            self.comma();
        }
        Some(items)
    }

    /// Reads the members up to the closing bracket. Values without names are those of a set.
    fn members(&mut self, depth: usize) -> Option<Json> {
        let (mut members, mut items) = (Map::new(), Vec::new());
        self.open();
        while !self.closes('}')? {
            let name =
                self.rest.find([':', ',', '{', '(', '[', '}', '"']).filter(|&at| self.rest[at..].starts_with(':'));
            if let Some(colon) = name {
                let name = self.rest[..colon].trim().to_owned();
                self.rest = &self.rest[colon + 1..];
                members.insert(name, self.value(depth + 1)?);
            } else {
                items.push(self.value(depth + 1)?);
            }
            self.comma();
        }
        Some(if items.is_empty() { Json::Object(members) } else { json!(items) })
    }

    fn open(&mut self) {
        self.rest = self.rest[1..].trim_start();
    }

    /// Tells whether the bracket closes here. None: the text has ended.
    fn closes(&mut self, close: char) -> Option<bool> {
        let next = self.rest.chars().next()?;
        if next == close {
            self.rest = &self.rest[1..];
        }
        Some(next == close)
    }

    fn comma(&mut self) {
        self.rest = self.rest.trim_start();
        self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest).trim_start();
    }
}

/// Reads a number, a unit variant, or the digits of a name.
fn word(text: &str) -> Json {
    match text {
        "None" => Json::Null,
        "true" => json!(true),
        "false" => json!(false),
        // A name such as 00000001 is no number.
        _ if text.len() > 1 && text.starts_with('0') => json!(text),
        _ => text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_variants_and_texts_are_read() {
        for (text, expected) in [
            ("Some(Amount(885000))", json!({ "Amount": 885_000 })),
            ("None", Json::Null),
            ("\"task 1 \\\"x\\\"\"", json!("task 1 \"x\"")),
            ("Orphaned { hash: 0a, error: Overflow }", json!({ "Orphaned": { "hash": "0a", "error": "Overflow" } })),
            (
                "Version { previous: Some(0), value: Nonce(1) }",
                json!({ "Version": { "previous": 0, "value": { "Nonce": 1 } } }),
            ),
            ("Err(x)", json!({ "Err": "x" })),
            ("[1, 2]", json!([1, 2])),
            ("{00000001, 00000002}", json!(["00000001", "00000002"])),
            ("{1: a, 2: [b]}", json!({ "1": "a", "2": ["b"] })),
            ("(1, Empty)", json!([1, "Empty"])),
        ] {
            assert_eq!(tree(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_debug_text_is_refused() {
        for text in ["{{{", "a { b", "((((((((((((((((((((x))))))))))))))))))))", "", "\"open", "a) b"] {
            assert_eq!(tree(text), None, "{text}");
        }
    }
}
