//! The outside world: AWS services and files, one feature and one file each.
//!
//! **Invariants.** The only room with input and output, and it decides
//! nothing: no price, no rule, no word of a report. Each AWS module implements
//! ports of the `recorder` crate, one call for one capability.
#![allow(clippy::disallowed_methods)] // this is the room that may touch the world

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "bundle")]
pub mod bundle;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "cloudformation")]
pub mod cloudformation;
#[cfg(feature = "cloudwatch")]
pub mod cloudwatch;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "history")]
pub mod history;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "lookup")]
pub mod lookup;
#[cfg(feature = "pricing")]
pub mod pricing;
#[cfg(feature = "response")]
pub mod response;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sfn")]
pub mod sfn;
#[cfg(feature = "sns")]
pub mod sns;
