//! Which listings find the objects that are wanted, and no others.
//!
//! A bucket of flow logs may hold years of many accounts. Below `AWSLogs/` the
//! folders say account, region and day, so only those of the selection are
//! listed; what is not named is looked up, folder by folder. Both ways to name
//! folders are tried, because a bucket may hold both.

use super::keys::{ROOT, Selection, Style, common};
use super::{Object, S3};
use recorder::PortError;

/// A place in S3 to look for flow logs, and what is wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// What the keys begin with; empty is the whole bucket. A folder ends
    /// with `/`, a part of a name with `*`; else it may be either an object or
    /// a folder.
    pub prefix: String,
    /// The prefix is what stands before `AWSLogs/`.
    pub above_root: bool,
    /// What is wanted.
    pub selection: Selection,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listing {
    /// All keys that begin so.
    Prefix(String),
    /// This very object.
    Object(Object),
}

impl Place {
    /// `s3://bucket/prefix`.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    /// The listings that together find everything that is wanted here.
    pub(super) async fn listings(&self, s3: &S3) -> Result<Vec<Listing>, PortError> {
        let mut listings = Vec::new();
        let given = match self.prefix.strip_suffix('*') {
            Some(part) => part.to_owned(),
            None if self.prefix.is_empty() || self.prefix.ends_with('/') => self.prefix.clone(),
            None => {
                // A key comes before all keys that it is the beginning of.
                let first = s3.page(&self.bucket, &self.prefix, None).await?.0;
                let object = first.into_iter().find(|object| object.key == self.prefix);
                listings.extend(object.map(Listing::Object));
                format!("{}/", self.prefix)
            }
        };
        let prefixes = self.prefixes(s3, &given).await?;
        listings.extend(prefixes.into_iter().map(Listing::Prefix));
        Ok(listings)
    }

    async fn prefixes(&self, s3: &S3, given: &str) -> Result<Vec<String>, PortError> {
        let flat = vec![given.to_owned()];
        if self.selection.is_all() && !self.above_root {
            return Ok(flat);
        }
        let root = match root_of(given) {
            Some(end) => given[..end].to_owned(),
            None if given.is_empty() || given.ends_with('/') => format!("{given}{ROOT}"),
            None => return Ok(flat),
        };
        let selection = &self.selection;
        let mut accounts: Vec<(Style, String)> = Vec::new();
        if selection.accounts.is_empty() || !self.above_root {
            let found = s3.folders(&self.bucket, &root).await?;
            if found.is_empty() && !self.above_root {
                return Ok(flat);
            }
            accounts.extend(
                found
                    .iter()
                    .filter_map(|folder| Style::of_account(folder))
                    .filter(|(_, account)| {
                        selection.accounts.is_empty()
                            || selection.accounts.iter().any(|wanted| wanted == account)
                    })
                    .map(|(style, account)| (style, account.to_owned())),
            );
        } else {
            for account in &selection.accounts {
                accounts.extend(Style::BOTH.map(|style| (style, account.clone())));
            }
        }
        let mut prefixes = Vec::new();
        for (style, account) in accounts {
            let account = format!("{root}{}", style.account(&account));
            if common(&account, given).is_none() {
                continue;
            }
            let regions = if selection.regions.is_empty() {
                s3.folders(&self.bucket, &account).await?
            } else {
                let named = selection.regions.iter().map(|region| style.region(region));
                named.collect()
            };
            for region in regions {
                let days = match selection.times.is_empty() {
                    true => vec![String::new()],
                    false => selection.day_folders(style == Style::Hive),
                };
                prefixes.extend(
                    days.iter()
                        .filter_map(|day| common(&format!("{account}{region}{day}"), given)),
                );
            }
        }
        prefixes.sort();
        prefixes.dedup();
        Ok(prefixes)
    }
}

/// Where `AWSLogs/` ends, if the prefix reaches into it.
fn root_of(prefix: &str) -> Option<usize> {
    let at = prefix.find(ROOT)?;
    let whole = at == 0 || prefix[..at].ends_with('/');
    whole.then_some(at + ROOT.len())
}

#[cfg(test)]
mod tests {
    use super::root_of;

    #[test]
    fn finds_the_root_in_a_prefix() {
        for (prefix, expected) in [
            ("AWSLogs/", Some(8)),
            ("team/AWSLogs/123/", Some(13)),
            ("myAWSLogs/", None),
            ("team/", None),
        ] {
            assert_eq!(root_of(prefix), expected, "{prefix}");
        }
    }
}
