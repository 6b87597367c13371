//! The arguments of a command line as they may be kept.
//!
//! **Invariants.** No secret stays: the value of an option whose name says so, the
//! user and query of a URL, an access key id. Lists and texts are bounded.

use std::collections::BTreeSet;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// Words in the names of options whose values are secrets.
const SECRET: [&str; 10] = [
    "auth",
    "credential",
    "credentials",
    "external",
    "key",
    "passphrase",
    "password",
    "secret",
    "session",
    "token",
];
/// Beginnings of access key ids, and how long they are.
const KEY_IDS: [&str; 2] = ["AKIA", "ASIA"];
const KEY_ID: usize = 20;
/// A shorter secret would be found in words that are none.
const SHORTEST: usize = 4;
/// Arguments that are kept.
const MOST: usize = 100;
/// Letters of each.
const LONGEST: usize = 1_000;

/// Arguments without secrets.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// What may be kept.
    pub(super) shown: Vec<String>,
    secrets: BTreeSet<String>,
}

impl Arguments {
    /// Takes the secrets out.
    pub(super) fn of(arguments: impl Iterator<Item = String>) -> Arguments {
        let mut taken = Arguments::default();
        let mut is_value_secret = false;
        let mut shown = Vec::new();
        for argument in arguments {
            let is_option = argument.starts_with("--");
            match argument.split_once('=').filter(|_| is_option) {
                _ if is_value_secret => {
                    taken.secrets.insert(argument);
                    shown.push(HIDDEN.to_owned());
                    is_value_secret = false;
                }
                Some((name, value)) if is_secret(name) => {
                    taken.secrets.insert(value.to_owned());
                    shown.push(format!("{name}={HIDDEN}"));
                }
                Some(_) => shown.push(argument),
                None => {
                    is_value_secret = is_option && is_secret(&argument);
                    shown.push(argument);
                }
            }
        }
        taken.shown = taken.list(&shown);
        taken
    }

    /// The texts without secrets, as many as may be kept.
    pub(super) fn list(&self, texts: &[String]) -> Vec<String> {
        let mut list: Vec<String> = texts.iter().take(MOST).map(|it| self.text(it)).collect();
        if texts.len() > MOST {
            list.push(format!("… {} more", texts.len() - MOST));
        }
        list
    }

    /// The text without secrets.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|it| it.len() >= SHORTEST) {
            text = text.replace(secret, HIDDEN);
        }
        let text = without_key_ids(&without_url_secrets(&text));
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

fn is_secret(option: &str) -> bool {
    option.split('-').any(|word| SECRET.contains(&word))
}

/// `https://user:password@host/path?signature` as `https://***@host/path?***`.
fn without_url_secrets(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let start = ["https://", "http://"]
            .iter()
            .filter_map(|scheme| Some(word.find(scheme)? + scheme.len()))
            .min();
        let Some(start) = start else {
            words.push(word.to_owned());
            continue;
        };
        let (scheme, rest) = word.split_at(start);
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let host = match host.rsplit_once('@') {
            Some((_, host)) => format!("{HIDDEN}@{host}"),
            None => host.to_owned(),
        };
        let path = match path.split_once('?') {
            Some((path, _)) => format!("{path}?{HIDDEN}"),
            None => path.to_owned(),
        };
        words.push(format!("{scheme}{host}{path}"));
    }
    words.join(" ")
}

fn without_key_ids(text: &str) -> String {
    let mut rest = text;
    let mut clean = String::with_capacity(text.len());
    while let Some(start) = KEY_IDS
        .iter()
        .filter_map(|beginning| rest.find(beginning))
        .min()
    {
        let (before, id) = rest.split_at(start);
        let is_of_it = |letter: &u8| letter.is_ascii_uppercase() || letter.is_ascii_digit();
        let length = id.bytes().take_while(is_of_it).count();
        clean.push_str(before);
        clean.push_str(if length == KEY_ID {
            HIDDEN
        } else {
            &id[..length]
        });
        rest = &id[length..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::{Arguments, LONGEST, MOST};

    fn of(line: &str) -> Arguments {
        Arguments::of(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn secrets_are_not_kept() {
        let key_id = format!("AKIA{}", "X".repeat(16));
        for (line, expected) in [
            (
                "investigate all a.log --limit 5",
                "investigate all a.log --limit 5",
            ),
            ("--external-id s3cret a.log", "--external-id *** a.log"),
            ("--external-id=s3cret a.log", "--external-id=*** a.log"),
            ("--redact-key --a b", "--redact-key *** b"),
            ("--api-token=a=b", "--api-token=***"),
            ("--max-keys 7 --keep-going x", "--max-keys 7 --keep-going x"),
            ("--where src=10.0.0.1 key=1", "--where src=10.0.0.1 key=1"),
            (
                "--url https://user:pass@example.com/a?X-Amz-Signature=1 b",
                "--url https://***@example.com/a?*** b",
            ),
            (
                "https://example.com/a@b http://",
                "https://example.com/a@b http://",
            ),
            ("s3://bucket/a?b@c", "s3://bucket/a?b@c"),
            (key_id.as_str(), "***"),
            ("AKIA ASIAX", "AKIA ASIAX"),
        ] {
            assert_eq!(of(line).shown.join(" "), expected, "{line}");
        }
    }

    #[test]
    fn a_secret_is_not_kept_in_another_text_either() {
        let arguments = of("--external-id s3cret --token abc");
        assert_eq!(
            arguments.text("assume the role with s3cret, abc"),
            "assume the role with ***, abc"
        );
        let sources = ["https://a:b@example.com".to_owned()];
        assert_eq!(arguments.list(&sources), ["https://***@example.com"]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let arguments = Arguments::of((0..MOST + 7).map(|number| number.to_string()));
        assert_eq!(arguments.shown.len(), MOST + 1);
        assert_eq!(arguments.shown[MOST], "… 7 more");
        let long = arguments.text(&"ä".repeat(LONGEST + 1));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
