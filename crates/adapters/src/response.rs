//! Answers of a custom resource to CloudFormation, put to the signed URL that
//! its request names.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html>

use crate::aws::https;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use recorder::port::Responses;
use recorder::{FaultKind, PortError};

/// The client.
pub struct CloudFormation;

impl Responses for CloudFormation {
    async fn respond(&self, url: &str, body: &str) -> Result<(), PortError> {
        let failed = |kind, source| PortError {
            service: "cloudformation",
            operation: "CustomResourceResponse",
            kind,
            source,
        };
        let mut request = HttpRequest::new(SdkBody::from(body));
        let legal = request
            .set_method("PUT")
            .and_then(|()| request.set_uri(url))
            .map_err(|error| failed(FaultKind::Invalid, error.into()));
        legal?;
        // The URL is signed without a content type.
        let headers = request.headers_mut();
        headers.insert("content-type", "");
        headers.insert("content-length", body.len().to_string());
        let answer = https()
            .call(request)
            .await
            .map_err(|error| failed(FaultKind::Unavailable, error.into()))?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        Err(failed(
            FaultKind::Unavailable,
            format!("the answer was refused with status {status}").into(),
        ))
    }
}
