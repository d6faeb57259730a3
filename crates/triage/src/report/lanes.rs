//! The report as text of at most 80 columns: one lane a task, time downwards.

use std::fmt::Write as _;

use super::case::Report;
use super::columns::Columns;
use super::points::{FaultPoints, PointRow};
use super::timeline::{Row, Switch, Timeline};
use super::words::{cut, fitting, words};

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
        self.state(&mut text, style);
        self.lanes(&mut text, style);
        self.why(&mut text, style);
        heading(&mut text, style, "Again");
        let command = format!("  {}", self.again);
        if command.chars().count() <= WIDTH {
            text.push_str(&command);
            text.push('\n');
        } else if let Some((program, rest)) = command.split_once("replay ") {
            // As a shell reads it, in two lines.
            let _ = writeln!(text, "{program}replay \\");
            push(&mut text, rest, "  ");
        } else {
            // Broken into lines it could not be pasted.
            let _ = writeln!(text, "{command}");
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

    /// Every operation of the block, each with the line that called it.
    pub fn steps(&self) -> String {
        let Some(timeline) = &self.timeline else {
            return "No operations are recorded of this case; `seriatim report` shows what is known of it.\n"
                .to_owned();
        };
        let mut text = String::new();
        for position in timeline.range.clone() {
            let step = &timeline.steps[position];
            let words = format!("{}: {}", timeline.name(step.task), words(self, timeline, position));
            let mark = timeline.mark(position);
            let place = step.place.short().unwrap_or_default();
            push(&mut text, &words, &format!("{mark}{position:>6}  {place:<22} "));
        }
        for waiting in &timeline.waiting {
            let place = waiting.place.short().unwrap_or_default();
            push(&mut text, &self.waits(timeline, waiting), &format!("   never  {place:<22} "));
        }
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
            push(text, &self.name_of(difference), "  field         ");
            if let Some(before) = self.before(difference) {
                push(text, before, "    before      ");
            }
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

    fn state(&self, text: &mut String, style: Style) {
        let further = self.further_state();
        if further.is_empty() {
            return;
        }
        heading(text, style, "State after the block, where it differs");
        for line in further.iter().take(MOST_LINES) {
            push(text, &line.name, "  ");
            push(text, &line.before, "    before      ");
            push(text, &line.expected, "    expected    ");
            for line in wrapped(&line.actual, "    actual      ", "                ") {
                writeln!(text, "{}", style.alarm(&line)).expect("writing to a string");
            }
        }
        more(text, further.len(), "keys of the state");
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
                Row::Operation(position) if timeline.story.contains(position) => style.alarm(&line),
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
        if timeline.guilty.is_some() {
            let overwrites = timeline.story.iter().any(|position| !timeline.is_guilty(*position));
            let others = if overwrites { ", and what else is part of it (>)" } else { "" };
            push(text, &format!("In full, the two whose order matters (>>){others}:"), "  ");
        }
        for &position in &timeline.story {
            let step = &timeline.steps[position];
            let words = format!("{}: {}", timeline.name(step.task), words(self, timeline, position));
            push(text, &words, &format!("  {}{position:>4} ", timeline.mark(position)));
            if step.place.line().is_some() {
                push(text, &step.place.to_string(), "         ");
            }
            if let Some(source) = step.place.source() {
                push(text, &source, "         | ");
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
                let marker = timeline.mark(*position);
                let column = columns.of_task(step.task);
                let whose = columns.prefix(timeline, step.task);
                let words = fitting(&whose, &words(self, timeline, *position), width - 1);
                format!("{marker}{position:>5}  {}", lanes(column, &words))
            }
            Row::Waits(index) => {
                let waiting = &timeline.waiting[*index];
                let at = waiting.place.short().map(|place| format!(" at {place}")).unwrap_or_default();
                format!("  never  {}{at}", cut(&self.waits(timeline, waiting), WIDTH - MARGIN - at.chars().count()))
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

fn show_points(text: &mut String, style: Style, points: &FaultPoints) {
    if let Some(why) = points.why() {
        push(text, &why, "  ");
    }
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
