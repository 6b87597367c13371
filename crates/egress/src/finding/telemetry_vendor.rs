//! Logs, metrics and traces on their way to a vendor of observability.
//!
//! Recognised by what the far end is called: without names (own networks, an ASN
//! database, IPinfo, RDAP, PTR) nothing is found. Vendors that run on AWS without
//! addresses of their own are Amazon's by all but their own lists.
//!
//! **Invariants.** Where a vendor's page on PrivateLink is known it is named; where
//! none is, that is no word against it. No saving: what an endpoint and the
//! vendor's transfer cost is not known here.

use super::vendor::{Vendor, sums, vendor};
use super::{Action, Case, Confidence, Finding};
use crate::report::text::{percent, whole_percent};
use rust_decimal::{Decimal, dec};

pub(super) const NAME: &str = "telemetry-vendor";

/// What is not worth a word.
const LEAST: Decimal = dec!(0.01);

/// The vendors, with the pages of PrivateLink that there were in November 2026.
const VENDORS: [Vendor; 16] = [
    vendor(
        "Datadog",
        &["datadog"],
        &["datadoghq.com", "datadoghq.eu", "ddog-gov.com"],
        Some("https://docs.datadoghq.com/agent/guide/private-link/"),
    ),
    vendor(
        "New Relic",
        &["new relic", "newrelic"],
        &["newrelic.com", "nr-data.net"],
        Some("https://docs.newrelic.com/docs/data-apis/custom-data/aws-privatelink/"),
    ),
    vendor(
        "Splunk",
        &["splunk", "signalfx"],
        &["splunk.com", "splunkcloud.com", "signalfx.com"],
        Some(
            "https://help.splunk.com/en/splunk-observability-cloud/manage-data/private-connectivity",
        ),
    ),
    vendor(
        "Sumo Logic",
        &["sumo logic", "sumologic"],
        &["sumologic.com", "sumologic.net"],
        Some("https://help.sumologic.com/docs/integrations/amazon-aws/aws-privatelink/"),
    ),
    vendor(
        "Dynatrace",
        &["dynatrace"],
        &["dynatrace.com"],
        Some(
            "https://docs.dynatrace.com/docs/ingest-from/amazon-web-services/aws-platform/connect-to-dynatrace-using-aws-privatelink",
        ),
    ),
    vendor(
        "Elastic",
        &["elasticsearch", "elastic cloud"],
        &["elastic.co", "elastic-cloud.com", "found.io"],
        Some("https://www.elastic.co/docs/deploy-manage/security/private-connectivity-aws"),
    ),
    vendor(
        "Honeycomb",
        &["honeycomb", "hound technology"],
        &["honeycomb.io"],
        Some("https://docs.honeycomb.io/integrations/aws-privatelink/"),
    ),
    vendor(
        "Grafana",
        &["grafana", "raintank"],
        &["grafana.com", "grafana.net"],
        Some("https://grafana.com/docs/grafana-cloud/send-data/aws-privatelink/"),
    ),
    vendor(
        "Coralogix",
        &["coralogix"],
        &["coralogix.com"],
        Some("https://coralogix.com/docs/integrations/aws/aws-privatelink/endpoints-deployment"),
    ),
    vendor(
        "Sentry",
        &["functional software", "sentry.io"],
        &["sentry.io"],
        None,
    ),
    vendor("Logz.io", &["logz.io", "logshero"], &["logz.io"], None),
    vendor(
        "Mezmo",
        &["mezmo", "logdna"],
        &["mezmo.com", "logdna.com"],
        None,
    ),
    vendor(
        "SolarWinds",
        &["solarwinds", "papertrail", "loggly"],
        &["solarwinds.com", "papertrailapp.com", "loggly.com"],
        None,
    ),
    vendor(
        "Better Stack",
        &["better stack", "betterstack"],
        &["betterstack.com", "betterstackdata.com"],
        None,
    ),
    vendor("Axiom", &["axiom.co"], &["axiom.co"], None),
    vendor(
        "Chronosphere",
        &["chronosphere"],
        &["chronosphere.io"],
        None,
    ),
];

pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let sums = sums(case, &VENDORS);
    let share: Decimal = sums.iter().map(|sum| sum.share).sum();
    if share < LEAST {
        return None;
    }
    let said = |sum: &super::vendor::Sum| match sums.len() {
        1 => sum.vendor.said.to_owned(),
        _ => format!("{} ({})", sum.vendor.said, whole_percent(sum.share)),
    };
    let vendors: Vec<String> = sums.iter().map(said).collect();
    let evidence = sums.iter().map(super::vendor::Sum::evidence);
    Some(Finding {
        name: NAME,
        sentence: format!(
            "{} of the bytes are with vendors of observability: {}. Sampling and compression at \
             the agents make them fewer; through an endpoint of AWS PrivateLink they would not \
             pass the gateway.",
            percent(share),
            vendors.join(", ")
        ),
        evidence: evidence
            .chain(["Only rows that have names are counted, so it can be more.".to_owned()])
            .collect(),
        // What a name promises no record shows.
        confidence: Confidence::Medium,
        saving: None,
        actions: sums.iter().map(|sum| action(sum.vendor)).collect(),
    })
}

fn action(vendor: &Vendor) -> Action {
    let said = vendor.said;
    let text = match vendor.page {
        Some(page) => format!("# {said} on AWS PrivateLink: {page}"),
        None => format!("# ask {said} whether it offers AWS PrivateLink in your region"),
    };
    Action {
        language: "shell",
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::VENDORS;
    use crate::name::{Name, NameSource};

    fn vendor(source: NameSource, name: &str, domain: Option<&str>) -> Option<&'static str> {
        let name = Name {
            domain: domain.map(str::to_owned),
            list: (source == NameSource::Networks).then(|| "ours".to_owned()),
            ..Name::new(source, name).expect("a name")
        };
        let mut vendors = VENDORS.iter().filter(|vendor| vendor.has(&name));
        let found = vendors.next().map(|vendor| vendor.said);
        assert!(vendors.next().is_none(), "one name is one vendor's");
        found
    }

    #[test]
    fn vendors_are_recognised_by_whole_words_and_domains() {
        use NameSource::{AsnDatabase, Networks, Ptr, Rdap};
        for (source, name, domain, expected) in [
            (AsnDatabase, "Datadog, Inc.", None, Some("Datadog")),
            (Rdap, "DATADOG-INTAKE", None, Some("Datadog")),
            (Rdap, "Datadogs Shelter", None, None),
            (
                AsnDatabase,
                "Something",
                Some("newrelic.com"),
                Some("New Relic"),
            ),
            (AsnDatabase, "Something", Some("oldnewrelic.com"), None),
            (Ptr, "intake.logs.datadoghq.eu.", None, Some("Datadog")),
            (Ptr, "datadog.example.com", None, None),
            (Networks, "Elastic", None, Some("Elastic")),
            (Rdap, "Elastic", None, None),
            (Rdap, "Sentry Insurance", None, None),
            (Rdap, "Functional Software, Inc.", None, Some("Sentry")),
            (AsnDatabase, "Example Inc", Some("example.com"), None),
        ] {
            assert_eq!(vendor(source, name, domain), expected, "{name} {domain:?}");
        }
    }

    #[test]
    fn words_and_domains_are_in_lower_case() {
        for vendor in &VENDORS {
            for text in vendor.words.iter().chain(vendor.domains) {
                assert_eq!(*text, text.to_lowercase(), "{}", vendor.said);
            }
        }
    }
}
