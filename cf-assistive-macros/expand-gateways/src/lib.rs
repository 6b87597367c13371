//! The CloudFormation macro `natspike-expand-gateways`: one resource per NAT gateway.
//!
//! A resource is marked in its `Metadata`, under the name of the macro, with the template
//! parameter that lists the gateways (one text with commas, or a list):
//!
//! ```yaml
//! SpikeAlarm:
//!   Type: AWS::CloudWatch::Alarm
//!   Metadata:
//!     natspike-expand-gateways:
//!       Parameter: NatGatewayIDs
//!   Properties:
//!     AlarmName: !Sub ${AWS::StackName}/@{NatGatewayId}
//! ```
//!
//! It is replaced by one copy per gateway: `@{NatGatewayId}` becomes the gateway's id, in
//! keys and values alike, and `SpikeAlarm` becomes `SpikeAlarmNat0123456789abcdef0`. The
//! mark lies in `Metadata` because linters and SAM accept a template so marked as it is.
//!
//! A regional gateway's metrics are by availability zone, so it is named with its zones:
//! `nat-0123456789abcdef0@eu-west-1a+eu-west-1b`. In its copy
//!
//! * an entry of a list that has an `Id` and contains `@{AvailabilityZone}` is repeated for
//!   each zone, and its `Id` ends in `z1`, `z2`, … (a linter would not take a placeholder
//!   there);
//! * `@{Sum:m1}` becomes `(FILL(m1z1, 0) + FILL(m1z2, 0))`.
//!
//! For any other gateway such an entry stands once, `@{Sum:m1}` becomes `m1`, and an entry
//! without an `Id` that names the zone is left out.
//!
//! **Invariants.** Every value outside the marked resources is returned as it came. The
//! macro knows nothing of alarms; what is in a marked resource is only text to it, so an
//! inner `Fn::Transform` may have been processed before (as CloudFormation does) or not.
//! Every request has an answer: what cannot be expanded is a failure with one sentence.
//!
//! Shapes of request and answer:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html>
//!
//! ```
//! use serde_json::json;
//!
//! let answer = expand_gateways::answer(&json!({
//!     "requestId": "r-1",
//!     "templateParameterValues": {"Ids": "nat-0123456789abcdef0, nat-0fedcba9876543210"},
//!     "fragment": {"Resources": {"Topic": {
//!         "Type": "AWS::SNS::Topic",
//!         "Metadata": {"natspike-expand-gateways": {"Parameter": "Ids"}},
//!         "Properties": {"DisplayName": "@{NatGatewayId}"},
//!     }}},
//! }));
//! assert_eq!(answer["status"], "success");
//! assert_eq!(
//!     answer["fragment"]["Resources"]["TopicNat0fedcba9876543210"]["Properties"]["DisplayName"],
//!     "nat-0fedcba9876543210",
//! );
//! ```

use serde_json::{Map, Value, json};

/// Key of the mark in a resource's `Metadata`; the name of the macro itself.
pub const MARK: &str = "natspike-expand-gateways";

/// Text that stands for the gateway's id in a marked resource.
pub const PLACEHOLDER: &str = "@{NatGatewayId}";

/// Text that stands for the name of a zone.
const ZONE_NAME: &str = "@{AvailabilityZone}";
/// Text that begins the sum over zones, up to the next brace.
const SUM: &str = "@{Sum:";
/// An alarm may look at ten metrics: two for each zone.
const MOST_ZONES: usize = 5;

/// Answers one request of CloudFormation; never fails and never panics.
pub fn answer(event: &Value) -> Value {
    let request = event.get("requestId").cloned().unwrap_or(Value::Null);
    match expand(event) {
        Ok(fragment) => json!({"requestId": request, "status": "success", "fragment": fragment}),
        Err(refusal) => {
            json!({"requestId": request, "status": "failure", "errorMessage": refusal.to_string()})
        }
    }
}

