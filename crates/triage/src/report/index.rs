//! One page for a folder of artifacts: what is open, what is waived, what is kept, and the commands that decide.

use maud::{Markup, html};

use super::Report;
use super::html::page;

/// The folder's page.
#[derive(Debug)]
pub struct Index {
    pub folder: String,
    pub cards: Vec<Card>,
}

/// One artifact on it.
#[derive(Debug)]
pub struct Card {
    title: String,
    subject: String,
    found_by: String,
    why: Option<String>,
    sizes: String,
    /// The artifact's own page, beside this one.
    page: String,
    /// `open`, `waived` or `promoted`, and why or where.
    status: &'static str,
    more: String,
    commands: Vec<String>,
}

impl Card {
    /// What `report` says in a few lines. `page` is its file's name, `commands` are what a reader may decide.
    pub fn new(report: &Report<'_>, page: String, status: &'static str, more: String, commands: Vec<String>) -> Self {
        let artifact = report.artifact;
        let explanation = report.retraced.explanation.as_ref();
        let (blocks, transactions) = (artifact.scenario.blocks().count(), artifact.scenario.tx_count());
        let switches = artifact.schedule.as_ref().map(|schedule| schedule.choices.context_switches());
        let switches = switches.map_or_else(String::new, |switches| format!(", {switches} switches"));
        Self {
            title: report.title(),
            subject: report.names.shorten(&artifact.subject),
            found_by: report.names.shorten(&artifact.origin.found_by),
            why: explanation.map(|explanation| explanation.anomaly.to_string()),
            sizes: format!("{}, {}{switches}", plural(blocks, "block"), plural(transactions, "transaction")),
            page,
            status,
            more,
            commands,
        }
    }

    fn html(&self) -> Markup {
        html! {
            section.card .waived[self.status != "open"] {
                h2 { a href=(self.page) { (self.title) } }
                p {
                    span.status { (self.status) } @if !self.more.is_empty() { " " (self.more) } " · subject " (self.subject)
                    @if let Some(why) = &self.why { " · " (why) }
                    " · " (self.sizes)
                }
                p.faint { "found by " (self.found_by) }
                pre { @for command in &self.commands { (command) "\n" } }
            }
        }
    }
}

/// `1 block`, `2 blocks`.
fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

impl Index {
    /// The page. What is open comes first.
    pub fn html(&self) -> String {
        let open = self.cards.iter().filter(|card| card.status == "open").count();
        let title = format!("{open} of {} artifacts open in {}", self.cards.len(), self.folder);
        let mut cards: Vec<&Card> = self.cards.iter().collect();
        cards.sort_by_key(|card| card.status != "open");
        let body = html! {
            header {
                h1 .calm[open == 0] { (title) }
                p.faint { "Promote a case once its defect is fixed, so that tests run it from then on. Waive one that is known and stays for now. Drop one that tells nothing." }
            }
            @for card in cards { (card.html()) }
        };
        page(&title, &body, "")
    }
}
