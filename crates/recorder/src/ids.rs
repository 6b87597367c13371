//! Names and times as types, so that one is not taken for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.to_owned())
            }
        }
    )*};
}

text! {
    /// A NAT gateway's id, `nat-…`.
    GatewayId
    /// A network interface's id, `eni-…`.
    InterfaceId
    /// A flow log's id, `fl-…`.
    FlowLogId
}

/// Seconds since 1970.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EpochSeconds(pub u64);

impl EpochSeconds {
    /// That many seconds later.
    pub fn plus(self, seconds: u64) -> EpochSeconds {
        EpochSeconds(self.0.saturating_add(seconds))
    }

    /// That many seconds earlier, 1970 at the earliest.
    pub fn minus(self, seconds: u64) -> EpochSeconds {
        EpochSeconds(self.0.saturating_sub(seconds))
    }
}

/// Milliseconds since 1970: alarm states change by the millisecond.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EpochMillis(pub u64);
