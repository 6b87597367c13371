//! Options of the API as arguments of the commands, so that there is one meaning
//! of each and one sentence for what is wrong with it.
//!
//! **Invariants.** A value is never taken for an option: it stands behind `=`, and
//! paths behind `--`.

use super::problem::Problem;
use crate::investigate::Investigate;
use crate::sources::Sources;
use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use utoipa::ToSchema;

/// What is read and how; as the options of natspike analyze of these names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// Only records of this filter.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<String>,
    /// Regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) region: Vec<String>,
    /// Addresses of the NAT gateway.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) nat_address: Vec<String>,
    /// Only this interface or regional gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interface: Option<String>,
    /// Log format of files without a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    /// Price of a gigabyte processed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nat_rate: Option<String>,
    /// From then on, of what is in AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// Up to then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// Profile of the AWS configuration files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
}

/// What is investigated, and how; as the options of natspike investigate.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Question {
    /// Only records of this filter.
    #[serde(rename = "where")]
    filter: Option<String>,
    /// Regions.
    region: Vec<String>,
    /// Addresses of the NAT gateway.
    nat_address: Vec<String>,
    /// Log format of files without a header.
    format: Option<String>,
    /// Records that begin from then on.
    since: Option<String>,
    /// Records that begin before then.
    until: Option<String>,
    /// Profile of the AWS configuration files.
    profile: Option<String>,
    /// Analyses; none: all.
    analysis: Vec<String>,
    /// bytes, packets or flows.
    by: Option<String>,
    /// Rows of each table; 0 is all.
    limit: Option<u32>,
    /// The port of port-specific.
    port: Option<u16>,
    /// Also sensitive-ports.
    sensitive_ports: bool,
    /// Instances that are investigated.
    instance_id: Vec<String>,
    /// Addresses that are investigated.
    instance_ip: Vec<String>,
    /// Networks that are not external.
    vpc_cidr: Vec<String>,
    /// Ids of lists of prefixes that were sent.
    pub(crate) cidr_lists: Vec<String>,
    /// Thresholds of rules.
    thresholds: BTreeMap<String, u64>,
}

/// What the server was started with, for all that it reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Base {
    /// Before the options of both commands.
    pub(crate) both: Vec<String>,
    /// Of analyze alone.
    pub(crate) analyze: Vec<String>,
    /// Of investigate alone.
    pub(crate) investigate: Vec<String>,
    /// Where a request names none.
    pub(crate) region: Vec<String>,
    /// Where a request names none.
    pub(crate) profile: Option<String>,
}

/// `--name=value` for each.
fn named<'a>(name: &'a str, values: impl IntoIterator<Item = &'a String> + 'a) -> Vec<String> {
    let values = values.into_iter();
    values.map(|value| format!("--{name}={value}")).collect()
}

impl Options {
    /// The options of a question about what these read.
    pub(crate) fn or(&self, question: Question) -> Question {
        let list = |own: Vec<String>, other: &[String]| match own.is_empty() {
            true => other.to_vec(),
            false => own,
        };
        let filter = match (&self.filter, question.filter) {
            (Some(one), Some(other)) => Some(format!("({one}) and ({other})")),
            (one, other) => other.or_else(|| one.clone()),
        };
        Question {
            filter,
            region: list(question.region, &self.region),
            nat_address: list(question.nat_address, &self.nat_address),
            format: question.format.or_else(|| self.format.clone()),
            since: question.since.or_else(|| self.since.clone()),
            until: question.until.or_else(|| self.until.clone()),
            profile: question.profile.or_else(|| self.profile.clone()),
            ..question
        }
    }
}

#[derive(Parser)]
#[command(name = "natspike", no_binary_name = true, disable_help_flag = true)]
struct ReadLine {
    #[command(flatten)]
    sources: Sources,
}

#[derive(Parser)]
#[command(name = "natspike", no_binary_name = true, disable_help_flag = true)]
struct InvestigateLine {
    #[command(flatten)]
    investigate: Investigate,
}

impl Base {
    fn region_and_profile(&self, region: &[String], profile: Option<&String>) -> Vec<String> {
        let region = match region {
            [] => &self.region,
            region => region,
        };
        let mut arguments = named("region", region);
        let profile = profile.or(self.profile.as_ref());
        arguments.extend(named("profile", profile));
        arguments
    }

    /// What reads these paths with the options.
    pub(crate) fn sources(&self, paths: &[PathBuf], options: &Options) -> Result<Sources, Problem> {
        let mut line = [self.both.clone(), self.analyze.clone()].concat();
        line.extend(self.region_and_profile(&options.region, options.profile.as_ref()));
        line.extend(named("where", &options.filter));
        line.extend(named("nat-address", &options.nat_address));
        line.extend(named("interface", &options.interface));
        line.extend(named("format", &options.format));
        line.extend(named("nat-rate", &options.nat_rate));
        line.extend(named("since", &options.since));
        line.extend(named("until", &options.until));
        add_paths(&mut line, paths)?;
        let parsed = ReadLine::try_parse_from(line);
        Ok(parsed.map_err(|error| refused(&error))?.sources)
    }

