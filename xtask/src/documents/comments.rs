//! Doc comments: each begins with a sentence and ends as one.

/// Words with which no sentence here begins.
const PREPOSITIONS: [&str; 32] = [
    "Above",
    "After",
    "Against",
    "Among",
    "As",
    "At",
    "Before",
    "Behind",
    "Below",
    "Beside",
    "Besides",
    "Between",
    "By",
    "During",
    "For",
    "From",
    "In",
    "Into",
    "Of",
    "On",
    "Over",
    "Since",
    "Through",
    "Throughout",
    "To",
    "Toward",
    "Towards",
    "Under",
    "Until",
    "Upon",
    "With",
    "Without",
];

/// Lines, counted from 1, with what is wrong there.
pub fn findings(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut found = Vec::new();
    let mut last: Option<(usize, &str)> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let Some(words) = trimmed.strip_prefix("///").or_else(|| trimmed.strip_prefix("//!")) else {
            found.extend(last.take().and_then(comma));
            continue;
        };
        let first = words.split_whitespace().next().unwrap_or_default();
        if last.is_none() && PREPOSITIONS.contains(&first.trim_end_matches(',')) {
            found.push((index + 1, format!("a doc comment begins with {first:?}")));
        }
        last = Some((index + 1, words));
    }
    found.extend(last.and_then(comma));
    found.into_iter()
}

fn comma((line, words): (usize, &str)) -> Option<(usize, String)> {
    words.trim_end().ends_with(',').then(|| (line, "a doc comment ends with a comma".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        findings(text).map(|(line, _)| line).collect()
    }

    #[test]
    fn accepts_sentences_and_what_is_no_doc_comment() {
        assert_eq!(
            lines("/// The form of it.\n/// Of two lines, the second may.\nfn f() {}\n// Of no doc comment.\n"),
            [0; 0]
        );
    }

    #[test]
    fn rejects_a_preposition_at_the_head_and_a_comma_at_the_end() {
        assert_eq!(lines("/// Of the form.\nfn f() {}\n//! It ends,\n\n/// It does, too,"), [1, 3, 5]);
    }
}
