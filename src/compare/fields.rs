//! Debug texts field by field, so that a reader sees the field that differs and not the three hundred characters around it.

use std::collections::BTreeMap;

/// Nesting beyond which a text is shown as it is: it may come from anyone's file.
const DEEPEST: usize = 16;

/// One field in which two values differ; empty where a side has no such field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldDifference {
    pub field: String,
    pub expected: String,
    pub actual: String,
}

impl FieldDifference {
    /// How far apart two numbers are, in words.
    pub(crate) fn distance(&self) -> Option<String> {
        let (expected, actual): (u64, u64) = (self.expected.parse().ok()?, self.actual.parse().ok()?);
        Some(if actual < expected {
            format!("{} too few", expected - actual)
        } else {
            format!("{} too many", actual - expected)
        })
    }
}

/// The fields in which the values differ, and the names of those in which they do not.
pub(crate) fn compare(expected: &str, actual: &str) -> (Vec<FieldDifference>, Vec<String>) {
    let whole = || FieldDifference { field: String::new(), expected: unquoted(expected), actual: unquoted(actual) };
    let (Some(left), Some(right)) = (fields(expected), fields(actual)) else { return (vec![whole()], Vec::new()) };
    let mut differing = Vec::new();
    let mut equal = Vec::new();
    let (left, right) = (by_path(&left), by_path(&right));
    let mut of_right: BTreeMap<&str, &[&str]> = right.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    for (name, values) in &left {
        let others = of_right.remove(name).unwrap_or_default();
        if values == others {
            equal.push((*name).to_owned());
        } else {
            let (expected, actual) = unlike(values, others);
            let (expected, actual) = (unquoted(expected), unquoted(actual));
            differing.push(FieldDifference { field: (*name).to_owned(), expected, actual });
        }
    }
    for (name, values) in right.iter().filter(|(name, _)| of_right.contains_key(name)) {
        let actual = unquoted(values.last().copied().unwrap_or_default());
        differing.push(FieldDifference { field: (*name).to_owned(), expected: String::new(), actual });
    }
    equal.retain(|name| !name.is_empty());
    if differing.is_empty() {
        differing.push(whole());
    }
    (differing, equal)
}

/// Each path once, with all that stands there: what a variant wraps once stands where its name does.
fn by_path(leaves: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut paths: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut known = BTreeMap::new();
    for (path, value) in leaves {
        let at = *known.entry(path.as_str()).or_insert_with(|| {
            paths.push((path, Vec::new()));
            paths.len() - 1
        });
        paths[at].1.push(value);
    }
    paths
}

/// In what two lists at one path differ: a variant's name, or what it wraps if the names are equal or one side has none.
fn unlike<'a>(values: &[&'a str], others: &[&'a str]) -> (&'a str, &'a str) {
    let differing = values.iter().zip(others).find(|(value, other)| value != other);
    match differing.filter(|_| values.len() == others.len()) {
        Some((value, other)) => (value, other),
        None => (values.last().copied().unwrap_or_default(), others.last().copied().unwrap_or_default()),
    }
}

/// The text of a text's debug form; anything else as it is.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// Path and value of each leaf, and the name of each structure at its own path. None: not a debug text as derived.
fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let mut leaves = Vec::new();
    let rest = value(text.trim(), "", 0, &mut leaves)?;
    rest.trim().is_empty().then_some(leaves)
}

/// Reads one value from the front; returns what is left.
fn value<'a>(text: &'a str, path: &str, depth: usize, leaves: &mut Vec<(String, String)>) -> Option<&'a str> {
    if depth > DEEPEST {
        return None;
    }
    let text = text.trim_start();
    if text.starts_with('"') {
        let end = quoted_end(text)?;
        leaves.push((path.to_owned(), text[..end].to_owned()));
        return Some(&text[end..]);
    }
    let end = text.find(['(', ')', '{', '}', '[', ']', ',']).unwrap_or(text.len());
    let (name, rest) = (text[..end].trim(), &text[end..]);
    let close = match rest.chars().next() {
        Some('(') => ')',
        Some('{') => '}',
        Some('[') => ']',
        _ if name.is_empty() => return None,
        _ => {
            leaves.push((path.to_owned(), name.to_owned()));
            return Some(rest);
        }
    };
    if !name.is_empty() && name != "Some" && name != "Ok" {
        leaves.push((path.to_owned(), name.to_owned()));
    }
    let mut rest = rest[1..].trim_start();
    let mut position = 0;
    while !rest.starts_with(close) {
        let label = rest.find(':').filter(|_| close == '}').map(|colon| rest[..colon].trim().replace('_', " "));
        if let Some(label) = label {
            let colon = rest.find(':')?;
            let path = if path.is_empty() { label } else { format!("{path}, {label}") };
            rest = value(&rest[colon + 1..], &path, depth + 1, leaves)?;
        } else {
            // What a tuple wraps once has no name of its own.
            let own = if close == ')' && position == 0 { path.to_owned() } else { format!("{path}[{position}]") };
            rest = value(rest, &own, depth + 1, leaves)?;
        }
        position += 1;
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        if rest.is_empty() {
            return None;
        }
    }
    Some(&rest[1..])
}

fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return Some(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_field_that_differs_is_named() {
        let (differing, equal) = compare(
            "Some(Meta { block: 6198e458, fees: 750, sum: 1 })",
            "Some(Meta { block: 6198e458, fees: 700, sum: 1 })",
        );
        assert_eq!(differing.len(), 1);
        assert_eq!((&*differing[0].field, &*differing[0].expected, &*differing[0].actual), ("fees", "750", "700"));
        assert_eq!(differing[0].distance().unwrap(), "50 too few");
        assert_eq!(equal, ["block", "sum"]);
    }

    #[test]
    fn other_variants_and_missing_fields_are_told() {
        let (differing, _) = compare("Executed { fee: 1 }", "Orphaned { error: InvalidNonce { next: 2, given: 1 } }");
        let shown: Vec<_> = differing.iter().map(|d| (&*d.field, &*d.expected, &*d.actual)).collect();
        assert_eq!(shown[0], ("", "Executed", "Orphaned"));
        assert_eq!(shown[1], ("fee", "1", ""));
        assert!(shown.contains(&("error, given", "", "1")));
    }

    #[test]
    fn what_a_variant_wraps_differs_or_its_name_does() {
        for (expected, actual, shown) in [
            ("Some(Amount(33))", "Some(Amount(50))", ("33", "50")),
            ("None", "Some(Amount(50))", ("None", "50")),
            ("Some(Amount(50))", "None", ("50", "None")),
            ("Some(Amount(50))", "Some(Flag(50))", ("Amount", "Flag")),
        ] {
            let (differing, _) = compare(expected, actual);
            let found: Vec<_> = differing.iter().map(|d| (&*d.field, &*d.expected, &*d.actual)).collect();
            assert_eq!(found, [("", shown.0, shown.1)], "{expected} {actual}");
        }
    }

    #[test]
    fn a_text_that_is_no_debug_form_stays_whole() {
        for text in ["{{{", "a { b", "((((((((((((((((((((x))))))))))))))))))))", "", "\"open"] {
            assert_eq!(
                compare(text, "7").0,
                [FieldDifference { field: String::new(), expected: text.to_owned(), actual: "7".to_owned() }]
            );
        }
        assert_eq!(compare("\"none\"", "\"task 1 \\\"x\\\"\"").0[0].actual, "task 1 \"x\"");
    }
}