    /// What investigates these paths, and the command line that would do so, too.
    pub(crate) fn investigate(
        &self,
        paths: &[PathBuf],
        lists: &[PathBuf],
        question: &Question,
    ) -> Result<(Investigate, Vec<String>), Problem> {
        let mut line = [self.both.clone(), self.investigate.clone()].concat();
        line.extend(self.region_and_profile(&question.region, question.profile.as_ref()));
        line.extend(named("where", &question.filter));
        line.extend(named("nat-address", &question.nat_address));
        line.extend(named("format", &question.format));
        line.extend(named("since", &question.since));
        line.extend(named("until", &question.until));
        line.extend(named("analysis", &question.analysis));
        line.extend(named("by", &question.by));
        line.extend(named("limit", &question.limit.map(|it| it.to_string())));
        line.extend(named("port", &question.port.map(|it| it.to_string())));
        line.extend(
            question
                .sensitive_ports
                .then(|| "--sensitive-ports".to_owned()),
        );
        line.extend(named("instance-id", &question.instance_id));
        line.extend(named("instance-ip", &question.instance_ip));
        line.extend(named("vpc-cidr", &question.vpc_cidr));
        let known = crate::thresholds::names();
        for (name, value) in &question.thresholds {
            if !known.contains(name) {
                return Err(Problem::unprocessable(
                    "BadOption",
                    format!("{name} is no threshold; known are {}.", known.join(", ")),
                ));
            }
            line.push(format!("--{}={value}", name.replace('_', "-")));
        }
        for list in lists {
            line.push(format!("--cidrs={}", list.display()));
        }
        // The first is the analysis, so that no path is taken for one.
        let mut after = Vec::new();
        add_paths(&mut after, paths)?;
        line.extend(["--".to_owned(), crate::investigate::ALL.to_owned()]);
        line.extend(after.into_iter().skip(1));
        let parsed = InvestigateLine::try_parse_from(&line);
        let parsed = parsed.map_err(|error| refused(&error))?;
        line.insert(0, "investigate".to_owned());
        Ok((parsed.investigate, line))
    }
}

/// Paths stand behind `--`.
fn add_paths(line: &mut Vec<String>, paths: &[PathBuf]) -> Result<(), Problem> {
    line.push("--".to_owned());
    for path in paths {
        let Some(path) = path.to_str() else {
            return Err(Problem::unprocessable(
                "BadPath",
                format!("{} is no text; rename the file.", path.display()),
            ));
        };
        line.push(path.to_owned());
    }
    Ok(())
}

/// What is wrong with an option, in the words of the command.
fn refused(error: &clap::Error) -> Problem {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let text = text.split("\n\nUsage").next().unwrap_or(text);
    let text = text.split("\n\nFor more").next().unwrap_or(text);
    Problem::unprocessable("BadOption", text.trim())
}

/// The words for what rows are ranked by.
pub(crate) fn rankings() -> Vec<String> {
    let all = crate::investigate::Ranking::value_variants().iter();
    all.filter_map(|it| Some(it.to_possible_value()?.get_name().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Base, Options, Question};
    use std::path::PathBuf;

    #[test]
    fn no_value_becomes_an_option() {
        let base = Base::default();
        let sources = |options: &str, path: &str| {
            let options: Options = serde_json::from_str(options).expect("options");
            let read = base.sources(&[PathBuf::from(path)], &options);
            read.err().map(|problem| problem.detail)
        };
        assert_eq!(sources("{}", "a.log"), None);
        assert_eq!(sources("{}", "--output=x"), None);
        assert_eq!(
            sources(r#"{"where": "port = 443", "region": ["eu-west-1"]}"#, "a"),
            None
        );
        let error = sources(r#"{"where": "port = "}"#, "a").expect("an error");
        assert!(error.contains("read the filter at column 8"), "{error}");
        assert!(!error.contains("Usage"), "{error}");
        let error = sources(r#"{"nat_address": ["--interface=x"]}"#, "a").expect("an error");
        assert!(error.contains("--nat-address"), "{error}");
        assert!(serde_json::from_str::<Options>(r#"{"wehre": ""}"#).is_err());
    }

    #[test]
    fn a_question_has_every_option_of_the_command() {
        let question: Question = serde_json::from_str(
            r#"{"analysis": ["ssh-inbound", "port-scan"], "by": "flows", "limit": 5, "port": 22,
                "sensitive_ports": true, "instance_ip": ["10.0.1.5"], "vpc_cidr": ["10.0.0.0/16"],
                "thresholds": {"scan_ports": 5}, "where": "bytes > 1"}"#,
        )
        .expect("a question");
        let base = Base::default();
        let (_, line) = base
            .investigate(
                &[PathBuf::from("a.log")],
                &[PathBuf::from("l.csv")],
                &question,
            )
            .unwrap();
        let end = ["--cidrs=l.csv", "--", "all", "a.log"];
        assert_eq!(line[line.len() - 4..], end);
        let refused = |text: &str| {
            let question: Question = serde_json::from_str(text).expect("a question");
            let asked = base.investigate(&[PathBuf::from("a")], &[], &question);
            asked.err().map(|problem| problem.detail).expect("an error")
        };
        assert!(refused(r#"{"analysis": ["ssh"]}"#).contains("ssh-inbound"));
        assert!(refused(r#"{"thresholds": {"x": 1}}"#).contains("scan_ports"));
        assert!(refused(r#"{"by": "cost"}"#).contains("packets"));
    }

    #[test]
    fn a_question_about_a_report_has_its_options() {
        let options = Options {
            filter: Some("port = 443".to_owned()),
            region: vec!["eu-west-1".to_owned()],
            ..Options::default()
        };
        let asked: Question =
            serde_json::from_str(r#"{"where": "bytes > 1", "since": "1h"}"#).expect("a question");
        let question = options.or(asked);
        assert_eq!(
            question.filter.as_deref(),
            Some("(port = 443) and (bytes > 1)")
        );
        assert_eq!(question.region, ["eu-west-1"]);
        assert_eq!(question.since.as_deref(), Some("1h"));
        assert_eq!(
            options.or(Question::default()).filter.as_deref(),
            Some("port = 443")
        );
    }
}
