//! Settings from the environment, and from `.env` in the working folder.
//!
//! **Invariants.** The environment counts for more than the file. From the
//! file only the names of [`NAMES`] are taken: it may lie in a folder that
//! somebody else filled, and must not send signed requests elsewhere.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::path::Path;

/// What may stand in the file; everything else in it is left alone.
const NAMES: [&str; 14] = [
    "S3_BUCKET_NAME",
    "S3_PREFIX",
    "AWS_ACCOUNT_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "YEAR",
    "MONTH",
    "DAY",
    "NAT_EIPS_LIST",
    "IP_INFO_API_KEY",
];

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DotenvError {
    /// The file is there and cannot be read.
    #[error("read .env: {0}")]
    Unreadable(#[from] io::Error),
    /// A line is no setting.
    #[error("read .env: line {0} is not of the form NAME=value")]
    NotASetting(usize),
}

/// Named texts, of which an empty one is none.
#[derive(Debug, Default)]
pub(crate) struct Settings(HashMap<String, String>);

impl Settings {
    /// The environment, and below it the file `.env`, if there is one.
    pub(crate) fn load() -> Result<Settings, DotenvError> {
        let file = match fs::read_to_string(Path::new(".env")) {
            Ok(text) => parse(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Settings::of(file, |name| env::var(name).ok()))
    }

    fn of(file: Vec<(String, String)>, environment: impl Fn(&str) -> Option<String>) -> Settings {
        let mut settings = HashMap::new();
        for (name, value) in file {
            if NAMES.contains(&name.as_str()) {
                settings.insert(name, value);
            }
        }
        for name in NAMES {
            if let Some(value) = environment(name).filter(|value| !value.is_empty()) {
                settings.insert(name.to_owned(), value);
            }
        }
        settings.retain(|_, value| !value.trim().is_empty());
        Settings(settings)
    }

    /// The value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    #[cfg(feature = "aws")]
    /// The values of that name, which commas or spaces separate.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.get(name)
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// `NAME=value` lines, with `export`, quotes and `#` comments as shells have them.
fn parse(text: &str) -> Result<Vec<(String, String)>, DotenvError> {
    let mut settings = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let refused = || DotenvError::NotASetting(index + 1);
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(refused)?;
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(refused());
        }
        let value = unquoted(value.trim()).ok_or_else(refused)?;
        settings.push((name.to_owned(), value.to_owned()));
    }
    Ok(settings)
}

fn unquoted(value: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inner, after) = rest.split_once(quote)?;
            let after = after.trim_start();
            return (after.is_empty() || after.starts_with('#')).then_some(inner);
        }
    }
    Some(value.split(" #").next().unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests {
    use super::{Settings, parse};

    fn check(text: &str, name: &str) -> Option<String> {
        let file = parse(text).unwrap();
        Settings::of(file, |_| None).get(name).map(str::to_owned)
    }

    #[test]
    fn reads_settings_as_shells_write_them() {
        for (text, expected) in [
            ("DAY=20", Some("20")),
            ("export DAY=20\r\n", Some("20")),
            ("# a comment\n\nDAY = '20' # the day", Some("20")),
            ("DAY=\"20\"", Some("20")),
            ("DAY=20 # the day", Some("20")),
            ("\u{feff}DAY=20", Some("20")),
            ("DAY=19\nDAY=20", Some("20")),
            ("DAY=", None),
            ("", None),
        ] {
            assert_eq!(check(text, "DAY").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn takes_known_names_only() {
        assert_eq!(
            check("AWS_ENDPOINT_URL=http://elsewhere", "AWS_ENDPOINT_URL"),
            None
        );
    }

    #[test]
    fn names_the_line_that_is_no_setting() {
        for text in [
            "DAY=1\nnonsense",
            "DAY=1\n=2",
            "DAY=1\nA B=2",
            "DAY=1\nX=\"2",
        ] {
            let message = parse(text).map(|_| ()).unwrap_err().to_string();
            assert_eq!(message, "read .env: line 2 is not of the form NAME=value");
        }
    }

    #[test]
    fn the_environment_counts_for_more() {
        let file = parse("DAY=1\nMONTH=2\nYEAR=3").unwrap();
        let settings = Settings::of(file, |name| match name {
            "DAY" => Some("20".to_owned()),
            "MONTH" => Some(String::new()),
            _ => None,
        });
        let get = |name| settings.get(name);
        assert_eq!(
            (get("DAY"), get("MONTH"), get("YEAR")),
            (Some("20"), Some("2"), Some("3"))
        );
    }

    #[cfg(feature = "aws")]
    #[test]
    fn splits_lists() {
        let file = parse("NAT_EIPS_LIST=198.51.100.1, 198.51.100.2").unwrap();
        let settings = Settings::of(file, |_| None);
        assert_eq!(
            settings.list("NAT_EIPS_LIST"),
            ["198.51.100.1", "198.51.100.2"]
        );
        assert!(settings.list("DAY").is_empty());
    }
}
