//! AWS services that have gateway endpoints.
//!
//! There are two, they are free within their region, and so is the transfer:
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>.

/// A service with gateway endpoints.
#[derive(Debug)]
pub(crate) struct Service {
    /// As records and AWS's prefixes name it.
    pub(crate) code: &'static str,
    /// As people say it.
    pub(crate) said: &'static str,
    /// The last part of the endpoint service's name.
    pub(crate) endpoint: &'static str,
}

pub(crate) static S3: Service = Service {
    code: "S3",
    said: "S3",
    endpoint: "s3",
};
pub(crate) static DYNAMODB: Service = Service {
    code: "DYNAMODB",
    said: "DynamoDB",
    endpoint: "dynamodb",
};

/// Both.
pub(crate) static GATEWAY_ENDPOINTS: [&Service; 2] = [&S3, &DYNAMODB];

/// Whether that is the code of one of them.
pub(crate) fn has_gateway_endpoint(code: &str) -> bool {
    GATEWAY_ENDPOINTS.iter().any(|service| service.code == code)
}
