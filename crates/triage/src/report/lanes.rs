//! The report as text of at most 80 columns: one lane a task, time downwards.

use std::fmt::{self, Write as _};

use super::case::Report;
use super::points::{FaultPoints, PointRow};
use super::timeline::{Row, Switch, Timeline};
use crate::explain::ACCOUNTS;
use seriatim_explore::model::{Action, Entry, Waiting};

const WIDTH: usize = 80;
/// Marker, position and the space after them.
const MARGIN: usize = 9;
/// More lanes than these do not fit side by side.
const MOST_LANES: usize = 4;
/// Operations shown at most.
const MOST_OPERATIONS: usize = 40;
/// Lines of a table.
const MOST_LINES: usize = 16;

/// Whether the text may use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Colour,
}

impl Style {
    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn alarm(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self == Self::Colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Report<'_> {
    /// The report as text.
    pub fn text(&self, style: Style) -> String {
        let mut text = self.title_lines(style);
        self.difference(&mut text, style);
        for (name, value) in self.facts() {
            push(&mut text, &value, &format!("  {name:<13} "));
        }
        self.transactions(&mut text, style);
        self.balances(&mut text, style);
        self.lanes(&mut text, style);
        self.why(&mut text, style);
        heading(&mut text, style, "Again");
        let command = format!("  {}", self.artifact.replay_command(&self.file));
        if command.chars().count() <= WIDTH {
            text.push_str(&command);
            text.push('\n');
        } else {
            // As a shell reads it, in two lines.
            let (program, rest) = command.split_once("replay ").expect("every such command has it");
            let _ = writeln!(text, "{program}replay \\");
            push(&mut text, rest, "  ");
        }
        text
    }

    /// What was wrong, the block, what the tasks did, and why; no figures, and no word on how it was found.
    pub fn essence(&self, style: Style) -> String {
        let mut text = self.title_lines(style);
        self.transactions(&mut text, style);
        self.lanes(&mut text, style);
        self.why(&mut text, style);
        text
    }

    fn title_lines(&self, style: Style) -> String {
        wrapped(&self.title(), "", "  ").iter().map(|line| style.bold(line) + "\n").collect()
    }

    fn why(&self, text: &mut String, style: Style) {
        let Some(explanation) = &self.retraced.explanation else { return };
        heading(text, style, &format!("Why: {}", explanation.anomaly));
        for sentence in &explanation.sentences {
            push(text, &self.names.shorten(sentence), "  ");
        }
    }

    fn difference(&self, text: &mut String, style: Style) {
        push(text, &self.place(), "  where         ");
        for difference in &self.differing {
            let field = if difference.field.is_empty() { self.field() } else { self.names.shorten(&difference.field) };
            push(text, &field, "  field         ");
            push(text, &self.value(&difference.expected), "    expected    ");
            let distance = difference.distance().map(|distance| format!("   <- {distance}")).unwrap_or_default();
            for line in wrapped(&(self.actual(difference) + &distance), "    actual      ", "                ") {
                writeln!(text, "{}", style.alarm(&line)).expect("writing to a string");
            }
        }
        if !self.equal.is_empty() {
            push(text, &self.equal.join("; "), "  equal         ");
        }
    }

    fn transactions(&self, text: &mut String, style: Style) {
        let Some(block) = self.block else { return };
        heading(text, style, &format!("Block {block}: {} transactions", self.transactions.len()));
        let legend: Vec<String> = self
            .accounts()
            .into_iter()
            .take(26)
            .map(|(name, account, role)| format!("{name} = {account:?}{role}"))
            .collect();
        push(text, &legend.join(", "), "  ");
        for (index, line) in self.transactions.iter().enumerate().take(MOST_LINES) {
            let words = format!("{} {}; fee {}, nonce {}", line.source, line.does, line.fee, line.nonce);
            push(text, &words, &format!("  {:<7} ", format!("tx {index}")));
            match &line.actual {
                Some(actual) if *actual != line.expected => {
                    push(text, &line.expected, "            expected  ");
                    for line in wrapped(actual, "            actual    ", "                      ") {
                        writeln!(text, "{}", style.alarm(&line)).expect("writing to a string");
                    }
                }
                _ => push(text, &line.expected, "            "),
            }
        }
        more(text, self.transactions.len(), "transactions");
    }

    fn balances(&self, text: &mut String, style: Style) {
        if !self.balances.is_empty() {
            heading(text, style, "Balances before the block, by the reference");
            for line in self.balances.iter().take(MOST_LINES) {
                let amount = |amount: Option<u64>| amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string());
                let changed = if line.before == line.genesis {
                    String::new()
                } else {
                    format!("   (genesis {})", amount(line.genesis))
                };
                push(
                    text,
                    &format!("{:<4} {:<8} {:>20}{changed}", line.account, line.asset, amount(line.before)),
                    "  ",
                );
            }
            more(text, self.balances.len(), "balances");
        }
    }

