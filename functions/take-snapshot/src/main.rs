//! Lambda take-snapshot: keeps what is there as the alarm goes off.

use adapters::{aws, cloudwatch::CloudWatch, ec2::Ec2, lambda, s3::Shelf};
use recorder::payload::TakeSnapshot;
use recorder::step::{self, SnapshotPorts};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let ports = &SnapshotPorts {
        ec2: &Ec2::new(&config),
        metrics: &CloudWatch::new(&config),
        shelf: &Shelf::new(&config, lambda::setting("NATSPIKE_BUCKET")?),
    };
    lambda::serve(|payload: TakeSnapshot| async move {
        step::take_snapshot(ports, &payload.claim, lambda::now()).await
    })
    .await
}
