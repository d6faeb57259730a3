//! The commands of the README and of the book: each line of a block of shell is run, in order, one folder for each page.
//! Blocks of the kind `console` have what is not run here: what builds, fuzzes or takes hours.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use seriatim_testkit::python::python3;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The two commands that everybody runs, which CI runs as such.
const RUN_BY_CI: [&str; 2] = ["cargo run --release", "cargo test"];
/// What is typed to run the command from its sources.
const FROM_SOURCES: &str = "cargo run --release -- ";
/// What is typed to run a program of `examples/`.
const EXAMPLE: &str = "cargo run --release --example ";

/// A line that is typed, and how it ends.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    command: &'a str,
    code: i32,
}

impl<'a> Line<'a> {
    /// A comment may say how it ends: `# exits with 1`.
    fn of(line: &'a str) -> Self {
        let (command, comment) = line.split_once(" # ").unwrap_or((line, ""));
        let code = comment.split("exits with ").nth(1).and_then(|rest| rest.get(..1)?.parse().ok());
        Self { command: command.trim(), code: code.unwrap_or(0) }
    }

    /// The program and its arguments.
    fn words(&self) -> Option<(PathBuf, Vec<String>)> {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_seriatim"));
        let split = |words: &str| shlex::split(words).expect("quotes are closed");
        if let Some(rest) = self.command.strip_prefix(EXAMPLE) {
            let mut words = split(rest).into_iter();
            let example = program.with_file_name("examples").join(words.next()?);
            return Some((example, words.filter(|word| word != "--").collect()));
        }
        let rest = self.command.strip_prefix("seriatim").or_else(|| self.command.strip_prefix(FROM_SOURCES))?;
        Some((program, split(rest)))
    }
}

/// The lines of a page's blocks of shell.
fn lines(page: &str) -> Vec<Line<'_>> {
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).map(Line::of).collect()
}

/// A folder from which the page's relative paths lead to what they mean.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["corpus", "examples"] {
        std::os::unix::fs::symlink(Path::new(ROOT).join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// Runs a page. How many lines were run.
fn run(page: &str) -> usize {
    let text = std::fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
    let folder = folder();
    let mut count = 0;
    for line in lines(&text) {
        if RUN_BY_CI.contains(&line.command) || line.command.contains("python3") && python3().is_none() {
            continue;
        }
        let (program, words) = line.words().unwrap_or_else(|| panic!("{page}: no test runs {line:?}"));
        let output = Command::new(program).args(words).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(line.code), "{page}: {line:?}: {said}");
        count += 1;
    }
    count
}

#[test]
fn a_line_is_read_with_its_end() {
    let page = "```sh\nseriatim demo    # exits with 1; a word\n\ncargo test\n```\n```console\nls\n```\n";
    let read = lines(page);
    assert_eq!(read, [Line { command: "seriatim demo", code: 1 }, Line { command: "cargo test", code: 0 }]);
}

#[test]
fn a_line_that_no_test_can_run_is_told() {
    assert_eq!(Line::of("cargo bench").words(), None);
}

#[test]
fn the_readme() {
    assert_eq!(run("README.md"), 5);
}

#[test]
fn the_tutorials() {
    let counts = ["introduction.md", "tutorials/first-bug.md", "tutorials/adapter.md", "tutorials/node.md"]
        .map(|page| run(&format!("docs/book/{page}")));
    assert_eq!(counts, [1, 3, 4, 3]);
}

#[test]
fn the_how_tos() {
    for page in ["install", "ci", "fuzzing", "triage", "proofs", "rollout"] {
        assert!(run(&format!("docs/book/how-to/{page}.md")) > 0, "{page}");
    }
}

/// A page with commands that none of the tests above runs would be forgotten.
#[test]
fn every_page_with_commands_is_run() {
    let run = [
        "introduction.md",
        "tutorials/first-bug.md",
        "tutorials/adapter.md",
        "tutorials/node.md",
        "how-to/install.md",
        "how-to/ci.md",
        "how-to/fuzzing.md",
        "how-to/triage.md",
        "how-to/proofs.md",
        "how-to/rollout.md",
        "explanation/oracles.md",
    ];
    let book = Path::new(ROOT).join("docs/book");
    let folders = ["", "tutorials", "how-to", "explanation", "decisions", "reference"];
    let pages =
        folders.iter().flat_map(|name| std::fs::read_dir(book.join(name)).unwrap()).map(|page| page.unwrap().path());
    let with_commands: BTreeSet<String> = pages
        .filter(|page| page.is_file() && page.extension().is_some_and(|extension| extension == "md"))
        .filter(|page| !lines(&std::fs::read_to_string(page).unwrap()).is_empty())
        .map(|page| page.strip_prefix(&book).unwrap().display().to_string())
        .collect();
    let known = run.map(str::to_owned).into();
    let forgotten: Vec<_> = with_commands.difference(&known).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

#[test]
fn the_explanations() {
    assert_eq!(run("docs/book/explanation/oracles.md"), 1);
}

/// `cargo test` with `UPDATE_BOOK=1` writes the page anew.
#[test]
fn the_page_of_commands_is_their_help() {
    let path = Path::new(ROOT).join("docs/book/reference/commands.md");
    let page = commands();
    if std::env::var_os("UPDATE_BOOK").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == page, "docs/book/reference/commands.md is stale: UPDATE_BOOK=1 cargo test --test command book");
}

fn commands() -> String {
    let mut page = String::from(
        "# Commands\n\nEach command with what its `--help` prints.\nA test keeps this page equal to it.\n\n",
    );
    let top = help(&[]);
    page += &section("## seriatim", &top);
    for command in subcommands(&top) {
        let text = help(&[&command]);
        page += &section(&format!("\n## seriatim {command}"), &text);
        for nested in subcommands(&text) {
            page += &section(&format!("\n### seriatim {command} {nested}"), &help(&[&command, &nested]));
        }
    }
    page
}

fn section(heading: &str, help: &str) -> String {
    format!("{heading}\n\n```text\n{help}```\n")
}

fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seriatim"));
    let output = command.args(words).arg("--help").env("COLUMNS", "100").output().unwrap();
    assert!(output.status.success(), "{words:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

/// The names in the list of commands of a help.
fn subcommands(help: &str) -> Vec<String> {
    // Under titles of their own, before the options.
    let list = help.split("\nOptions:\n").next().unwrap_or_default();
    let is_row =
        |line: &&str| line.starts_with("  ") && line[2..].starts_with(|first: char| first.is_ascii_lowercase());
    let rows = list.lines().filter(is_row);
    rows.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}
