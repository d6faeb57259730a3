//! The drawings of the page: who conflicts with whom, and the lanes. All sizes are whole numbers of pixels, made of counts.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use maud::{Markup, html};

use super::block::Conflict;
use super::case::Report;
use super::columns::Columns;
use super::timeline::{Row, Switch, Timeline, changes};
use super::words::{Words, cut, fitting, words};
use seriatim_explore::model::{Awaited, Waiting};

/// Transactions and edges drawn at most.
const MOST_NODES: usize = 200;
const MOST_EDGES: usize = 400;
/// Operations and lanes drawn at most.
pub(super) const MOST_OPERATIONS: usize = 120;
const MOST_LANES: usize = 9;
/// Space for the operations' positions.
const MARGIN: usize = 52;

/// Transactions as nodes, a column a level; edges between those that share accounts.
pub(super) fn conflict_graph(report: &Report<'_>) -> Markup {
    let mut places: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (column, level) in report.levels.iter().enumerate() {
        for (row, &tx_index) in level.iter().enumerate().filter(|(_, tx_index)| **tx_index < MOST_NODES) {
            places.insert(tx_index, (60 + column * 150, 52 + row * 48));
        }
    }
    let width = 60 + report.levels.len().min(MOST_NODES) * 150;
    let height = 52 + places.values().map(|(_, y)| *y).max().unwrap_or(0);
    let guilty = &report.artifact.violation.difference.place.transactions;
    html! {
        div.scroll tabindex="0" role="region" aria-label="Conflict graph" {
            svg width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) role="img" aria-label="Transactions that share accounts" {
                @for column in 0..report.levels.len().min(MOST_NODES) {
                    text.faint x=(60 + column * 150) y="18" text-anchor="middle" { "level " (column) }
                }
                @for conflict in report.conflicts.iter().take(MOST_EDGES) { (edge(conflict, &places)) }
                @for (tx_index, (x, y)) in &places {
                    g.node .bad[guilty.contains(tx_index)] tabindex="0" data-d=(describe(report, *tx_index)) {
                        rect x=(x - 26) y=(y - 14) width="52" height="28" rx="5" {}
                        text x=(x) y=(y + 5) text-anchor="middle" { "tx " (tx_index) }
                    }
                }
            }
        }
        @if report.transactions.len() > MOST_NODES || report.conflicts.len() > MOST_EDGES {
            p.faint { "Only the first " (MOST_NODES) " of " (report.transactions.len()) " transactions and " (MOST_EDGES)
                " of " (report.conflicts.len()) " conflicts are drawn." }
        }
    }
}

fn edge(conflict: &Conflict, places: &BTreeMap<usize, (usize, usize)>) -> Markup {
    let (Some((x, y)), Some((to_x, to_y))) = (places.get(&conflict.earlier), places.get(&conflict.later)) else {
        return Markup::default();
    };
    let label = cut(&conflict.shared.join(", "), 12);
    if x == to_x {
        // Transactions of one level that share an account: what levels are there to prevent.
        let (side, bulge) = (x + 26, x + 80);
        let path = format!("M{side} {y} C{bulge} {y} {bulge} {to_y} {side} {to_y}");
        return html! {
            path.edge.bad d=(path) {}
            text.label.bad x=(x + 70) y=(usize::midpoint(*y, *to_y) + 4) { (label) }
        };
    }
    let (start, end) = (x + 26, to_x.saturating_sub(26));
    let middle = usize::midpoint(start, end);
    let path = format!("M{start} {y} C{middle} {y} {middle} {to_y} {end} {to_y}");
    // A quarter of the way along the curve, where edges that cross later are still apart.
    let (label_x, label_y) = ((27 * start + 36 * middle + end) / 64, (27 * y + 5 * to_y) / 32);
    html! {
        path.edge d=(path) {}
        text.label x=(label_x) y=(label_y + 4) text-anchor="middle" { (label) }
    }
}

