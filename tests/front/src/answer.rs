//! Answers of services that refuse a call, in the shape of their protocol.
//!
//! The codes are those that the services themselves use, because the SDKs
//! decide by them whether to repeat a call.

use crate::call::{Protocol, Recognised};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

/// Which refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Throttled,
    Denied,
    Unavailable,
}

const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Status and error code of a refusal.
fn code(refusal: Refusal, call: &Recognised) -> (u16, &'static str) {
    match (refusal, call.protocol, call.service.as_str()) {
        (Refusal::Throttled, Protocol::Ec2, _) => (503, "RequestLimitExceeded"),
        (Refusal::Throttled, Protocol::RestXml, _) => (503, "SlowDown"),
        (Refusal::Throttled, Protocol::RestJson, _) => (429, "TooManyRequestsException"),
        (Refusal::Throttled, _, "dynamodb") => (400, "ProvisionedThroughputExceededException"),
        (Refusal::Throttled, ..) => (400, "ThrottlingException"),
        (Refusal::Denied, Protocol::Ec2, _) => (403, "UnauthorizedOperation"),
        (Refusal::Denied, Protocol::Query, "sns") => (403, "AuthorizationError"),
        (Refusal::Denied, Protocol::Query | Protocol::RestXml, _) => (403, "AccessDenied"),
        (Refusal::Denied, Protocol::RestJson, _) => (403, "AccessDeniedException"),
        (Refusal::Denied, Protocol::Json | Protocol::Cbor, _) => (400, "AccessDeniedException"),
        (Refusal::Unavailable, Protocol::Ec2, _) => (503, "Unavailable"),
        (Refusal::Unavailable, Protocol::Json, "dynamodb") => (500, "InternalServerError"),
        (Refusal::Unavailable, Protocol::Json, "logs") => (500, "ServiceUnavailableException"),
        (Refusal::Unavailable, ..) => (503, "ServiceUnavailable"),
    }
}

/// The whole answer; `asked_in` is the call's content type.
pub(crate) fn refuse(
    refusal: Refusal,
    call: &Recognised,
    asked_in: Option<&HeaderValue>,
) -> Response<Full<Bytes>> {
    let (status, code) = code(refusal, call);
    let message = match refusal {
        Refusal::Throttled => "Rate exceeded".to_owned(),
        Refusal::Unavailable => "The service is unavailable; please try again".to_owned(),
        Refusal::Denied => format!(
            "Not authorized to perform {}:{}",
            call.service, call.operation
        ),
    };
    let (content_type, body) = match call.protocol {
        Protocol::Json => {
            let namespace = if call.service == "dynamodb" { "com.amazonaws.dynamodb.v20120810#" } else { "" };
            let error = serde_json::json!({ "__type": format!("{namespace}{code}"), "message": message });
            let same = asked_in.and_then(|value| value.to_str().ok()).unwrap_or("application/x-amz-json-1.1");
            (same.to_owned(), error.to_string().into_bytes())
        }
        Protocol::RestJson => {
            ("application/json".into(), serde_json::json!({ "message": message }).to_string().into_bytes())
        }
        Protocol::Cbor => ("application/cbor".into(), cbor_error(code, &message)),
        Protocol::Ec2 => (
            "text/xml;charset=UTF-8".into(),
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
                 <Message>{}</Message></Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>",
                escape(&message)
            )
            .into_bytes(),
        ),
        Protocol::Query => (
            "text/xml".into(),
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error>\
                 <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
                escape(&message)
            )
            .into_bytes(),
        ),
        Protocol::RestXml => (
            "application/xml".into(),
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
                 <RequestId>{REQUEST_ID}</RequestId></Error>",
                escape(&message)
            )
            .into_bytes(),
        ),
    };
    let mut response = respond(status, &content_type, body);
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("x-amzn-requestid"),
        HeaderValue::from_static(REQUEST_ID),
    );
    match call.protocol {
        Protocol::RestJson => {
            headers.insert(
                HeaderName::from_static("x-amzn-errortype"),
                HeaderValue::from_static(code),
            );
        }
        Protocol::Cbor => {
            headers.insert(
                HeaderName::from_static("smithy-protocol"),
                HeaderValue::from_static("rpc-v2-cbor"),
            );
        }
        _ => {}
    }
    response
}

