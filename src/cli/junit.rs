//! JUnit XML, as CI systems read it: one test suite a command. What is inconclusive is a failure, so that it is never green.

use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::Value;

use seriatim_campaign::{Conclusion, Counterexample};
use seriatim_lab::compare::{Oracle, Violation};

/// A test suite to be.
#[derive(Debug)]
pub(super) struct Suite<'a> {
    pub command: &'static str,
    pub time: Duration,
    /// The command's JSON form: its scalars become properties.
    pub figures: &'a Value,
    pub cases: &'a [TestCase],
}

/// One question that was asked.
#[derive(Clone, Debug)]
pub(super) struct TestCase {
    name: String,
    outcome: Outcome,
    /// Whether the suite's time is given as this case's, too.
    is_timed: bool,
}

#[derive(Clone, Debug)]
enum Outcome {
    Passed,
    /// `kind` is an oracle's name or `inconclusive`.
    Failed {
        kind: &'static str,
        message: String,
        text: String,
    },
    Skipped {
        message: String,
    },
}

impl TestCase {
    pub(super) fn passed(name: impl Into<String>) -> Self {
        Self { name: name.into(), outcome: Outcome::Passed, is_timed: false }
    }

    /// `text` is everything that is known.
    pub(super) fn failed(name: impl Into<String>, violation: &Violation, text: String) -> Self {
        let (kind, message) = (violation.oracle.name(), violation.to_string());
        Self { outcome: Outcome::Failed { kind, message, text }, ..Self::passed(name) }
    }

    pub(super) fn violated(name: impl Into<String>, violation: &Violation) -> Self {
        Self::failed(name, violation, violation.to_string())
    }

    pub(super) fn inconclusive(name: impl Into<String>, reason: &str) -> Self {
        let (message, text) = (reason.to_owned(), reason.to_owned());
        Self { outcome: Outcome::Failed { kind: "inconclusive", message, text }, ..Self::passed(name) }
    }

    pub(super) fn skipped(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped { message: message.into() }, ..Self::passed(name) }
    }

    /// The case that took the time.
    pub(super) fn timed(self) -> Self {
        Self { is_timed: true, ..self }
    }
}

