//! The Lambda behind the CloudFormation macro `natspike-expand-gateways`.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(|event: LambdaEvent<Value>| async move {
        Ok::<Value, Error>(expand_gateways::answer(&event.payload))
    }))
    .await
}
