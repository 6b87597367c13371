//! Who asks AWS: a profile, keys, and the role that they assume.

use crate::dotenv::Settings;
use adapters::aws::{Choice, Role};
use clap::Args;

/// What the session of a role is called where nothing else is said.
const SESSION: &str = "natspike";

/// Who asks AWS.
#[derive(Args)]
#[command(next_help_heading = "Signing in to AWS")]
pub(crate) struct SignIn {
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,

    /// Role to assume with these credentials, of this account or another
    #[arg(long, value_name = "ARN", value_parser = role_arn, global = true)]
    role_arn: Option<String>,

    /// External id that the role's trust policy asks for
    #[arg(long, value_name = "ID", value_parser = external_id, requires = "role_arn", global = true)]
    external_id: Option<String>,

    /// What the session is called in the account's CloudTrail [default: natspike]
    #[arg(long, value_name = "NAME", value_parser = session_name, requires = "role_arn", global = true)]
    role_session_name: Option<String>,
}

impl SignIn {
    /// These options as arguments, but for the profile.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let options = [
            ("role-arn", &self.role_arn),
            ("external-id", &self.external_id),
            ("role-session-name", &self.role_session_name),
        ];
        let given = options.into_iter();
        given
            .filter_map(|(name, value)| Some(format!("--{name}={}", value.as_ref()?)))
            .collect()
    }

    /// The profile that is named.
    pub(crate) fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// The region, and the credentials that are said by name.
    pub(crate) fn choice(&self, settings: &Settings, region: Option<&str>) -> Choice {
        let get = |name| settings.get(name).map(str::to_owned);
        let keys = get("AWS_ACCESS_KEY_ID").zip(get("AWS_SECRET_ACCESS_KEY"));
        let profile = self.profile.clone();
        let session = self.role_session_name.as_deref().unwrap_or(SESSION);
        Choice {
            region: region
                .map(str::to_owned)
                .or_else(|| get("AWS_REGION"))
                .or_else(|| get("AWS_DEFAULT_REGION")),
            keys: match profile {
                Some(_) => None,
                None => keys.map(|(access, secret)| (access, secret, get("AWS_SESSION_TOKEN"))),
            },
            profile: profile.or_else(|| get("AWS_PROFILE")),
            role: self.role_arn.as_ref().map(|arn| Role {
                arn: arn.clone(),
                external_id: self.external_id.clone(),
                session: session.to_owned(),
            }),
        }
    }
}

fn role_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_account = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && is_account(account)
                && role.strip_prefix("role/").is_some_and(|it| !it.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("a role is arn:aws:iam::123456789012:role/NAME".to_owned()),
    }
}

fn external_id(text: &str) -> Result<String, String> {
    is_made_of(text, 2..=1_224, "+=,.@:/-_")
        .then(|| text.to_owned())
        .ok_or_else(|| "an external id is 2 to 1224 letters, digits and +=,.@:/-_".to_owned())
}

fn session_name(text: &str) -> Result<String, String> {
    is_made_of(text, 2..=64, "+=,.@-_")
        .then(|| text.to_owned())
        .ok_or_else(|| "a session name is 2 to 64 letters, digits and +=,.@-_".to_owned())
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn is_made_of(text: &str, length: std::ops::RangeInclusive<usize>, others: &str) -> bool {
    length.contains(&text.len())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::{external_id, role_arn, session_name};

    #[test]
    fn tells_what_sts_would_refuse() {
        let check = |parse: fn(&str) -> Result<String, String>, text: &str, is_fine: bool| {
            assert_eq!(parse(text).is_ok(), is_fine, "{text}");
        };
        for (arn, is_fine) in [
            ("arn:aws:iam::123456789012:role/reader", true),
            ("arn:aws-cn:iam::123456789012:role/team/reader", true),
            ("arn:aws:iam::123456789012:user/reader", false),
            ("arn:aws:iam::1234:role/reader", false),
            ("arn:aws:iam::123456789012:role/", false),
            ("reader", false),
        ] {
            check(role_arn, arn, is_fine);
        }
        for (id, is_fine) in [("shop:42/a", true), ("x", false), ("a b", false)] {
            check(external_id, id, is_fine);
        }
        for (name, is_fine) in [("ann@example.com", true), ("a/b", false), ("", false)] {
            check(session_name, name, is_fine);
        }
    }
}
