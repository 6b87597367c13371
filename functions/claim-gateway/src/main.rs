//! Lambda claim-gateway: claims the alarm's gateway for the execution.

use adapters::{aws, dynamodb::Table, lambda};
use recorder::{payload::ClaimGateway, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let table = &Table::new(&aws::config().await, lambda::setting("NATSPIKE_TABLE")?);
    lambda::serve(|payload: ClaimGateway| async move {
        step::claim_gateway(table, &payload, lambda::now()).await
    })
    .await
}