    fn lanes(&self, text: &mut String, style: Style) {
        heading(text, style, "What the tasks did");
        if let Some(note) = &self.retraced.note {
            push(text, &self.names.shorten(note), "  ");
        }
        if let Some(points) = &self.retraced.points {
            show_points(text, style, points);
            return;
        }
        let Some(timeline) = &self.timeline else {
            push(text, "No operations are known of this block.", "  ");
            return;
        };
        if timeline.range.start > 0 {
            push(text, &format!("... {} operations before this block", timeline.range.start), "  ");
        }
        let rows = timeline.rows(MOST_OPERATIONS);
        let columns = Columns::of(timeline, &rows, MOST_LANES);
        let width = (WIDTH - MARGIN) / columns.names.len();
        let header: String = columns.names.iter().map(|name| pad(name, width)).collect();
        writeln!(text, "{}", style.bold(format!("{:MARGIN$}{header}", "").trim_end())).expect("writing to a string");
        for row in &rows {
            let line = self.row(timeline, &columns, row, width);
            let line = match row {
                Row::Operation(position) if timeline.is_guilty(*position) => style.alarm(&line),
                Row::Operation(_) => line,
                Row::Waits(_) => style.alarm(&line),
                Row::Folded { .. } | Row::Switch { .. } => style.faint(&line),
            };
            writeln!(text, "{line}").expect("writing to a string");
        }
        let untold = timeline.untold();
        if untold > 0 {
            push(text, &format!("not shown: {untold} times suspending, giving back, taking a permit"), "  ");
        }
        let after = timeline.steps.len() - timeline.range.end;
        if after > 0 {
            push(text, &format!("... {after} operations after this block"), "  ");
        }
        if let Some((left, right)) = timeline.guilty {
            push(text, "In full, the two whose order matters:", "  ");
            for position in [left, right] {
                let step = &timeline.steps[position];
                let words = format!("{}: {}", timeline.name(step.task), words(self, timeline, position));
                push(text, &words, &format!("  >>{position:>4} "));
            }
        }
    }

    fn row(&self, timeline: &Timeline<'_>, columns: &Columns, row: &Row, width: usize) -> String {
        let lanes = |column: usize, words: &str| {
            let before = "|".to_owned() + &" ".repeat(width - 1);
            let cell = pad(words, width);
            let after = &before.repeat(columns.names.len() - column - 1);
            (before.repeat(column) + &cell + after).trim_end().to_owned()
        };
        match row {
            Row::Operation(position) => {
                let step = &timeline.steps[*position];
                let marker = if timeline.is_guilty(*position) { ">>" } else { "  " };
                let column = columns.of_task(step.task);
                let whose = columns.prefix(timeline, step.task);
                let words = fitting(&whose, &words(self, timeline, *position), width - 1);
                format!("{marker}{position:>5}  {}", lanes(column, &words))
            }
            Row::Waits(index) => {
                let Waiting { task, on } = &timeline.waiting[*index];
                let words = format!("{} waits for {}", timeline.name(*task), self.names.shorten(&on.to_string()));
                format!("  never  {}", cut(&words, WIDTH - MARGIN))
            }
            Row::Folded { operations, switches } => {
                let plural = if *operations == 1 { "" } else { "s" };
                let switches = match switches {
                    0 => String::new(),
                    1 => ", 1 switch".to_owned(),
                    switches => format!(", {switches} switches"),
                };
                format!("     ... {operations} more operation{plural}{switches}")
            }
            Row::Switch { from, to, kind } => {
                let (from, to) = (timeline.name(*from), timeline.name(*to));
                let (mark, words) = match kind {
                    Switch::Preempted => ("~", format!("{from} PREEMPTED, {to} runs")),
                    Switch::Voluntary => ("-", format!("{from} gives way, {to} runs")),
                    Switch::Several(count) => ("-", format!("{count} switches later, {to} runs")),
                };
                let words = cut(&words, WIDTH - 10);
                let rest = WIDTH - 8 - words.chars().count();
                format!("  {} {words} {}", mark.repeat(4), mark.repeat(rest))
            }
        }
    }
}

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
    let action = &timeline.steps[position].action;
    let value = report.names.shorten(&action.result());
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

