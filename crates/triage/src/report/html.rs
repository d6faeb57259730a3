//! The report as one page: no network, no file beside it, every text escaped by construction.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::case::Report;
use super::points::{FaultPoints, PointRow};
use super::svg;
use super::timeline::Timeline;

/// Lines of a table; scenarios may have hundreds.
const MOST_LINES: usize = 200;
/// Operations written out.
const MOST_OPERATIONS: usize = 3_000;
/// Characters of a value that are never broken into lines.
const UNBROKEN: usize = 22;
/// Characters of one value shown without opening it.
const MOST_CHARACTERS: usize = 400;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Whatever a text smuggles in, the page may fetch nothing and run nothing but its own lines.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

impl Report<'_> {
    /// The report as a page.
    pub fn html(&self) -> String {
        let title = self.title();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        header { h1 { (title) } p.faint { (self.place()) " · subject " (self.names.shorten(&self.artifact.subject)) } }
                        (self.difference_section())
                        (self.explanation_section())
                        (self.lanes_section())
                        div.pair { div { (self.transactions_section()) (self.balances_section()) } div { (self.graph_section()) } }
                        (self.origin_section())
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string()
    }

    fn difference_section(&self) -> Markup {
        html! {
            section {
                h2 { "Expected and actual" }
                div.scroll { table.difference {
                    thead { tr { th { "field" } th { "reference" } th { "subject" } th {} } }
                    tbody { @for difference in &self.differing {
                        tr {
                            th { @if difference.field.is_empty() { (self.field()) } @else { (self.names.shorten(&difference.field)) } }
                            td { (long(&self.value(&difference.expected))) }
                            td.bad { (long(&self.actual(difference))) }
                            td { (difference.distance().unwrap_or_default()) }
                        }
                    } }
                } }
                @if !self.equal.is_empty() { p.faint { "Equal: " (self.equal.join("; ")) "." } }
            }
        }
    }

    fn explanation_section(&self) -> Markup {
        let Some(explanation) = &self.retraced.explanation else { return Markup::default() };
        html! {
            section {
                h2 { "Why: " (explanation.anomaly) }
                ol { @for sentence in &explanation.sentences { li { (self.names.shorten(sentence)) } } }
            }
        }
    }

    fn lanes_section(&self) -> Markup {
        html! {
            section {
                h2 { "What the tasks did" }
                @if let Some(note) = &self.retraced.note { p { (self.names.shorten(note)) } }
                @match (&self.retraced.points, &self.timeline) {
                    (Some(points), _) => (points_table(points)),
                    (None, None) => p.faint { "No operations are known of this block." },
                    (None, Some(timeline)) => (self.drawing(timeline)),
                }
            }
        }
    }

    fn drawing(&self, timeline: &Timeline<'_>) -> Markup {
        html! {
            p.legend {
                span { b.dot {} " reads" } span { b.dot.writes {} " writes" }
                @if timeline.guilty.is_some() { span { b.dot.bad {} " the two whose order matters" } }
                span { b.dash {} " gives way" } span { b.dash.preempted {} " preempted" }
            }
            @if timeline.range.start > 0 { p.faint { (timeline.range.start) " operations before this block are left out." } }
            (svg::lanes(self, timeline))
            output.detail aria-live="polite" { "Point at an operation, tap it or reach it with the tab key: its full text appears here." }
            p.faint { "Drawn: first what touches objects that tasks use side by side, at most " (svg::MOST_OPERATIONS) " operations." }
            (self.all_operations(timeline))
        }
    }

    /// Every operation of the block as text, for whoever misses one in the drawing.
    fn all_operations(&self, timeline: &Timeline<'_>) -> Markup {
        let steps = &timeline.steps[timeline.range.clone()];
        let first = timeline.range.start;
        html! {
            details {
                summary { "All " (steps.len()) " operations of this block" }
                pre { @for (index, step) in steps.iter().enumerate().take(MOST_OPERATIONS) {
                    (first + index) "  " (timeline.name(step.task)) "  " (step.action.name()) " " (self.names.shorten(&step.action.target()))
                    @let result = step.action.result();
                    @if !result.is_empty() { ": " (self.names.shorten(&result)) }
                    "\n"
                } }
                @if steps.len() > MOST_OPERATIONS { p.faint { "The first " (MOST_OPERATIONS) "; the file has all." } }
            }
        }
    }

    fn transactions_section(&self) -> Markup {
        let Some(block) = self.block else { return Markup::default() };
        let culprits = &self.artifact.violation.difference.place.transactions;
        html! {
            section {
                h2 { "Block " (block) }
                div.scroll tabindex="0" role="region" aria-label="Transactions" { table {
                    thead { tr { th { "tx" } th { "source" } th { "does" } th.number { "fee" } th.number { "nonce" } th { "reference" } th { "subject" } } }
                    tbody { @for (index, line) in self.transactions.iter().enumerate().take(MOST_LINES) {
                        tr .culprit[culprits.contains(&index)] {
                            th { (index) } td { (line.source) } td { (line.does) }
                            td.number { (line.fee) } td.number { (line.nonce) } td { (long(&line.expected)) }
                            @match &line.actual {
                                None => td.faint { "not known" },
                                Some(actual) if *actual == line.expected => td.faint { span.short { "the same" } },
                                Some(actual) => td.bad { (long(actual)) },
                            }
                        }
                    } }
                } }
                (limit(self.transactions.len(), "transactions"))
                p.faint.names { @for (name, account, role) in self.accounts() {
                    span { b { (name) } " " code title=(account) { (format!("{account:?}")) } (role) }
                } }
            }
        }
    }

    fn graph_section(&self) -> Markup {
        if self.transactions.is_empty() {
            return Markup::default();
        }
        html! {
            section {
                h2 { "Who conflicts with whom" }
                p.faint { "An edge: two transactions share these accounts. A column: a batch, whose transactions may run side by side." }
                (svg::conflict_graph(self))
            }
        }
    }

    fn balances_section(&self) -> Markup {
        if self.balances.is_empty() {
            return Markup::default();
        }
        let amount = |amount: Option<u64>| amount.map_or_else(|| "–".to_owned(), |amount| amount.to_string());
        html! {
            section {
                h2 { "Balances it starts from" }
                div.scroll { table {
                    thead { tr { th { "account" } th { "asset" } th.number { "genesis" } th.number { "before the block" } } }
                    tbody { @for line in self.balances.iter().take(MOST_LINES) {
                        tr {
                            th { (line.account) } td { (line.asset) } td.number { (amount(line.genesis)) }
                            td.number .changed[line.before != line.genesis] { (amount(line.before)) }
                        }
                    } }
                } }
                (limit(self.balances.len(), "balances"))
            }
        }
    }

    fn origin_section(&self) -> Markup {
        html! {
            section {
                h2 { "Again" }
                pre { (self.artifact.replay_command(&self.file)) }
                dl { @for (name, value) in self.facts() { dt { (name) } dd { (value) } } }
            }
        }
    }
}

fn points_table(points: &FaultPoints) -> Markup {
    html! {
        p { (points.introduction()) }
        table { tbody { @for row in points.rows() {
            tr.culprit[matches!(row, PointRow::Struck { .. })] {
                td.number { (row.numbers()) }
                td { (row.words()) }
            }
        } } }
    }
}

/// A value: unbroken if it is short, folded if it is long.
fn long(text: &str) -> Markup {
    let length = text.chars().count();
    if length <= UNBROKEN {
        return html! { span.short { (text) } };
    }
    if length <= MOST_CHARACTERS {
        return html! { (text) };
    }
    let head: String = text.chars().take(MOST_CHARACTERS / 2).collect();
    html! { details { summary { (head) "…" } (text) } }
}

fn limit(all: usize, what: &str) -> Markup {
    html! { @if all > MOST_LINES { p.faint { "The first " (MOST_LINES) " of " (all) " " (what) "." } } }
}
