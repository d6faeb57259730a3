//! One page of Markdown: its prose, its links, its blocks of Rust.

use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag};

use super::Counts;

/// A page, line by line.
pub struct Page<'a> {
    text: &'a str,
    lines: Vec<(Kind, &'a str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Prose,
    /// A row of a table; it cannot be broken.
    Row,
    /// The fence of a block, or a line in it.
    Code,
}

impl<'a> Page<'a> {
    pub fn of(text: &'a str) -> Self {
        let mut in_code = false;
        let kind = |line: &str| {
            let is_fence = line.trim_start().starts_with("```");
            in_code ^= is_fence;
            match (in_code || is_fence, line.trim_start().starts_with('|')) {
                (true, _) => Kind::Code,
                (false, true) => Kind::Row,
                (false, false) => Kind::Prose,
            }
        };
        let mut kind = kind;
        Self { text, lines: text.lines().map(|line| (kind(line), line)).collect() }
    }

    /// Lines, words of everything but code, and the columns of the longest line of prose.
    pub fn counts(&self) -> Counts {
        let read = || self.lines.iter().filter(|(kind, _)| *kind != Kind::Code);
        let prose = self.lines.iter().filter(|(kind, _)| *kind == Kind::Prose);
        Counts {
            lines: self.lines.len(),
            words: read().flat_map(|(_, line)| line.split_whitespace()).filter(|word| is_word(word)).count(),
            longest: prose.map(|(_, line)| line.chars().count()).max().unwrap_or_default(),
        }
    }

    /// Lines that are too long, lines with two sentences, and places that were to be filled in.
    pub fn findings(&self, width: usize) -> Vec<String> {
        let is_text = |(kind, line): &(Kind, &str)| *kind == Kind::Prose && !line.starts_with('#');
        let numbered = self.lines.iter().enumerate().filter(|(_, line)| is_text(line));
        let finding = |(number, (_, line)): (usize, &(Kind, &str))| {
            let columns = line.chars().count();
            // A link cannot be broken.
            if let Some(name) = placeholder(line) {
                Some(format!("line {} waits for {name}", number + 1))
            } else if columns > width && !line.contains("](") {
                Some(format!("line {} has {columns} columns", number + 1))
            } else {
                second_sentence(line).map(|begin| format!("line {} has a second sentence: {begin:?}", number + 1))
            }
        };
        numbered.filter_map(finding).collect()
    }

    /// Links that lead to no file.
    pub fn lost_links(&self, exists: &dyn Fn(&Path) -> bool) -> Vec<String> {
        let target = |event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
            _ => None,
        };
        let is_lost = |target: &String| {
            let file = target.split('#').next().unwrap_or_default();
            !target.contains("://") && !file.is_empty() && !exists(Path::new(file))
        };
        let targets = Parser::new(self.text).filter_map(target);
        targets.filter(is_lost).map(|target| format!("links to {target}, which is not there")).collect()
    }

    /// Each block of Rust, without its fence.
    pub fn rust_blocks(&self) -> impl Iterator<Item = String> {
        let mut blocks = Vec::new();
        let mut in_block = false;
        for (_, line) in self.lines.iter().filter(|(kind, _)| *kind == Kind::Code) {
            match line.trim_start().strip_prefix("```") {
                Some(info) if !in_block => {
                    in_block = true;
                    // One of another language is read to its end and dropped.
                    blocks.push(info.starts_with("rust").then(String::new));
                }
                Some(_) => in_block = false,
                None => {
                    if let Some(Some(text)) = blocks.last_mut() {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        blocks.into_iter().flatten()
    }
}

fn is_word(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// Where a second sentence begins in a line: after a full stop, with a capital.
fn second_sentence(line: &str) -> Option<&str> {
    line.match_indices(' ').find_map(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + 1..]);
        let ends = before.ends_with(['.', '?', '!']) && !before.ends_with("..");
        // A numbered item has no text before its number.
        let is_end = ends && before.trim_start().len() > 3;
        (is_end && after.starts_with(char::is_uppercase))
            .then(|| after.split_inclusive(' ').take(4).map(str::len).sum::<usize>())
            .map(|len| &after[..len])
    })
}

/// `@FIGURE@`, as a text has it until the figure is known.
fn placeholder(line: &str) -> Option<&str> {
    let is_name = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    // What stands before the first @ and behind the last is not between two.
    let mut parts: Vec<&str> = line.split('@').skip(1).collect();
    parts.pop();
    parts.into_iter().find(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_one_sentence_a_line_and_long_rows() {
        let long = "x".repeat(130);
        let text =
            format!("A sentence of the usual kind.\nAnother one.\n\n| {long} |\n\n```sh\n{long}\n```\n1. An item.\n");
        assert_eq!(Page::of(&text).findings(120), [""; 0]);
    }

    #[test]
    fn rejects_long_lines_and_two_sentences() {
        let text = format!("{}\nOne is here. Two is, too.\n", "x".repeat(121));
        let findings = Page::of(&text).findings(120);
        assert_eq!(findings, ["line 1 has 121 columns", "line 2 has a second sentence: \"Two is, too.\""]);
    }

    #[test]
    fn a_figure_that_is_not_filled_in_is_told_and_an_address_is_none() {
        let findings = Page::of("It takes @SECONDS@ s.\nWrite to a@b.org or c@d.org.\n").findings(120);
        assert_eq!(findings, ["line 1 waits for SECONDS"]);
    }

    #[test]
    fn counts_what_is_read_and_not_what_is_typed() {
        let Counts { lines, words, longest } =
            Page::of("# A page\n\nThree words here.\n\n```sh\nls -l\n```\n").counts();
        assert_eq!((lines, words, longest), (7, 5, 17));
    }

    #[test]
    fn a_link_leads_to_a_file_or_is_lost() {
        let page = Page::of("[a](here.md), [b](here.md#part), [c](https://example.org), [d](gone.md), ![e](gone.png)");
        let lost = page.lost_links(&|place| place == Path::new("here.md"));
        assert_eq!(lost, ["links to gone.md, which is not there", "links to gone.png, which is not there"]);
    }

    #[test]
    fn blocks_of_rust_are_taken_and_no_others() {
        let blocks: Vec<_> =
            Page::of("```sh\nls\n```\n\n- x\n\n  ```rust\n  let a = 1;\n  ```\n").rust_blocks().collect();
        assert_eq!(blocks, ["  let a = 1;\n"]);
    }
}
