//! The stack's bucket: what is kept with recordings.

use super::SERVICE;
use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use recorder::{FaultKind, PortError};

/// A bucket in the function's own region.
pub struct Shelf {
    client: Client,
    bucket: String,
}

impl Shelf {
    /// The bucket of that name.
    pub fn new(config: &SdkConfig, bucket: String) -> Shelf {
        Shelf {
            client: Client::new(config),
            bucket,
        }
    }
}

impl recorder::port::Shelf for Shelf {
    async fn put(
        &self,
        key: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<String, PortError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body))
            .send()
            .await
            .map(|_| self.bucket.clone())
            .map_err(|error| port_error(SERVICE, "PutObject", error))
    }

    async fn get(&self, key: &str) -> Result<Vec<u8>, PortError> {
        const OPERATION: &str = "GetObject";
        let object = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| port_error(SERVICE, OPERATION, error))?;
        let body = object.body.collect().await.map_err(|error| PortError {
            service: SERVICE,
            operation: OPERATION,
            kind: FaultKind::Unavailable,
            source: Box::new(error),
        })?;
        Ok(body.to_vec())
    }
}
