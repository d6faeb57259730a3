//! What a stranger wrote, as it may be shown: short, on one line, without anything that a terminal would obey.

use serde::de::DeserializeOwned;

use crate::SubjectError;

/// Characters that are shown of an offending line.
const EXCERPT: usize = 100;

/// The first 100 characters, escapes included.
pub(super) fn excerpt(text: &str) -> String {
    shortened(text, EXCERPT)
}

/// Shows at most `limit` characters, with an ellipsis for what is left out. Characters that do not print, also those that turn the
/// direction of writing, are escaped as Rust escapes them; quotes and backslashes stay, since most of what is shown is JSON.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let mut count = 0;
    for character in text.chars() {
        let before = shown.len();
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
        count += shown[before..].chars().count();
        if count > limit {
            shown.truncate(before);
            // Room for the ellipsis.
            while shown.chars().count() >= limit {
                shown.pop();
            }
            shown.push('…');
            break;
        }
    }
    shown
}

/// Reads a line as JSON; `what` names it in the error.
pub(super) fn read<T: DeserializeOwned>(what: &str, line: &[u8]) -> Result<T, SubjectError> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let shown = excerpt(&String::from_utf8_lossy(line));
        SubjectError::Protocol(format!("not UTF-8 from byte {} on: {shown}", error.valid_up_to() + 1))
    })?;
    // Structures would also be read from arrays of their fields, which the protocol does not have.
    if text.trim_start().starts_with('[') {
        return Err(SubjectError::Protocol(format!("not {what}: an array, expected an object: {}", excerpt(text))));
    }
    serde_json::from_str(text).map_err(|error| {
        // The message itself quotes names and values of the line.
        let message = shortened(&error.to_string(), 2 * EXCERPT);
        SubjectError::Protocol(format!("not {what}: {message}, in the line `{}`", around(text, error.column())))
    })
}

/// The excerpt that has the column: the beginning, unless the line is longer.
fn around(text: &str, column: usize) -> String {
    let start = text.floor_char_boundary(column.saturating_sub(EXCERPT / 2));
    if column < EXCERPT - 1 {
        return excerpt(text);
    }
    shortened(&format!("…{}", &text[start..]), EXCERPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(excerpt("\u{1b}[2Jgone\r\u{9b}\u{202e}"), r"\u{1b}[2Jgone\r\u{9b}\u{202e}");
        assert_eq!(excerpt(r#"{"a":"é"}"#), r#"{"a":"é"}"#);
    }

    #[test]
    fn an_excerpt_has_at_most_100_characters() {
        for text in ["x".repeat(101), "\u{1b}".repeat(101), "é".repeat(5_000)] {
            let shown = excerpt(&text);
            assert!(shown.chars().count() <= EXCERPT, "{shown}");
            assert!(shown.ends_with('…'), "{shown}");
        }
        assert_eq!(excerpt(&"x".repeat(100)), "x".repeat(100));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_column_and_shown() {
        let line = format!("{}{{bad", " ".repeat(500));
        let SubjectError::Protocol(text) = read::<serde_json::Value>("an answer", line.as_bytes()).unwrap_err() else {
            panic!("a protocol error");
        };
        assert!(text.starts_with("not an answer: key must be a string at line 1 column 502, in the line `…"), "{text}");
        assert!(text.ends_with("{bad`"), "{text}");
        assert!(read::<serde_json::Value>("an answer", b"\xff").is_err());
        assert!(read::<serde_json::Value>("an answer", b"[1]").is_err());
        assert!(read::<serde_json::Value>("an answer", b"{}\r").is_ok());
    }
}