impl Suite<'_> {
    pub(super) fn to_xml(&self) -> String {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        self.write(&mut writer).expect("writing to memory");
        let xml = String::from_utf8(writer.into_inner()).expect("all of it is text");
        xml + "\n"
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let count = |counts: fn(&Outcome) -> bool| self.cases.iter().filter(|case| counts(&case.outcome)).count();
        let time = seconds(self.time);
        let totals = [
            ("tests", self.cases.len().to_string()),
            ("failures", count(|outcome| matches!(outcome, Outcome::Failed { .. })).to_string()),
            ("errors", "0".to_owned()),
            ("skipped", count(|outcome| matches!(outcome, Outcome::Skipped { .. })).to_string()),
            ("time", time.clone()),
        ];
        let totals = || totals.iter().map(|(name, value)| (*name, value.as_str()));
        let name = format!("seriatim {}", self.command);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let suites = writer.create_element("testsuites").with_attribute(("name", "seriatim")).with_attributes(totals());
        suites.write_inner_content(|writer| {
            let suite = writer.create_element("testsuite").with_attribute(("name", name.as_str()));
            suite.with_attributes(totals()).write_inner_content(|writer| {
                self.write_properties(writer)?;
                for case in self.cases {
                    let time = if case.is_timed { time.as_str() } else { "0.000" };
                    self.write_case(writer, case, time)?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    }

    fn write_properties(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut properties = Vec::new();
        scalars("", self.figures, &mut properties);
        writer.create_element("properties").write_inner_content(|writer| {
            for (name, value) in &properties {
                let property = writer.create_element("property").with_attribute(("name", one_line(name).as_str()));
                property.with_attribute(("value", one_line(value).as_str())).write_empty()?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn write_case(&self, writer: &mut Writer<Vec<u8>>, case: &TestCase, time: &str) -> std::io::Result<()> {
        let (name, class) = (one_line(&case.name), format!("seriatim.{}", self.command));
        let element = writer.create_element("testcase").with_attributes([
            ("classname", class.as_str()),
            ("name", name.as_str()),
            ("time", time),
        ]);
        match &case.outcome {
            Outcome::Passed => element.write_empty()?,
            Outcome::Failed { kind, message, text } => element.write_inner_content(|writer| {
                let failure = writer.create_element("failure").with_attribute(("type", *kind));
                let failure = failure.with_attribute(("message", one_line(message).as_str()));
                failure.write_text_content(BytesText::new(&clean(text)))?;
                Ok(())
            })?,
            Outcome::Skipped { message } => element.write_inner_content(|writer| {
                let skipped = writer.create_element("skipped");
                skipped.with_attribute(("message", one_line(message).as_str())).write_empty()?;
                Ok(())
            })?,
        };
        Ok(())
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Parts of the JSON form that are no figures: they stand in the failures, or belong into a file of their own.
const NO_FIGURES: [&str; 6] = ["violation", "schedule", "divergence", "signature", "refutation", "near"];

/// Numbers, texts and truth values with their paths; nothing of lists.
fn scalars(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let mut add = |text: String| into.push((path.to_owned(), text));
    match value {
        Value::Null | Value::Array(_) => {}
        Value::Bool(value) => add(value.to_string()),
        Value::Number(value) => add(value.to_string()),
        Value::String(value) => add(value.clone()),
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !NO_FIGURES.contains(&name.as_str())) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                scalars(&path, value, into);
            }
        }
    }
}

/// XML has no way to write most control characters, not even escaped; they are shown as Rust shows them.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => cleaned.push(character),
            '\u{fffe}' | '\u{ffff}' => cleaned.extend(character.escape_unicode()),
            _ if character.is_control() => cleaned.extend(character.escape_default()),
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// Escapes for an attribute, where a reader would turn line breaks into spaces.
fn one_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

/// One test case an oracle, and one for the floors, which stands for the campaign as a whole. With a violation the other
/// oracles are skipped, for the reason that is given; without a reason they passed.
pub(super) fn oracle_cases(
    oracles: &[Oracle],
    counterexamples: &[Counterexample],
    skipped: Option<&str>,
    conclusion: Conclusion,
    missed_floors: &[String],
) -> Vec<TestCase> {
    let of_oracle = |oracle: &Oracle| {
        let found = || counterexamples.iter().filter(move |found| found.violation.oracle == *oracle);
        match (found().next(), skipped) {
            (Some(first), _) => {
                let text: String = found().map(Counterexample::to_string).collect();
                TestCase::failed(oracle.name(), &first.violation, text)
            }
            (None, Some(reason)) if !counterexamples.is_empty() => TestCase::skipped(oracle.name(), reason),
            (None, _) => TestCase::passed(oracle.name()),
        }
    };
    let floors = match conclusion {
        Conclusion::Agree => TestCase::passed("floors"),
        Conclusion::Violation => TestCase::skipped("floors", "floors are asked of an agreement"),
        Conclusion::Inconclusive => TestCase::inconclusive("floors", &missed_floors.join("\n")),
    };
    oracles.iter().map(of_oracle).chain([floors.timed()]).collect()
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_read_back_as_shown() {
        let name = "a <plan> & \"more\" 'of' \u{1b}[1m it\u{0}\u{ffff}";
        let case = TestCase::inconclusive(name, "first ]]> line\nsecond\u{7}");
        let figures =
            serde_json::json!({ "seed": 7, "inner": { "text": "é <" }, "list": [1], "violation": { "x": 1 } });
        let suite = Suite { command: "run", time: Duration::from_millis(1_500), figures: &figures, cases: &[case] };
        let xml = suite.to_xml();
        let (mut attributes, mut text) = (Vec::new(), String::new());
        let mut reader = Reader::from_str(&xml);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(element) | Event::Empty(element) => {
                    for attribute in element.attributes() {
                        let attribute = attribute.unwrap();
                        let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
                        attributes
                            .push((String::from_utf8_lossy(attribute.key.as_ref().as_bytes()).into_owned(), value));
                    }
                }
                Event::Text(part) => text += &part,
                Event::GeneralRef(part) => text.extend(["&", &*part, ";"]),
                Event::Eof => break,
                _ => {}
            }
        }
        let has = |key: &str, value: &str| attributes.iter().any(|found| *found == (key.to_owned(), value.to_owned()));
        assert!(has("name", "a <plan> & \"more\" 'of' \\u{1b}[1m it\\u{0}\\u{ffff}"), "{xml}");
        assert!(has("message", "first ]]> line second\\u{7}"), "{xml}");
        assert!(has("name", "inner.text") && has("value", "é <") && has("value", "7"), "{xml}");
        assert!(has("time", "1.500") && has("failures", "1") && has("type", "inconclusive"), "{xml}");
        assert!(!has("name", "list") && !has("name", "violation.x"), "{xml}");
        assert!(text.contains("first ]]&gt; line\nsecond\\u{7}"), "{text}");
    }
}
