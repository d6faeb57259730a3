//! What a shared thing is called: what its user says, else the name that it gets where it is made, as the source has it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::super::shown::Label;
use super::super::shuttle_engine::execution;
use super::super::steps::Place;

#[derive(Default)]
struct Names {
    /// What the lines of the source say, for all executions.
    of_lines: BTreeMap<Place, Option<String>>,
    /// The execution that `given` is about.
    execution: u64,
    /// How many things have each name.
    given: BTreeMap<String, usize>,
}

thread_local! {
    static NAMES: RefCell<Names> = RefCell::default();
}

/// A name that no other thing of this execution has: the second of a name, in the order in which they are first asked
/// for, has a 2 behind it.
pub(super) fn label(kind: &str, made: Place, given: Option<&str>) -> Label {
    NAMES.with_borrow_mut(|names| {
        let Names { of_lines, execution: current, given: counts } = names;
        if std::mem::replace(current, execution()) != *current {
            counts.clear();
        }
        let from_source = || {
            let named = of_lines
                .entry(made)
                .or_insert_with(|| named_in(&made.whole_line()?, made.column()?).map(str::to_owned));
            named.clone().unwrap_or_else(|| kind.to_owned())
        };
        let name = given.map_or_else(from_source, str::to_owned);
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        Label::from(if *count == 1 { name } else { format!("{name}#{count}") })
    })
}

/// The name that a line gives to what it makes at a column: that of a member, of a variable or of a static, also of one of
/// several variables.
fn named_in(line: &str, column: usize) -> Option<&str> {
    let end = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    let before = unwrapped(&line[..end]);
    if let Some(member) = before.strip_suffix(':').filter(|before| !before.ends_with(':')) {
        return last_word(member);
    }
    let whole = line.trim_start().trim_start_matches("pub ");
    let Some(bound) = bound_by(whole) else { return member(whole) };
    let (pattern, value) = bound.split_once('=').filter(|(_, value)| !value.starts_with('='))?;
    if let Some(several) = pattern.trim().strip_prefix('(') {
        let position = of_tuple(&before[before.find('=')? + 1..]);
        return several.trim_end_matches(')').split(',').nth(position)?.trim().split([':', ' ']).next_back();
    }
    let value = value.trim_start();
    // A closure makes one thing after another.
    let makes_more = value.starts_with('|') || value.starts_with("move |");
    let name = pattern.split(':').next()?.trim().trim_start_matches("mut ").trim_start_matches("self.");
    (!makes_more && is_word(name)).then_some(name)
}

/// The member that a line is for.
fn member(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(':')?;
    (is_word(name) && !rest.starts_with(':')).then_some(name)
}

/// The text without what it wraps around what comes next, such as `Arc::new(`.
fn unwrapped(before: &str) -> &str {
    let mut rest = before.trim_end();
    while let Some(call) = rest.strip_suffix('(') {
        let function = call.trim_end_matches(|letter: char| letter.is_alphanumeric() || "_:".contains(letter));
        if function.len() == call.len() {
            break;
        }
        rest = function.trim_end();
    }
    rest
}

/// What comes after the word that binds names; a line without one may assign.
fn bound_by(line: &str) -> Option<&str> {
    let words = ["let ", "static ", "const "];
    words.iter().find_map(|word| line.strip_prefix(word)).or_else(|| line.contains(" = ").then_some(line))
}

/// How many members of a tuple are complete in its beginning.
fn of_tuple(beginning: &str) -> usize {
    let mut depth = 0;
    let mut members = 0;
    for letter in beginning.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 1 => members += 1,
            _ => {}
        }
    }
    members
}

fn last_word(text: &str) -> Option<&str> {
    let start = text.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_').map_or(0, |at| at + 1);
    Some(&text[start..]).filter(|word| is_word(word))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::named_in;

    /// The name of what a line makes where it says `X`.
    fn name(line: &str) -> Option<&str> {
        named_in(line, line.find('X').expect("it makes something") + 1)
    }

    #[test]
    fn a_name_is_that_of_the_variable_the_static_or_the_member() {
        for (line, expected) in [
            ("    let fees = X::new(0);", "fees"),
            ("let mut accounts: Vec<Mutex<u64>> = (0..4).map(|_| X::new(0)).collect();", "accounts"),
            ("pub static COUNT: AtomicUsize = X::new(0);", "COUNT"),
            ("    next: X::new(0),", "next"),
            ("    self.done = X::new();", "done"),
            ("let shared = Arc::new(X::new(0));", "shared"),
            ("    data: keys.map(|key| (key, X::default())).collect(),", "data"),
            ("Self { queue: Arc::new(X::new(0)), other: 1 }", "queue"),
            ("let (done, lock, mut woken) = (AtomicBool::new(false), Mutex::new(()), X::new());", "woken"),
            ("let (one, other) = (X::new(f(1, 2)), 0);", "one"),
        ] {
            assert_eq!(name(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_line_that_names_nothing_has_no_name() {
        for line in ["X::new(0)", "accounts.push(X::new(0));", "let make = || X::new(0);", "f(a == X::new(0))"] {
            assert_eq!(name(line), None, "{line}");
        }
    }
}
