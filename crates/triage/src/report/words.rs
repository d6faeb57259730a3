//! Operations in words, and words in as many characters as there is room for.

use std::fmt;

use super::case::Report;
use super::timeline::Timeline;
use crate::explain::access::left_behind;
use crate::explain::{ACCOUNTS, changed_part};
use seriatim_explore::model::{Action, Entry};

/// An operation for a reader. Tasks and keys have their short names.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// What was done, and to what.
    pub did: String,
    /// What it found or left; empty where there is nothing to say.
    pub value: String,
}

/// `read A: nonce 5`.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.did)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, ": {}", self.value) }
    }
}

/// An operation of a timeline.
pub(super) fn words(report: &Report<'_>, timeline: &Timeline<'_>, position: usize) -> Words {
    let step = &timeline.steps[position];
    let action = &step.action;
    let value = match (&step.guarded, left_behind(timeline.steps, position)) {
        (Some(found), Some(left)) if found != left => {
            let (found, left) = (found.to_string(), left.to_string());
            let (found, left) = changed_part(&found, &left);
            format!("{found} to {left}")
        }
        (Some(found), _) => found.to_string(),
        (None, _) => action.result(),
    };
    let value = report.names.shorten(&value);
    let verb = match action {
        Action::Spawn { task, .. } => {
            return Words { did: format!("spawn {}", timeline.name(*task)), value: String::new() };
        }
        Action::WorkOn { item } => return Words { did: format!("begin tx {item}"), value },
        Action::End { .. } => return Words { did: "end".to_owned(), value },
        // A guard that is left has written what it leaves.
        Action::Leave { .. } => "write",
        _ => action.name(),
    };
    let object = match action.entry() {
        // The account says enough.
        Some(Entry { map, key }) if *map == *ACCOUNTS => key.to_string(),
        _ => action.target(),
    };
    Words { did: format!("{verb} {}", report.names.shorten(&object)), value }
}

/// An operation in at most `width` characters. A short value is worth more than the whole name of its object.
pub(super) fn fitting(whose: &str, words: &Words, width: usize) -> String {
    let all = format!("{whose}{words}");
    let (head, value) = (format!("{whose}{}", words.did), &words.value);
    if value.is_empty() || all.chars().count() <= width {
        return cut(&all, width);
    }
    if value.chars().count() <= width / 2 {
        let head = cut(&head, width - value.chars().count() - 2);
        return format!("{head}: {value}");
    }
    // Of a number the last digits differ most.
    if value.chars().all(|c| c.is_ascii_digit()) {
        let head = cut(&head, width / 2);
        let room = width.saturating_sub(head.chars().count() + 4);
        let tail: String = value.chars().skip(value.chars().count().saturating_sub(room)).collect();
        return format!("{head}: ..{tail}");
    }
    // The beginning of a structure tells nothing.
    let room = width.saturating_sub(head.chars().count() + 2);
    if room < 8 { cut(&head, width) } else { cut(&all, width) }
}

/// The text in at most `width` characters, with two dots where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(2)).chain("..".chars()).collect()
}