/// Why a template cannot be expanded; the text is what the person who deploys reads.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum Refusal {
    #[error(
        "the fragment has no Resources; name {MARK} in the Transform list of the template, not in an Fn::Transform"
    )]
    NoResources,
    #[error(
        "the Metadata of {resource} needs {MARK}: {{Parameter: <name of the template parameter with the gateway ids>}}"
    )]
    MalformedMark { resource: String },
    #[error(
        "{resource} takes its gateways from the parameter {parameter}, which the template was not given"
    )]
    NoParameter { resource: String, parameter: String },
    #[error("the parameter {parameter} must be a text or a list of texts with NAT gateway ids")]
    NotText { parameter: String },
    #[error("the parameter {parameter} names no NAT gateway; give at least one id")]
    NoGateway { parameter: String },
    #[error(
        "'{id}' in the parameter {parameter} is not the id of a NAT gateway; ids look like nat-0123456789abcdef0"
    )]
    MalformedId { parameter: String, id: String },
    #[error(
        "'{id}' in the parameter {parameter} has zones that cannot be; name one to {MOST_ZONES} different ones, like nat-0123456789abcdef0@eu-west-1a+eu-west-1b"
    )]
    MalformedZones { parameter: String, id: String },
    #[error("the parameter {parameter} names {id} twice; name each gateway once")]
    DuplicateId { parameter: String, id: String },
    #[error(
        "{resource} for {id} would be called {logical_id}, but the template has a resource of that name; rename one of them"
    )]
    TakenId {
        resource: String,
        id: String,
        logical_id: String,
    },
    #[error(
        "{resource} contains {PLACEHOLDER} but is not marked; add {MARK} with its Parameter to the Metadata of {resource}"
    )]
    Unmarked { resource: String },
}

fn expand(event: &Value) -> Result<Value, Refusal> {
    let mut fragment = event.get("fragment").cloned().unwrap_or(Value::Null);
    let resources = fragment
        .get_mut("Resources")
        .and_then(Value::as_object_mut)
        .ok_or(Refusal::NoResources)?;

    let parameters = event.get("templateParameterValues");
    let prototypes = std::mem::take(resources);
    for (name, resource) in &prototypes {
        let Some(mark) = resource.pointer(&format!("/Metadata/{MARK}")) else {
            if contains_placeholder(resource) {
                return Err(Refusal::Unmarked {
                    resource: name.clone(),
                });
            }
            resources.insert(name.clone(), resource.clone());
            continue;
        };
        let parameter = mark
            .get("Parameter")
            .and_then(Value::as_str)
            .ok_or_else(|| Refusal::MalformedMark {
                resource: name.clone(),
            })?;
        let value = parameters
            .and_then(|given| given.get(parameter))
            .ok_or_else(|| Refusal::NoParameter {
                resource: name.clone(),
                parameter: parameter.to_owned(),
            })?;
        let prototype = without_mark(resource.clone());
        for gateway in gateways(parameter, value)? {
            let logical_id = logical_id(name, &gateway.id);
            if prototypes.contains_key(&logical_id) || resources.contains_key(&logical_id) {
                return Err(Refusal::TakenId {
                    resource: name.clone(),
                    id: gateway.id,
                    logical_id,
                });
            }
            resources.insert(logical_id, gateway.copy(&prototype, None));
        }
    }
    Ok(fragment)
}

/// A gateway, with its zones if it is a regional one.
#[derive(Debug, PartialEq, Eq)]
struct Gateway {
    id: String,
    zones: Vec<String>,
}

/// The gateways of a parameter's value, trimmed, without empty entries, in order.
fn gateways(parameter: &str, value: &Value) -> Result<Vec<Gateway>, Refusal> {
    let not_text = || Refusal::NotText {
        parameter: parameter.to_owned(),
    };
    let texts = match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(list) => list
            .iter()
            .map(|entry| entry.as_str().ok_or_else(not_text))
            .collect::<Result<_, _>>()?,
        _ => return Err(not_text()),
    };

    let mut gateways: Vec<Gateway> = Vec::new();
    for text in texts
        .iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|id| !id.is_empty())
    {
        let (id, zones) = text
            .split_once('@')
            .map_or((text, None), |(id, zones)| (id, Some(zones)));
        if !is_gateway_id(id) {
            return Err(Refusal::MalformedId {
                parameter: parameter.to_owned(),
                id: id.to_owned(),
            });
        }
        let zones: Vec<String> = zones.map_or_else(Vec::new, |zones| {
            zones.split('+').map(str::to_owned).collect()
        });
        if zones.len() > MOST_ZONES || !are_zones(&zones) {
            return Err(Refusal::MalformedZones {
                parameter: parameter.to_owned(),
                id: text.to_owned(),
            });
        }
        if gateways.iter().any(|known| known.id == id) {
            return Err(Refusal::DuplicateId {
                parameter: parameter.to_owned(),
                id: id.to_owned(),
            });
        }
        gateways.push(Gateway {
            id: id.to_owned(),
            zones,
        });
    }
    if gateways.is_empty() {
        return Err(Refusal::NoGateway {
            parameter: parameter.to_owned(),
        });
    }
    Ok(gateways)
}

