//! Amazon S3: flow-log objects, listed and fetched, and the stack's bucket.
//!
//! **Invariants.** An object is whole or an error: its length and its ETag are
//! those of the listing. An object of more than [`IN_MEMORY`] bytes goes to a
//! temporary file, so memory does not grow with it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

mod gather;
mod keys;
mod plan;
mod shelf;

pub use gather::{Gathered, Missing, Options, Tables, gather};
pub use keys::Selection;
pub use plan::Place;
pub use shelf::Shelf;

use crate::aws::port_error;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use recorder::{FaultKind, PortError};
use std::collections::HashMap;
use std::future::Future;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const SERVICE: &str = "s3";
/// Larger objects are kept in a file while they are read.
pub const IN_MEMORY: u64 = 32 << 20;
/// How often a body that breaks off is asked for again, beside the SDK's own
/// tries of a request that fails.
const BODY_TRIES: u32 = 4;
/// The wait before the first of these tries; each doubles it.
const BODY_WAIT: Duration = Duration::from_millis(200);

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// The entity tag, as S3 has it.
    pub etag: Option<String>,
}

impl Object {
    /// `s3://bucket/key`.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// The region that the records are of, if the name says it.
    pub fn region(&self) -> Option<&str> {
        keys::region(&self.key)
    }
}

/// The content of an object.
#[derive(Debug)]
pub enum Body {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file that is removed with this value.
    File(tempfile::NamedTempFile),
}

/// Clients for buckets, each of which is in a region of its own.
pub struct S3 {
    config: SdkConfig,
    clients: Mutex<HashMap<String, Client>>,
}

impl S3 {
    /// Clients with that configuration. Its region is where buckets are looked
    /// for first.
    pub fn new(config: &SdkConfig) -> S3 {
        let config = match config.region() {
            Some(_) => config.clone(),
            None => config
                .to_builder()
                .region(Region::from_static("us-east-1"))
                .build(),
        };
        S3 {
            config,
            clients: Mutex::default(),
        }
    }

    /// The folders directly below the prefix, without it, each with its slash.
    pub(crate) async fn folders(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<String>, PortError> {
        let mut folders = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .at_home(bucket, "ListObjectsV2", |client| {
                    client
                        .list_objects_v2()
                        .bucket(bucket)
                        .prefix(prefix)
                        .delimiter("/")
                        .set_continuation_token(next.clone())
                        .send()
                })
                .await?;
            folders.extend(
                page.common_prefixes()
                    .iter()
                    .filter_map(|folder| folder.prefix()?.strip_prefix(prefix))
                    .map(str::to_owned),
            );
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(folders);
            }
        }
    }

    /// One page of the objects below the prefix, and the token of the next.
    pub(crate) async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        token: Option<String>,
    ) -> Result<(Vec<Object>, Option<String>), PortError> {
        let page = self
            .at_home(bucket, "ListObjectsV2", |client| {
                client
                    .list_objects_v2()
                    .bucket(bucket)
                    .prefix(prefix)
                    .set_continuation_token(token.clone())
                    .send()
            })
            .await?;
        let objects = page
            .contents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|object| {
                Some(Object {
                    bucket: bucket.to_owned(),
                    key: object.key?,
                    size: u64::try_from(object.size.unwrap_or(0)).unwrap_or(0),
                    etag: object.e_tag,
                })
            })
            .collect();
        Ok((objects, page.next_continuation_token))
    }

    /// The whole object, exactly as it was listed.
    pub(crate) async fn fetch(&self, object: &Object) -> Result<Body, PortError> {
        let mut wait = BODY_WAIT;
        let mut tries = BODY_TRIES;
        loop {
            tries -= 1;
            let answer = self
                .at_home(&object.bucket, "GetObject", |client| {
                    client
                        .get_object()
                        .bucket(&object.bucket)
                        .key(&object.key)
                        .set_if_match(object.etag.clone())
                        .send()
                })
                .await?;
            match collect(answer.body, object.size).await {
                Ok(body) => return Ok(body),
                Err(error) if tries == 0 => return Err(error),
                Err(_) => tokio::time::sleep(wait).await,
            }
            wait *= 2;
        }
    }

    /// Calls the bucket's region: S3 tells it to whoever asks in another one.
    async fn at_home<T, E, F>(
        &self,
        bucket: &str,
        operation: &'static str,
        call: impl Fn(Client) -> F,
    ) -> Result<T, PortError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: aws_smithy_types::error::metadata::ProvideErrorMetadata
            + std::error::Error
            + Send
            + Sync
            + 'static,
    {
        let error = match call(self.client(bucket)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let region = error
            .raw_response()
            .and_then(|response| response.headers().get("x-amz-bucket-region"))
            .filter(|region| Some(*region) != self.region_of(bucket).as_deref())
            .map(str::to_owned);
        let Some(region) = region else {
            return Err(port_error(SERVICE, operation, error));
        };
        self.move_to(bucket, region);
        call(self.client(bucket))
            .await
            .map_err(|error| port_error(SERVICE, operation, error))
    }

    fn client(&self, bucket: &str) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(bucket) {
            return client.clone();
        }
        let client = self.build(None);
        clients.insert(bucket.to_owned(), client.clone());
        client
    }

    fn move_to(&self, bucket: &str, region: String) {
        let client = self.build(Some(region));
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.insert(bucket.to_owned(), client);
    }

    fn region_of(&self, bucket: &str) -> Option<String> {
        let client = self.client(bucket);
        client.config().region().map(ToString::to_string)
    }

    fn build(&self, region: Option<String>) -> Client {
        let mut builder = aws_sdk_s3::config::Builder::from(&self.config)
            // Buckets of an endpoint of one's own have no DNS names.
            .force_path_style(self.config.endpoint_url().is_some());
        if let Some(region) = region {
            builder = builder.region(Region::new(region));
        }
        Client::from_conf(builder.build())
    }
}

async fn collect(mut body: ByteStream, size: u64) -> Result<Body, PortError> {
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| PortError {
        service: SERVICE,
        operation: "GetObject",
        kind: FaultKind::Unavailable,
        source,
    };
    let mut length = 0;
    let mut file = None;
    let mut memory = Vec::new();
    if size > IN_MEMORY {
        file = Some(tempfile::NamedTempFile::new().map_err(|error| broken(error.into()))?);
    } else {
        memory.reserve_exact(usize::try_from(size).unwrap_or(0));
    }
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| broken(error.into()))?;
        length += chunk.len() as u64;
        match &mut file {
            Some(file) => file
                .write_all(&chunk)
                .map_err(|error| broken(error.into()))?,
            None => memory.extend_from_slice(&chunk),
        }
    }
    if length != size {
        return Err(broken(
            format!("{length} of {size} bytes came before the connection ended").into(),
        ));
    }
    Ok(file.map_or(Body::Memory(memory), Body::File))
}