fn describe(report: &Report<'_>, tx_index: usize) -> String {
    let line = &report.transactions[tx_index];
    format!("tx {tx_index}: {} {}; fee {}, nonce {}; {}", line.source, line.does, line.fee, line.nonce, line.expected)
}

/// One lane a task, time downwards.
pub(super) fn lanes(report: &Report<'_>, timeline: &Timeline<'_>) -> Markup {
    let rows = timeline.rows(MOST_OPERATIONS);
    let columns = Columns::of(timeline, &rows, MOST_LANES);
    // As wide as a wide page allows, never so narrow that labels say nothing.
    let room = if report.turned.is_some() { 620 } else { 1_260 };
    let lane = ((room - MARGIN) / columns.names.len()).clamp(190, 340);
    let drawing = Drawing { report, timeline, columns, lane, margin: MARGIN };
    let mut y = 44;
    let mut last: Option<(usize, usize)> = None;
    let mut drawn = Vec::new();
    let mut guilty = Vec::new();
    let mut bands: Vec<(usize, usize, usize)> = Vec::new();
    for row in &rows {
        let column = match row {
            Row::Operation(position) => Some(drawing.columns.of_task(timeline.steps[*position].task)),
            Row::Waits(index) => Some(drawing.columns.of_task(timeline.waiting[*index].task)),
            Row::Folded { .. } | Row::Switch { .. } => None,
        };
        if let Row::Operation(position) = row
            && timeline.is_guilty(*position)
        {
            guilty.push((drawing.x(column.unwrap_or(0)), y));
        }
        if let Some(column) = column {
            match bands.last_mut() {
                Some((known, _, to)) if *known == column && !matches!(row, Row::Waits(_)) => *to = y,
                _ => bands.push((column, y, y)),
            }
        }
        let from = last;
        // What is folded after a switch is the new task's.
        last = match row {
            Row::Switch { to, .. } => Some((drawing.columns.of_task(*to), y)),
            _ => column.map(|column| (column, y)).or(last),
        };
        drawn.push(drawing.row(row, y, from));
        y += if matches!(row, Row::Switch { .. }) { 20 } else { 24 };
    }
    let width = drawing.margin + drawing.columns.names.len() * drawing.lane;
    html! {
        div.scroll.lanes tabindex="0" role="region" aria-label="Operations of the tasks" {
            svg width=(width) height=(y) viewBox=(format!("0 0 {width} {y}")) {
                @for (column, name) in drawing.columns.names.iter().enumerate() {
                    line.lane x1=(drawing.x(column)) x2=(drawing.x(column)) y1="28" y2=(y - 12) {}
                    text.head x=(drawing.x(column) - 6) y="18" { (name) }
                }
                @for (column, from, to) in &bands {
                    rect.band x=(drawing.x(*column) - 5) y=(from - 9) width="10" height=(to - from + 18) rx="5" {}
                }
                @for row in &drawn { (row) }
                @if let [(left, top), (right, bottom)] = guilty[..] { (arrow((left, top), (right, bottom))) }
            }
        }
    }
}

/// An arrow from the first access of the guilty pair to the second, at which it arrives from the left: labels are on the right.
fn arrow((x, y): (usize, usize), (to_x, to_y): (usize, usize)) -> Markup {
    let tip = to_x - 8;
    let path = match x.cmp(&to_x) {
        Ordering::Less => format!("M{x} {} C{x} {to_y} {x} {to_y} {tip} {to_y}", y + 8),
        Ordering::Equal => format!("M{} {y} C{} {y} {} {to_y} {tip} {to_y}", x - 8, x - 44, x - 44),
        Ordering::Greater => format!("M{x} {} C{x} {} {} {to_y} {tip} {to_y}", y + 8, y + 40, to_x.saturating_sub(70)),
    };
    let head = format!("M{} {} L{tip} {to_y} L{} {} Z", tip - 10, to_y - 5, tip - 10, to_y + 5);
    html! { path.culprit d=(path) {} path.tip d=(head) {} }
}