/// Whether they are names as zones have them, each once.
fn are_zones(zones: &[String]) -> bool {
    let is_zone = |zone: &String| {
        !zone.is_empty()
            && zone
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-'))
    };
    let mut sorted: Vec<&String> = zones.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.len() == zones.len() && zones.iter().all(is_zone)
}

/// Whether a text is `nat-` and 17 hexadecimal digits, or 8 as in ids from before 2018.
fn is_gateway_id(text: &str) -> bool {
    text.strip_prefix("nat-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17)
            && digits
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// A logical id must be alphanumeric: `SpikeAlarm` and `nat-0ab…` give `SpikeAlarmNat0ab…`.
fn logical_id(resource: &str, id: &str) -> String {
    format!("{resource}Nat{}", id.trim_start_matches("nat-"))
}

fn without_mark(mut resource: Value) -> Value {
    if let Some(metadata) = resource.get_mut("Metadata").and_then(Value::as_object_mut) {
        metadata.remove(MARK);
        if metadata.is_empty()
            && let Some(resource) = resource.as_object_mut()
        {
            resource.remove("Metadata");
        }
    }
    resource
}

impl Gateway {
    /// A copy of the value for the gateway; inside an entry that is repeated, for
    /// the zone of that place.
    fn copy(&self, value: &Value, zone: Option<usize>) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text, zone)),
            Value::Array(list) => list
                .iter()
                .flat_map(|entry| self.entries(entry, zone))
                .collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (self.text(key, zone), self.copy(value, zone)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What becomes of an entry of a list.
    fn entries(&self, entry: &Value, zone: Option<usize>) -> Vec<Value> {
        let id = entry.get("Id").and_then(Value::as_str);
        match (id, contains(entry, ZONE_NAME)) {
            (None, true) if self.zones.is_empty() => Vec::new(),
            (Some(id), true) if !self.zones.is_empty() => (0..self.zones.len())
                .map(|place| {
                    let mut copy = self.copy(entry, Some(place));
                    copy["Id"] = format!("{id}z{}", place + 1).into();
                    copy
                })
                .collect(),
            _ => vec![self.copy(entry, zone)],
        }
    }

    fn text(&self, text: &str, zone: Option<usize>) -> String {
        let mut text = text.replace(PLACEHOLDER, &self.id);
        if let Some(name) = zone.and_then(|zone| self.zones.get(zone)) {
            text = text.replace(ZONE_NAME, name);
        }
        while let Some((before, rest)) = text.split_once(SUM) {
            let (metric, after) = rest.split_once('}').unwrap_or((rest, ""));
            text = format!("{before}{}{after}", self.sum(metric));
        }
        text
    }

    fn sum(&self, metric: &str) -> String {
        if self.zones.is_empty() {
            return metric.to_owned();
        }
        let zones: Vec<String> = (1..=self.zones.len())
            .map(|zone| format!("FILL({metric}z{zone}, 0)"))
            .collect();
        format!("({})", zones.join(" + "))
    }
}

fn contains_placeholder(value: &Value) -> bool {
    [PLACEHOLDER, ZONE_NAME, SUM]
        .iter()
        .any(|placeholder| contains(value, placeholder))
}

fn contains(value: &Value, placeholder: &str) -> bool {
    match value {
        Value::String(text) => text.contains(placeholder),
        Value::Array(list) => list.iter().any(|entry| contains(entry, placeholder)),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.contains(placeholder) || contains(value, placeholder)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "nat-0123456789abcdef0";
    const SECOND: &str = "nat-0fedcba9876543210";

    fn event(parameters: Value, resources: Value) -> Value {
        json!({
            "region": "eu-west-1",
            "accountId": "123456789012",
            "transformId": "123456789012::natspike-expand-gateways",
            "requestId": "request-1",
            "params": {},
            "templateParameterValues": parameters,
            "fragment": {
                "AWSTemplateFormatVersion": "2010-09-09",
                "Transform": ["natspike-expand-gateways", "AWS::Serverless-2016-10-31"],
                "Description": "a description with @{NatGatewayId}, which is nobody's business",
                "Resources": resources,
                "Outputs": {"Ratio": {"Value": 0.25}},
            },
        })
    }

    fn alarm() -> Value {
        json!({
            "Type": "AWS::CloudWatch::Alarm",
            "Metadata": {MARK: {"Parameter": "Ids"}},
            "DependsOn": ["Rule"],
            "Properties": {
                "AlarmName": {"Fn::Sub": "${AWS::StackName}/@{NatGatewayId}"},
                "Threshold": {"Fn::Transform": {"Name": "natspike-string-to-number", "Parameters": {"Value": {"Ref": "Threshold"}}}},
                "EvaluationPeriods": 3,
                "Metrics": [{"Id": "m1", "Dimensions": [{"Name": "NatGatewayId", "Value": "@{NatGatewayId}"}]}],
                "Tags": {"of @{NatGatewayId}": "@{NatGatewayId}/@{NatGatewayId}"},
            },
        })
    }

    /// Expands one marked alarm and checks the gateways, or the sentence of the refusal.
    fn check(ids: Value, expected: Result<&[&str], &str>) {
        let answer = answer(&event(
            json!({"Ids": ids.clone()}),
            json!({"SpikeAlarm": alarm()}),
        ));
        assert_eq!(answer["requestId"], "request-1");
        match expected {
            Ok(expected) => {
                assert_eq!(answer["status"], "success", "{ids}: {answer}");
                let resources = answer["fragment"]["Resources"].as_object().unwrap();
                let found: Vec<_> = resources
                    .values()
                    .map(|alarm| {
                        alarm["Properties"]["Metrics"][0]["Dimensions"][0]["Value"]
                            .as_str()
                            .unwrap()
                    })
                    .collect();
                assert_eq!(found, expected, "{ids}");
            }
            Err(sentence) => {
                assert_eq!(answer["status"], "failure", "{ids}");
                assert_eq!(answer["errorMessage"], sentence, "{ids}");
                assert!(answer.get("fragment").is_none());
            }
        }
    }

    #[test]
    fn reads_the_gateway_list_in_every_spelling() {
        let both: &[&str] = &[FIRST, SECOND];
        check(json!(FIRST), Ok(&[FIRST]));
        check(json!(format!("{FIRST},{SECOND}")), Ok(both));
        check(json!(format!("{FIRST}, {SECOND}")), Ok(both));
        check(json!(format!("\t{FIRST} ,\n {SECOND} ")), Ok(both));
        check(json!(format!(",{FIRST},, {SECOND},")), Ok(both));
        check(json!([FIRST, SECOND]), Ok(both));
        check(json!([format!(" {FIRST}"), "", SECOND]), Ok(both));
        check(json!([format!("{FIRST},{SECOND}")]), Ok(both));
        check(json!("nat-0a1b2c3d"), Ok(&["nat-0a1b2c3d"]));
    }

    #[test]
    fn refuses_lists_that_cannot_work_with_one_sentence() {
        for ids in [json!(""), json!(" , ,"), json!([]), json!([" "])] {
            check(
                ids,
                Err("the parameter Ids names no NAT gateway; give at least one id"),
            );
        }
        check(
            json!(format!("{FIRST}, {SECOND}, {FIRST}")),
            Err("the parameter Ids names nat-0123456789abcdef0 twice; name each gateway once"),
        );
        for malformed in [
            "nat-",
            "nat-123",
            "nat-0123456789ABCDEF0",
            "nat-0123456789abcdeg0",
            "nat-0123456789abcdef01",
            "eni-0123456789abcdef0",
            "0123456789abcdef0",
            "nat-nat-0a1b2c3d",
            "nat-0123456789abcdef0 nat-0fedcba9876543210",
        ] {
            check(
                json!(format!("{SECOND},{malformed}")),
                Err(&format!(
                    "'{malformed}' in the parameter Ids is not the id of a NAT gateway; ids look like nat-0123456789abcdef0"
                )),
            );
        }
        for other in [json!(7), json!(null), json!({"Ref": "Other"}), json!([7])] {
            check(
                other,
                Err("the parameter Ids must be a text or a list of texts with NAT gateway ids"),
            );
        }
    }

    #[test]
    fn replaces_the_placeholder_everywhere_and_removes_the_mark() {
        let answer = answer(&event(
            json!({"Ids": FIRST}),
            json!({"SpikeAlarm": alarm()}),
        ));
        assert_eq!(
            answer["fragment"]["Resources"],
            json!({"SpikeAlarmNat0123456789abcdef0": {
                "Type": "AWS::CloudWatch::Alarm",
                "DependsOn": ["Rule"],
                "Properties": {
                    "AlarmName": {"Fn::Sub": "${AWS::StackName}/nat-0123456789abcdef0"},
                    "Threshold": {"Fn::Transform": {"Name": "natspike-string-to-number", "Parameters": {"Value": {"Ref": "Threshold"}}}},
                    "EvaluationPeriods": 3,
                    "Metrics": [{"Id": "m1", "Dimensions": [{"Name": "NatGatewayId", "Value": FIRST}]}],
                    "Tags": {"of nat-0123456789abcdef0": "nat-0123456789abcdef0/nat-0123456789abcdef0"},
                },
            }})
        );
    }

    #[test]
    fn takes_a_threshold_that_was_made_a_number_before() {
        let mut alarm = alarm();
        alarm["Properties"]["Threshold"] = json!(100_000_000);
        let answer = answer(&event(json!({"Ids": FIRST}), json!({"SpikeAlarm": alarm})));
        assert_eq!(
            answer["fragment"]["Resources"]["SpikeAlarmNat0123456789abcdef0"]["Properties"]["Threshold"],
            json!(100_000_000)
        );
    }

    #[test]
    fn keeps_the_rest_of_the_metadata() {
        let mut alarm = alarm();
        alarm["Metadata"]["cfn-lint"] = json!({"config": {"ignore_checks": ["E1"]}});
        let answer = answer(&event(json!({"Ids": FIRST}), json!({"SpikeAlarm": alarm})));
        assert_eq!(
            answer["fragment"]["Resources"]["SpikeAlarmNat0123456789abcdef0"]["Metadata"],
            json!({"cfn-lint": {"config": {"ignore_checks": ["E1"]}}})
        );
    }

    #[test]
    fn leaves_everything_else_as_it_is() {
        let resources = json!({
            "Rule": {"Type": "AWS::Events::Rule", "Metadata": {"Other": 1}, "Properties": {"Big": 18_446_744_073_709_551_615_u64, "Small": -0.5, "Nothing": null, "Sub": {"Fn::Sub": "${Rule}"}}},
            "Odd": "not even an object",
        });
        let request = event(json!({}), resources);
        let answer = answer(&request);
        assert_eq!(answer["status"], "success");
        assert_eq!(answer["fragment"], request["fragment"]);
        assert_eq!(
            answer["fragment"].to_string(),
            request["fragment"].to_string()
        );
    }

    #[test]
    fn expands_several_resources_from_several_parameters() {
        let mut other = alarm();
        other["Metadata"][MARK]["Parameter"] = json!("Others");
        let answer = answer(&event(
            json!({"Ids": format!("{FIRST},{SECOND}"), "Others": [SECOND]}),
            json!({"A": alarm(), "B": other, "Rule": {"Type": "AWS::Events::Rule"}}),
        ));
        let mut names: Vec<_> = answer["fragment"]["Resources"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "ANat0123456789abcdef0",
                "ANat0fedcba9876543210",
                "BNat0fedcba9876543210",
                "Rule"
            ]
        );
    }

    #[test]
    fn refuses_what_it_cannot_expand_instead_of_panicking() {
        let marked = |mark: Value| json!({"Alarm": {"Metadata": {MARK: mark}}});
        let malformed_mark = "the Metadata of Alarm needs natspike-expand-gateways: {Parameter: <name of the template parameter with the gateway ids>}";
        let no_resources = "the fragment has no Resources; name natspike-expand-gateways in the Transform list of the template, not in an Fn::Transform";
        let no_parameter =
            "Alarm takes its gateways from the parameter Ids, which the template was not given";
        let ids = json!({"Ids": FIRST});
        let cases = [
            (json!(null), no_resources),
            (json!({}), no_resources),
            (json!([1]), no_resources),
            (json!({"fragment": "text"}), no_resources),
            (json!({"fragment": {"Resources": []}}), no_resources),
            (event(ids.clone(), marked(json!(null))), malformed_mark),
            (event(ids.clone(), marked(json!("Ids"))), malformed_mark),
            (
                event(ids.clone(), marked(json!({"Parameter": {"Ref": "Ids"}}))),
                malformed_mark,
            ),
            (
                event(json!({}), marked(json!({"Parameter": "Ids"}))),
                no_parameter,
            ),
            (
                event(json!(null), marked(json!({"Parameter": "Ids"}))),
                no_parameter,
            ),
            (
                json!({"fragment": {"Resources": marked(json!({"Parameter": "Ids"}))}}),
                no_parameter,
            ),
            (
                event(
                    ids.clone(),
                    json!({"Rule": {"Name": ["@{NatGatewayId}"]}, "SpikeAlarm": alarm()}),
                ),
                "Rule contains @{NatGatewayId} but is not marked; add natspike-expand-gateways with its Parameter to the Metadata of Rule",
            ),
            (
                event(
                    ids,
                    json!({"SpikeAlarm": alarm(), "SpikeAlarmNat0123456789abcdef0": {}}),
                ),
                "SpikeAlarm for nat-0123456789abcdef0 would be called SpikeAlarmNat0123456789abcdef0, but the template has a resource of that name; rename one of them",
            ),
        ];
        for (request, sentence) in cases {
            let answer = answer(&request);
            assert_eq!(answer["status"], "failure", "{request}");
            assert_eq!(answer["errorMessage"], sentence, "{request}");
        }
    }

    #[test]
    fn gives_alphanumeric_logical_ids() {
        for id in [FIRST, SECOND, "nat-0a1b2c3d"] {
            let logical_id = logical_id("SpikeAlarm", id);
            assert!(
                logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{logical_id}"
            );
        }
    }

    #[test]
    fn a_regional_gateway_has_its_metrics_by_zone() {
        let prototype = json!({
            "Metadata": {MARK: {"Parameter": "Ids"}},
            "Properties": {"Metrics": [
                {"Id": "e1", "Expression": "@{Sum:m1} + @{Sum:m2}"},
                {"Id": "m1", "Dimensions": [
                    {"Name": "NatGatewayId", "Value": "@{NatGatewayId}"},
                    {"Name": "AvailabilityZone", "Value": "@{AvailabilityZone}"},
                ]},
            ]},
        });
        let ids = format!("{FIRST}, {SECOND}@eu-west-1a+eu-west-1b");
        let answer = answer(&event(json!({"Ids": ids}), json!({"Alarm": prototype})));
        let metrics = |id: &str| {
            let name = logical_id("Alarm", id);
            answer["fragment"]["Resources"][name]["Properties"]["Metrics"].clone()
        };
        let dimension = |name: &str, value: &str| json!({"Name": name, "Value": value});
        assert_eq!(
            metrics(FIRST),
            json!([
                {"Id": "e1", "Expression": "m1 + m2"},
                {"Id": "m1", "Dimensions": [dimension("NatGatewayId", FIRST)]},
            ])
        );
        let zone = |id: &str, zone: &str| {
            json!({"Id": id, "Dimensions": [
                dimension("NatGatewayId", SECOND),
                dimension("AvailabilityZone", zone),
            ]})
        };
        assert_eq!(
            metrics(SECOND),
            json!([
                {
                    "Id": "e1",
                    "Expression": "(FILL(m1z1, 0) + FILL(m1z2, 0)) + (FILL(m2z1, 0) + FILL(m2z2, 0))",
                },
                zone("m1z1", "eu-west-1a"),
                zone("m1z2", "eu-west-1b"),
            ])
        );
    }

    #[test]
    fn refuses_zones_that_cannot_be() {
        for zones in ["@", "@a+", "@a+a", "@A", "@a b", "@a+b+c+d+e+f", "@a@b"] {
            let ids = format!("{FIRST}{zones}");
            let refused = gateways("Ids", &json!(ids)).unwrap_err().to_string();
            assert!(
                refused.contains("zones that cannot be"),
                "{zones}: {refused}"
            );
        }
        let both = format!("{FIRST}@a,{FIRST}");
        assert!(matches!(
            gateways("Ids", &json!(both)),
            Err(Refusal::DuplicateId { .. })
        ));
    }
}
