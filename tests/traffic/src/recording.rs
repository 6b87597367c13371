//! Recordings of a scenario: as lines, as a stream, and as events that arrive
//! late the way CloudWatch Logs delivers them.

use crate::layout::{Layout, Place};
use crate::legs::is_private;
use crate::plan::{Clock, Plan, Sent};
use crate::scenario::Scenario;
use crate::truth::Truth;
use serde::Serialize;
use std::convert::Infallible;
use std::io::{self, Write};

/// A recording in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The lines in the order of time, without header and line ends.
    pub lines: Vec<String>,
    /// What is true about them.
    pub truth: Truth,
}

impl Recording {
    /// The lines as one text, each with its line end.
    pub fn text(&self) -> String {
        self.lines
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect()
    }
}

/// A log event that is going to arrive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Real seconds after the recording's start at which it arrives.
    pub due: f64,
    /// Milliseconds since 1970 of the record's start.
    pub timestamp: u64,
    /// The line.
    pub message: String,
}

/// The events of a recording, sorted by when they are due, and the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The events.
    pub events: Vec<Event>,
    /// What is true about all of them.
    pub truth: Truth,
}

/// Which time the records of an accelerated delivery tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordTime {
    /// Real time: the domain's seconds are divided by the speed, so that
    /// records lie inside the window in which the flow log really existed.
    Wall,
    /// Domain time: records last as long as the scenario says and lie in the
    /// future when they arrive.
    Domain,
}

impl Scenario {
    fn place(&self) -> Place<'_> {
        Place {
            account: &self.account,
            region: &self.region,
        }
    }

    /// The recording in memory; `start` is the Unix second of domain time 0.
    pub fn recording(&self, layout: &Layout, start: u64) -> Recording {
        let mut lines = Vec::new();
        let plan = Plan::new(self, Clock { start, speed: 1.0 });
        let Ok(truth) = plan.run(layout, |sent: Sent<'_>| {
            lines.push(self.text(layout, &sent));
            Ok::<(), Infallible>(())
        });
        Recording { lines, truth }
    }

    /// Writes the recording line by line, in memory that does not grow with
    /// the number of lines, and returns the truth.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_recording(
        &self,
        layout: &Layout,
        start: u64,
        mut out: impl Write,
    ) -> io::Result<Truth> {
        let mut text = Vec::new();
        let plan = Plan::new(self, Clock { start, speed: 1.0 });
        let truth = plan.run(layout, |sent: Sent<'_>| {
            text.clear();
            layout.write(sent.line, &self.place(), &mut text);
            text.push(b'\n');
            out.write_all(&text)
        })?;
        out.flush()?;
        Ok(truth)
    }

    /// The events of the recording as they arrive when the domain's time runs
    /// `speed` times as fast as the real one.
    pub fn delivery(&self, layout: &Layout, start: u64, speed: f64, time: RecordTime) -> Delivery {
        let clock = Clock {
            start,
            speed: if time == RecordTime::Wall { speed } else { 1.0 },
        };
        let mut events = Vec::new();
        let Ok(truth) = Plan::new(self, clock).run(layout, |sent: Sent<'_>| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "spans of a scenario are far below 2^52 seconds"
            )]
            let arrives = (sent.ended + self.delivery.delay.0) as f64;
            events.push(Event {
                due: arrives / speed,
                timestamp: sent.line.times().0 * 1_000,
                message: self.text(layout, &sent),
            });
            Ok::<(), Infallible>(())
        });
        events.sort_by(|a, b| a.due.total_cmp(&b.due));
        Delivery { events, truth }
    }

    fn text(&self, layout: &Layout, sent: &Sent<'_>) -> String {
        let mut text = Vec::new();
        layout.write(sent.line, &self.place(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Why no analysis can find the whole truth in this layout, if so. The
    /// truth then stays what was meant, although the lines do not show it.
    pub fn ambiguity(&self, layout: &Layout) -> Option<&'static str> {
        let packet = layout.knows_packet_addresses();
        let regional = self.gateways().any(|gateway| gateway.regional);
        let whose = layout.has("interface-id") || layout.has("resource-id");
        let others = self.noise.other_interfaces || !self.direct.is_empty();
        if !layout.has("srcaddr") || !layout.has("dstaddr") || !layout.has("bytes") {
            Some("without srcaddr, dstaddr and bytes nothing can be summed up by leg")
        } else if !layout.has("action") && !self.rejected.is_empty() {
            Some("without action, rejected records look like accepted ones")
        } else if !packet
            && self
                .conversation
                .iter()
                .any(|talk| is_private(talk.destination))
        {
            Some("without packet addresses a private remote looks like a workload")
        } else if !packet && !self.direct.is_empty() {
            Some(
                "without packet addresses an interface with traffic of its own looks like a gateway",
            )
        } else if !whose && regional && others {
            Some(
                "without interface-id and resource-id a workload's records look like those of a regional gateway",
            )
        } else {
            None
        }
    }
}
