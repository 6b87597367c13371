//! The kit of every run: the real workflow with this stack's values in it.

use crate::asl::{Machine, Refusal};
use crate::lambdas::{LOG_GROUP, Lambdas, STACK};
use crate::scenario::{Explore, Stack};
use crate::world::{Bounds, Kit};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The workflow of the repository.
pub const WORKFLOW: &str = include_str!("../../../statemachine/recorder.asl.json");

/// What stands for the `${Names}` of the template.
pub fn substitutions(stack: &Stack, lambdas: &Lambdas) -> BTreeMap<String, String> {
    let integration = |name: &str| format!("arn:aws:states:::{name}");
    let mut values: BTreeMap<String, String> = [
        ("LambdaInvoke", integration("lambda:invoke")),
        (
            "LambdaInvokeWaitForTaskToken",
            integration("lambda:invoke.waitForTaskToken"),
        ),
        ("SnsPublish", integration("sns:publish")),
        ("StatesStartExecution", integration("states:startExecution")),
        (
            "TopicArn",
            "arn:aws:sns:us-east-1:123456789012:reports".to_owned(),
        ),
        ("LogGroup", LOG_GROUP.to_owned()),
        ("StackName", STACK.to_owned()),
        ("RecordingTime", stack.recording_time.to_string()),
        ("NumOfRecordings", stack.num_of_recordings.to_string()),
        ("SettleDelay", stack.settle_delay.to_string()),
        ("RecordAfterClear", stack.record_after_clear.to_string()),
        ("RecordingsInARow", stack.recordings_in_a_row.to_string()),
        ("NatRate", stack.nat_rate.clone()),
        ("LogRate", String::new()),
        ("CoverageFloor", "80".to_owned()),
        ("RecordingLogClass", stack.recording_log_class.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    values.extend(
        lambdas
            .names()
            .map(|name| (format!("{name}Arn"), name.to_owned())),
    );
    values
}

impl Kit {
    /// The recorder's own workflow and Lambdas under these parameters.
    ///
    /// Errors: the workflow holds something that is not implemented.
    pub fn recorder(stack: &Stack) -> Result<Kit, Refusal> {
        Kit::with(stack, Lambdas::recorder())
    }

    /// The recorder's own workflow over other Lambdas.
    ///
    /// Errors: the workflow holds something that is not implemented.
    pub fn with(stack: &Stack, lambdas: Lambdas) -> Result<Kit, Refusal> {
        let machine = Machine::load(WORKFLOW, &substitutions(stack, &lambdas))?;
        Ok(Kit {
            machine: Rc::new(machine),
            lambdas,
        })
    }
}

impl From<&Explore> for Bounds {
    fn from(explore: &Explore) -> Bounds {
        Bounds {
            late: explore.late.0,
            twice: explore.twice,
            interruptions: explore.interruptions,
            turns: explore.turns,
            fault: explore.fault,
            calls_of: explore.calls_of.clone(),
        }
    }
}