/// Which column each task is shown in: its own, or the last one for all others.
#[derive(Debug)]
pub(super) struct Columns {
    pub names: Vec<String>,
    tasks: Vec<u64>,
    others: bool,
}

impl Columns {
    /// The columns, at most `most`: all tasks, or those of the guilty pair, else those most to be seen, and the others in one.
    pub(super) fn of(timeline: &Timeline<'_>, rows: &[Row], most: usize) -> Self {
        let mut tasks: Vec<u64> = timeline.tasks.iter().map(|(task, _)| *task).collect();
        let others = tasks.len() > most;
        if others {
            let culprits: Vec<u64> = match timeline.guilty {
                Some((left, right)) => vec![timeline.steps[left].task, timeline.steps[right].task],
                None => timeline.waiting.iter().map(|waiting| waiting.task).collect(),
            };
            let mut shown = std::collections::BTreeMap::<u64, usize>::new();
            for row in rows {
                if let Row::Operation(position) = row {
                    *shown.entry(timeline.steps[*position].task).or_default() += 1;
                }
            }
            tasks.sort_by_key(|task| {
                let own = (!culprits.contains(task), std::cmp::Reverse(shown.get(task).copied().unwrap_or(0)));
                (own, *task)
            });
            tasks.truncate(most - 1);
            tasks.sort_unstable();
        }
        let mut names: Vec<String> = tasks.iter().map(|task| timeline.name(*task).to_owned()).collect();
        if others {
            names.push(format!("{} others", timeline.tasks.len() - tasks.len()));
        }
        Self { names, tasks, others }
    }

    pub(super) fn of_task(&self, task: u64) -> usize {
        self.tasks.iter().position(|own| *own == task).unwrap_or(self.names.len() - 1)
    }

    /// Whose operation it is, where the column does not say.
    pub(super) fn prefix(&self, timeline: &Timeline<'_>, task: u64) -> String {
        if self.others && !self.tasks.contains(&task) { format!("{}: ", timeline.name(task)) } else { String::new() }
    }
}

fn show_points(text: &mut String, style: Style, points: &FaultPoints) {
    push(text, &points.introduction(), "  ");
    for row in points.rows() {
        let numbers = row.numbers();
        let line = match row {
            PointRow::Struck { .. } => style.alarm(&format!(">>{numbers:>9}  {}", row.words())),
            PointRow::Passed { .. } => format!("{numbers:>11}  {}", row.words()),
            PointRow::Folded(_) => style.faint(&format!("{:5}{}", "", row.words())),
        };
        writeln!(text, "{line}").expect("writing to a string");
    }
}

fn heading(text: &mut String, style: Style, words: &str) {
    writeln!(text, "\n{}", style.bold(&cut(words, WIDTH))).expect("writing to a string");
}

fn more(text: &mut String, all: usize, what: &str) {
    if all > MOST_LINES {
        push(text, &format!("... {} more {what}", all - MOST_LINES), "  ");
    }
}

/// Adds the words behind `first`, further lines below them.
fn push(text: &mut String, words: &str, first: &str) {
    let rest = " ".repeat(first.chars().count());
    for line in wrapped(words, first, &rest) {
        text.push_str(&line);
        text.push('\n');
    }
}

/// Lines of at most 80 characters. A word that is longer than a line is cut into several.
fn wrapped(words: &str, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = cut(first, WIDTH / 2);
    let mut empty = true;
    let mut length = line.chars().count();
    for word in words.split(' ') {
        let mut word: Vec<char> = word.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        if !empty && length + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            length = rest.chars().count();
            empty = true;
        }
        if !empty {
            line.push(' ');
            length += 1;
        }
        while length + word.len() > WIDTH {
            let tail = word.split_off(WIDTH - length);
            line.extend(word);
            word = tail;
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            length = rest.chars().count();
        }
        length += word.len();
        line.extend(word);
        empty = false;
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The text in exactly `width` characters, a space at its end.
fn pad(text: &str, width: usize) -> String {
    let text = cut(text, width - 1);
    format!("{text:<width$}")
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
    cut(&all, width)
}

/// The text in at most `width` characters, with two dots where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(2)).chain("..".chars()).collect()
}
