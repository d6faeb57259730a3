//! The text format of Prometheus, read back by its own rules.

use std::collections::BTreeMap;

/// Families with their types, and samples by name and labels as they stand in the text.
#[derive(Debug, Default)]
pub struct Exposition {
    /// The type of each family.
    pub types: BTreeMap<String, String>,
    /// The help of each family.
    pub helps: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// Reads the text. It panics on a line that is not of the format, on a sample without a family before it, and on a
    /// sample that comes twice.
    pub fn read(text: &str) -> Self {
        let mut exposition = Self::default();
        assert!(text.ends_with('\n'), "the last line ends too");
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let (word, family, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
                let into = match word {
                    "HELP" => &mut exposition.helps,
                    "TYPE" => &mut exposition.types,
                    other => panic!("{other:?} in {line:?}"),
                };
                assert!(into.insert(family.to_owned(), rest.to_owned()).is_none(), "{line:?} comes twice");
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
                let family = name.strip_suffix(end)?;
                exposition.types.get(family).is_some_and(|kind| kind == "histogram").then_some(family)
            });
            assert!(exposition.types.contains_key(family.unwrap_or(name)), "{line:?} is of no family");
            let value: f64 = value.parse().unwrap();
            assert!(exposition.samples.insert(sample.to_owned(), value).is_none(), "{line:?} comes twice");
        }
        exposition
    }

    /// The value of a sample, which must be there.
    pub fn get(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {:#?}", self.samples))
    }

    /// The value of a counter of events.
    #[expect(clippy::cast_sign_loss, reason = "compared just before")]
    pub fn count(&self, sample: &str) -> u64 {
        let value = self.get(sample);
        assert!(value >= 0.0 && value.fract() == 0.0, "{sample} is {value}");
        value as u64
    }

    /// All samples of a family, summed.
    pub fn sum(&self, family: &str) -> u64 {
        let of_family = |sample: &&String| sample.split('{').next() == Some(family);
        self.samples.keys().filter(of_family).map(|sample| self.count(sample)).sum()
    }
}
