//! Lambda sweep-recordings: deletes what executions left behind, on a schedule, when one ends badly
//! and before the stack goes.

use adapters::{
    aws, cloudwatch::CloudWatch, dynamodb::Table, ec2::Ec2, lambda, response::CloudFormation,
    sfn::StepFunctions, sns::Topic,
};
use recorder::payload::SweepRequest;
use recorder::step::{self, SweepPorts, Sweeping};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    let config = aws::config().await;
    let machine = lambda::setting("NATSPIKE_STATE_MACHINE_ARN")?;
    let ports = &SweepPorts {
        ec2: &Ec2::new(&config),
        claims: &Table::new(&config, lambda::setting("NATSPIKE_TABLE")?),
        executions: &StepFunctions::of(&config, machine),
        topic: &Topic::new(&config, lambda::setting("NATSPIKE_TOPIC_ARN")?),
        responses: &CloudFormation,
        metrics: &CloudWatch::new(&config),
    };
    let sweeping = &Sweeping {
        stack: lambda::setting("NATSPIKE_STACK")?,
        log_group: lambda::setting("NATSPIKE_LOG_GROUP")?,
        region: lambda::setting("AWS_REGION")?,
    };
    lambda::serve(|request: SweepRequest| async move {
        step::sweep_recordings(ports, &request, sweeping, lambda::now()).await
    })
    .await
}