struct Drawing<'a> {
    report: &'a Report<'a>,
    timeline: &'a Timeline<'a>,
    columns: Columns,
    lane: usize,
    margin: usize,
}

impl Drawing<'_> {
    fn x(&self, column: usize) -> usize {
        self.margin + 12 + column * self.lane
    }

    /// The part of a label that fits beside its mark.
    fn fitting(&self, whose: &str, words: &Words) -> String {
        fitting(whose, words, (self.lane - 24) * 10 / 77)
    }

    fn row(&self, row: &Row, y: usize, from: Option<(usize, usize)>) -> Markup {
        match row {
            Row::Operation(position) => self.operation(*position, y),
            Row::Waits(index) => {
                let Waiting { task, on, place } = &self.timeline.waiting[*index];
                let x = self.x(self.columns.of_task(*task));
                let waits = format!("waits for {}", self.report.names.shorten(&on.to_string()));
                let did = match on {
                    Awaited::Lock { label, .. } => format!("waits for lock {label}"),
                    _ => waits.clone(),
                };
                let short = Words { did, ..Words::default() };
                let detail = format!("{} {waits}, for ever  {place}", self.timeline.name(*task));
                html! { g.op.bad tabindex="0" data-d=(detail) {
                    rect x=(x - 5) y=(y - 5) width="10" height="10" {}
                    text x=(x + 12) y=(y + 4) { (self.fitting("", &short)) }
                } }
            }
            Row::Folded { operations, switches } => {
                let switches = match switches {
                    0 => String::new(),
                    1 => ", 1 switch".to_owned(),
                    switches => format!(", {switches} switches"),
                };
                let plural = if *operations == 1 { "" } else { "s" };
                html! { text.faint x=(self.x(from.map_or(0, |(column, _)| column)) + 12) y=(y + 4) { "… " (operations) " more operation" (plural) (switches) } }
            }
            Row::Switch { from: task, to, kind } => {
                let (start_x, start_y) = from.unwrap_or((0, y));
                let (start, end) = (self.x(start_x), self.x(self.columns.of_task(*to)));
                let words = match kind {
                    Switch::Preempted => format!("{} preempted", self.timeline.name(*task)),
                    Switch::Voluntary => String::new(),
                    Switch::Several(count) => format!("{count} switches later"),
                };
                let path = format!("M{start} {} V{y} H{end} V{}", start_y + 8, y + 14);
                // At the end where it arrives: the guilty pair's arrow passes the other one.
                let (label, anchor) = if start < end { (end - 10, "end") } else { (end + 10, "start") };
                html! { g .preempted[*kind == Switch::Preempted] {
                    path.switch d=(path) {}
                    text.small x=(label) y=(y - 4) text-anchor=(anchor) { (words) }
                } }
            }
        }
    }

    fn operation(&self, position: usize, y: usize) -> Markup {
        let step = &self.timeline.steps[position];
        let x = self.x(self.columns.of_task(step.task));
        let whose = self.columns.prefix(self.timeline, step.task);
        let words = words(self.report, self.timeline, position);
        let label = self.fitting(&whose, &words);
        let detail = format!("{position}  {}: {words}  {}", self.timeline.name(step.task), step.place);
        html! {
            g.op .bad[self.timeline.is_guilty(position)] .story[self.timeline.story.contains(&position)] .writes[changes(&step.action)]
                tabindex="0" data-n=(position) data-d=(detail) {
                rect.hit x=(x - 10) y=(y - 12) width=(self.lane - 8) height="24" {}
                circle cx=(x) cy=(y) r="5" {}
                text x=(x + 12) y=(y + 4) { (label) }
                text.small x="4" y=(y + 4) { (position) }
            }
        }
    }
}
