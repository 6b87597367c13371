//! Who calls what: read from an AWS request without understanding its body.
//!
//! The function is the app id of the SDK's user agent (`app/<name>`), the
//! service is that of the signature's credential scope, the operation stands
//! where each of the
//! [AWS protocols](https://smithy.io/2.0/aws/protocols/index.html) puts it.

use hyper::HeaderMap;
use hyper::http::request::Parts;

/// How a service speaks, which decides how it says that something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON 1.0 and 1.1 with X-Amz-Target.
    Json,
    /// Form in, XML out.
    Query,
    /// Like [`Protocol::Query`] with EC2's own error document.
    Ec2,
    /// Smithy RPC v2 with CBOR.
    Cbor,
    /// JSON on resources.
    RestJson,
    /// XML on resources.
    RestXml,
}

/// What a request says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) function: String,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) protocol: Protocol,
}

const UNKNOWN: &str = "unknown";

pub(crate) fn recognise(parts: &Parts, body: &[u8]) -> Recognised {
    let headers = &parts.headers;
    let service = service(headers, parts.uri.query());
    let (operation, protocol) = operation(parts, body, service);
    Recognised {
        function: function(headers).into(),
        service: service.into(),
        operation,
        protocol,
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn function(headers: &HeaderMap) -> &str {
    ["x-amz-user-agent", "user-agent"]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
        .filter_map(|value| value.to_str().ok())
        .flat_map(str::split_whitespace)
        .find_map(|word| word.strip_prefix("app/"))
        .filter(|name| !name.is_empty())
        .unwrap_or(UNKNOWN)
}

/// The last but one part of `key/date/region/service/aws4_request`.
fn service<'r>(headers: &'r HeaderMap, query: Option<&'r str>) -> &'r str {
    let of_scope = |scope: &'r str, separator: &str| {
        scope
            .rsplit(separator)
            .nth(1)
            .filter(|name| !name.is_empty())
    };
    let signed = text(headers, "authorization")
        .and_then(|value| value.split_once("Credential="))
        .and_then(|(_, rest)| rest.split([',', ' ']).next())
        .and_then(|scope| of_scope(scope, "/"));
    let presigned = || {
        let scope = query?
            .split('&')
            .find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        of_scope(scope, if scope.contains('/') { "/" } else { "%2F" })
    };
    signed.or_else(presigned).unwrap_or(UNKNOWN)
}

fn operation(parts: &Parts, body: &[u8], service: &str) -> (String, Protocol) {
    let headers = &parts.headers;
    let path = parts.uri.path();
    if let Some(target) = text(headers, "x-amz-target") {
        return (
            target.rsplit('.').next().unwrap_or(target).into(),
            Protocol::Json,
        );
    }
    if let Some(operation) = rpc_operation(path) {
        return (operation.into(), Protocol::Cbor);
    }
    let form = text(headers, "content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let in_body = || {
        form.then(|| str::from_utf8(body).ok())
            .flatten()
            .and_then(action)
    };
    if let Some(action) = in_body().or_else(|| parts.uri.query().and_then(action)) {
        return (
            action.into(),
            if service == "ec2" {
                Protocol::Ec2
            } else {
                Protocol::Query
            },
        );
    }
    let protocol = if service == "s3" {
        Protocol::RestXml
    } else {
        Protocol::RestJson
    };
    // The SDKs of S3 say it beside the resource.
    let said = parts.uri.query().and_then(|query| value_of(query, "x-id="));
    let operation = said.map_or_else(|| format!("{} {path}", parts.method), str::to_owned);
    (operation, protocol)
}

/// `/service/X/operation/Y`, behind any prefix.
fn rpc_operation(path: &str) -> Option<&str> {
    let mut from_end = path.rsplit('/');
    let operation = from_end.next()?;
    let matches = from_end.next() == Some("operation") && from_end.nth(1) == Some("service");
    (matches && !operation.is_empty()).then_some(operation)
}

fn action(form: &str) -> Option<&str> {
    value_of(form, "Action=")
}

fn value_of<'f>(form: &'f str, name: &str) -> Option<&'f str> {
    form.split('&')
        .find_map(|pair| pair.strip_prefix(name))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn check(
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        expected: (&str, &str, &str, Protocol),
    ) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect(uri).into_parts();
        let call = recognise(&parts, body);
        let found = (
            call.function.as_str(),
            call.service.as_str(),
            call.operation.as_str(),
            call.protocol,
        );
        assert_eq!(found, expected, "{method} {uri}");
    }

    #[test]
    fn recognises_the_operation_of_every_protocol() {
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
            )
        };
        let (ec2, sns, dynamodb) = (signed("ec2"), signed("sns"), signed("dynamodb"));
        let (states, monitoring, lambda, s3) = (
            signed("states"),
            signed("monitoring"),
            signed("lambda"),
            signed("s3"),
        );
        let user = "aws-sdk-rust/1.3 ua/2.1 api/ec2/1.2 os/linux lang/rust/1.95 app/stop-recording";
        check(
            "POST",
            "/",
            &[
                ("authorization", &ec2),
                ("content-type", FORM),
                ("x-amz-user-agent", user),
            ],
            b"Action=DeleteFlowLogs&Version=2016-11-15&FlowLogId.1=fl-0",
            ("stop-recording", "ec2", "DeleteFlowLogs", Protocol::Ec2),
        );
        check(
            "POST",
            "/",
            &[
                ("authorization", &sns),
                (
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                ),
                ("user-agent", "Boto3/1 app/analyze-recording md/x"),
            ],
            b"Version=2010-03-31&Action=Publish",
            ("analyze-recording", "sns", "Publish", Protocol::Query),
        );
        check(
            "POST",
            "/",
            &[
                ("authorization", &dynamodb),
                ("x-amz-target", "DynamoDB_20120810.UpdateItem"),
                ("content-type", "application/x-amz-json-1.0"),
            ],
            br#"{"a":"Action=No"}"#,
            ("unknown", "dynamodb", "UpdateItem", Protocol::Json),
        );
        check(
            "POST",
            "/",
            &[
                ("authorization", &states),
                ("x-amz-target", "AWSStepFunctions.SendTaskSuccess"),
                ("user-agent", "app/ curl"),
            ],
            b"{}",
            ("unknown", "states", "SendTaskSuccess", Protocol::Json),
        );
        check(
            "POST",
            "/service/GraniteServiceVersion20100801/operation/SetAlarmState",
            &[("authorization", &monitoring)],
            b"\xa0",
            ("unknown", "monitoring", "SetAlarmState", Protocol::Cbor),
        );
        check(
            "POST",
            "/2015-03-31/functions/x/invocations?Qualifier=1",
            &[("authorization", &lambda)],
            b"Action=No",
            (
                "unknown",
                "lambda",
                "POST /2015-03-31/functions/x/invocations",
                Protocol::RestJson,
            ),
        );
        check(
            "PUT",
            "/bucket/key",
            &[("authorization", &s3)],
            b"",
            ("unknown", "s3", "PUT /bucket/key", Protocol::RestXml),
        );
        check(
            "PUT",
            "/bucket/key?x-id=PutObject",
            &[("authorization", &s3)],
            b"",
            ("unknown", "s3", "PutObject", Protocol::RestXml),
        );
        check(
            "GET",
            "/?Action=ListTopics&X-Amz-Credential=AKID%2F20261120%2Fus-east-1%2Fsns%2Faws4_request&X-Amz-Signature=0",
            &[],
            b"",
            ("unknown", "sns", "ListTopics", Protocol::Query),
        );
        check(
            "GET",
            "/health?token=1",
            &[("authorization", "Bearer x")],
            b"",
            ("unknown", "unknown", "GET /health", Protocol::RestJson),
        );
    }
}