/// An answer of the front; a status or type that is none becomes 500 or none.
pub(crate) fn respond(status: u16, content_type: &str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The CBOR map `{"__type": code, "message": message}` (RFC 8949).
fn cbor_error(code: &str, message: &str) -> Vec<u8> {
    const MAP_OF_TWO: u8 = 0xa2;
    let mut out = vec![MAP_OF_TWO];
    for text in ["__type", code, "message", message] {
        cbor_text(text, &mut out);
    }
    out
}

fn cbor_text(text: &str, out: &mut Vec<u8>) {
    const TEXT: u8 = 0x60;
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length @ 0..=23), _) => out.push(TEXT | length),
        (Ok(length), _) => out.extend([TEXT | 24, length]),
        (_, Ok(length)) => {
            out.push(TEXT | 25);
            out.extend(length.to_be_bytes());
        }
        // Longer than any code or message here.
        _ => out.push(TEXT),
    }
    if u16::try_from(text.len()).is_ok() {
        out.extend(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(protocol: Protocol, service: &str, refusal: Refusal, status: u16, code: &str) {
        let call = Recognised {
            function: "f".into(),
            service: service.into(),
            operation: "Op<&>".into(),
            protocol,
        };
        assert_eq!(
            super::code(refusal, &call),
            (status, code),
            "{protocol:?} {service}"
        );
        assert_eq!(refuse(refusal, &call, None).status(), status);
    }

    #[test]
    fn refuses_in_the_words_of_the_service() {
        use Protocol::{Cbor, Ec2, Json, Query, RestJson, RestXml};
        use Refusal::{Denied, Throttled, Unavailable};
        check(Ec2, "ec2", Throttled, 503, "RequestLimitExceeded");
        check(Ec2, "ec2", Denied, 403, "UnauthorizedOperation");
        check(Query, "sns", Throttled, 400, "ThrottlingException");
        check(Query, "sns", Denied, 403, "AuthorizationError");
        check(Query, "sts", Denied, 403, "AccessDenied");
        check(Json, "logs", Throttled, 400, "ThrottlingException");
        check(Json, "logs", Denied, 400, "AccessDeniedException");
        check(
            Json,
            "dynamodb",
            Throttled,
            400,
            "ProvisionedThroughputExceededException",
        );
        check(Cbor, "monitoring", Throttled, 400, "ThrottlingException");
        check(
            RestJson,
            "lambda",
            Throttled,
            429,
            "TooManyRequestsException",
        );
        check(RestXml, "s3", Throttled, 503, "SlowDown");
        check(RestXml, "s3", Denied, 403, "AccessDenied");
        check(Ec2, "ec2", Unavailable, 503, "Unavailable");
        check(Query, "sns", Unavailable, 503, "ServiceUnavailable");
        check(Json, "states", Unavailable, 503, "ServiceUnavailable");
        check(Json, "dynamodb", Unavailable, 500, "InternalServerError");
        check(
            Json,
            "logs",
            Unavailable,
            500,
            "ServiceUnavailableException",
        );
    }

    #[test]
    fn writes_cbor_texts_of_any_length() {
        assert_eq!(cbor_error("C", "m"), b"\xa2\x66__type\x61C\x67message\x61m");
        let long = "x".repeat(300);
        let cases = [
            (23, &b"\x77"[..]),
            (24, b"\x78\x18"),
            (255, b"\x78\xff"),
            (256, b"\x79\x01\x00"),
        ];
        for (length, head) in cases {
            let mut out = Vec::new();
            cbor_text(&long[..length], &mut out);
            assert_eq!(out, [head, &long.as_bytes()[..length]].concat());
        }
    }
}
