//! Images and packages that are fetched from outside again and again.
//!
//! Recognised by what the far end is called. Layers of images in ECR are S3 and no
//! part of this:
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>.
//!
//! **Invariants.** Hosts that serve other things too (GitHub) are said as what they
//! are. No saving: the first fetch of everything still passes the gateway.

use super::vendor::{Sum, Vendor, sums, vendor};
use super::{Action, Case, Confidence, Finding};
use crate::report::text::{percent, whole_percent};
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "package-registry";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);

/// Those that hand out images and packages.
const REGISTRIES: [Vendor; 9] = [
    vendor("Docker Hub", &["docker inc", "docker hub"], &[], None),
    vendor(
        "GitHub",
        &["github"],
        &["github.com", "githubusercontent.com"],
        None,
    ),
    vendor("GitLab", &["gitlab"], &["gitlab.com"], None),
    vendor("npm", &["npm inc", "npmjs"], &[], None),
    vendor("PyPI", &["python software foundation", "pypi"], &[], None),
    vendor("Debian", &["debian"], &["debian.org"], None),
    vendor(
        "Ubuntu",
        &["canonical"],
        &["ubuntu.com", "canonical.com", "launchpad.net"],
        None,
    ),
    vendor("Maven Central", &["sonatype"], &[], None),
    vendor(
        "Hugging Face",
        &["hugging face", "huggingface"],
        &["huggingface.co"],
        None,
    ),
];

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let sums = sums(case, &REGISTRIES);
    let share: Decimal = sums.iter().map(|sum| sum.share).sum();
    if share < LEAST {
        return None;
    }
    let said = |sum: &Sum| match sums.len() {
        1 => sum.vendor.said.to_owned(),
        _ => format!("{} ({})", sum.vendor.said, whole_percent(sum.share)),
    };
    let named: Vec<String> = sums.iter().map(said).collect();
    let region = case.region();
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes are with those that hand out images and packages: {}. A cache in the \
             region (ECR pull-through cache, CodeArtifact, a machine image with everything in it) \
             fetches each of them once.",
            percent(share),
            named.join(", ")
        ),
        evidence: sums
            .iter()
            .map(Sum::evidence)
            .chain(["Only rows that have names are counted, so it can be more.".to_owned()])
            .collect(),
        // What was fetched no record shows.
        confidence: Confidence::Medium,
        saving: None,
        actions: vec![
            Action {
                language: "aws",
                text: format!(
                    "aws ecr create-pull-through-cache-rule --region {region} \
                     --ecr-repository-prefix PREFIX --upstream-registry-url REGISTRY"
                ),
            },
            Action {
                language: "aws",
                text: format!(
                    "aws codeartifact create-repository --region {region} --domain DOMAIN \
                     --repository REPOSITORY"
                ),
            },
        ],
    })
}
