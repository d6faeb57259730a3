//! `seriatim.toml`: named sets of a campaign's options, for CI, for the night, for one's own machine.
//!
//! A key is an option's name without its hyphens, and a value is what would follow it; `true` gives an option that takes none.
//! What is typed wins, then the profile that was asked for, then the profile `default`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use serde::Deserialize;

/// Where it is looked for unless `--config` says.
pub(super) const FILE: &str = "seriatim.toml";
/// The profile that always counts.
const DEFAULT: &str = "default";
/// Options of which one excludes the others, so that a typed one keeps those of a profile out.
const EXCLUSIVE: [&[&str]; 3] = [
    &["seconds", "executions"],
    &["shapes", "plans", "interleavings", "faults", "subject-cmd"],
    &["subject", "subject-cmd"],
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    profile: BTreeMap<String, BTreeMap<String, Setting>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Setting {
    Flag(bool),
    Number(i64),
    Text(String),
}

/// Why there are no options from a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}", path = .path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{path}: no profile {name:?}; it has {known}", path = .path.display())]
    Unknown { path: PathBuf, name: String, known: String },
    #[error("{path}: profile.{profile}.{key}: a campaign has no such option (see seriatim campaign --help)", path = .path.display())]
    Option { path: PathBuf, profile: String, key: String },
    #[error("{path}: profile.{profile}.{key}: only true or false can stand here", path = .path.display())]
    Flag { path: PathBuf, profile: String, key: String },
    #[error("{path}: profile.{profile}.{key}: a value is missing", path = .path.display())]
    Value { path: PathBuf, profile: String, key: String },
    #[error("--profile {0:?} needs a {FILE} here, or --config")]
    NoFile(String),
}

/// The words of a command line with those of its profile put in. `campaign` is the command whose options they are, `at` the
/// position of its first option.
pub(super) fn expanded(words: Vec<OsString>, campaign: &Command, at: usize) -> Result<Vec<OsString>, ProfileError> {
    // As far as it can be understood; what is wrong with it is told afterwards.
    let lenient = campaign.clone().ignore_errors(true).no_binary_name(true);
    let Ok(typed) = lenient.try_get_matches_from(&words[at..]) else { return Ok(words) };
    let value = |id: &str| typed.try_get_one::<String>(id).ok().flatten().cloned();
    let config = typed.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let name = value("profile");
    let path = config.clone().unwrap_or_else(|| PathBuf::from(FILE));
    if config.is_none() && !path.is_file() {
        return name.map_or(Ok(words), |name| Err(ProfileError::NoFile(name)));
    }
    let file = read(&path)?;
    let mut given: Vec<String> = typed.ids().map(|id| id.as_str().replace('_', "-")).collect();
    given.retain(|id| is_typed(&typed, id));
    let mut options = Vec::new();
    for name in name.iter().map(String::as_str).chain([DEFAULT]) {
        let Some(settings) = file.profile.get(name) else {
            if name == DEFAULT {
                continue;
            }
            let known = file.profile.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(ProfileError::Unknown { path, name: name.to_owned(), known });
        };
        let mut set = Vec::new();
        for (key, setting) in settings {
            let words = option(campaign, &path, name, key, setting)?;
            if !is_kept_out(key, &given) {
                options.extend(words);
                set.push(key.clone());
            }
        }
        given.extend(set);
    }
    let mut expanded = words;
    expanded.splice(at..at, options);
    Ok(expanded)
}

fn read(path: &Path) -> Result<File, ProfileError> {
    let text = std::fs::read_to_string(path).map_err(|source| ProfileError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| ProfileError::Toml { path: path.to_owned(), source: Box::new(source) })
}

fn is_typed(typed: &ArgMatches, option: &str) -> bool {
    let id = option.replace('-', "_");
    typed.value_source(&id) == Some(ValueSource::CommandLine)
}

/// Whether an option that was given already is this one or excludes it.
fn is_kept_out(key: &str, given: &[String]) -> bool {
    let excludes = |other: &String| {
        other == key || EXCLUSIVE.iter().any(|group| group.contains(&key) && group.contains(&other.as_str()))
    };
    given.iter().any(excludes)
}

/// The words that a setting stands for.
fn option(
    campaign: &Command,
    path: &Path,
    profile: &str,
    key: &str,
    setting: &Setting,
) -> Result<Vec<OsString>, ProfileError> {
    let (path, profile, name) = (path.to_owned(), profile.to_owned(), key.to_owned());
    let known = campaign.get_arguments().find(|argument| argument.get_long() == Some(key));
    let Some(argument) = known.filter(|_| !["profile", "config"].contains(&key)) else {
        return Err(ProfileError::Option { path, profile, key: name });
    };
    let takes_value = argument.get_action().takes_values();
    let word = OsString::from(format!("--{key}"));
    match setting {
        Setting::Flag(is_set) if !takes_value => Ok(if *is_set { vec![word] } else { Vec::new() }),
        _ if !takes_value => Err(ProfileError::Flag { path, profile, key: name }),
        Setting::Flag(_) => Err(ProfileError::Value { path, profile, key: name }),
        Setting::Number(number) => Ok(vec![word, number.to_string().into()]),
        Setting::Text(text) => Ok(vec![word, text.into()]),
    }
}
