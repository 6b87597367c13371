//! The steps over the world in memory: the whole loop, and what goes wrong.

mod hand;
mod last;
mod life;
mod prices;
mod races;
mod snapshot;
mod sweep;

use recorder::memory::{Chat, Memory};
use recorder::payload::{
    AnalyzeRecording, AwaitClearance, Claim, ClaimGateway, EndReason, Ending, Recording, Reported,
    Resume, ResumeRecording, Settings, SnapshotTaken, Stop, StopRecording, SweepRequest, Swept,
};
use recorder::port::NatGateway;
use recorder::step::{self, AnalysisPorts, Destination, SnapshotPorts, SweepPorts, Sweeping};
use recorder::{EpochSeconds, GatewayId, InterfaceId, StepError, alarm};

const GATEWAY: &str = "nat-0a1b2c3d4e5f60718";
const ALARMED: &str = "2026-11-20T23:44:05.123+0000";
const CLEARED: &str = "2026-11-20T23:50:05.000+0000";
const NOW: EpochSeconds = EpochSeconds(1_795_218_250);
const STACK: &str = "natspike";

/// A world with one zonal gateway, and what an execution does in it.
struct World {
    memory: Memory,
    settings: Settings,
    source_log_group: Option<String>,
    has_chat: bool,
}

impl World {
    fn new() -> World {
        let memory = Memory::new();
        memory.add_gateway(NatGateway {
            id: GatewayId::from(GATEWAY),
            state: "available".to_owned(),
            regional: false,
            interface_id: Some(InterfaceId::from("eni-0a1")),
            private_addresses: vec!["10.0.0.220".parse().expect("address")],
            public_addresses: vec!["198.51.100.9".parse().expect("address")],
            vpc: Some("vpc-0a1".to_owned()),
            subnet: Some("subnet-0a1".to_owned()),
            zones: Vec::new(),
        });
        World {
            memory,
            settings: Settings::default(),
            source_log_group: None,
            has_chat: false,
        }
    }

    fn claim(&self, execution: &str, now: EpochSeconds) -> Result<Claim, StepError> {
        self.claim_at(ALARMED, execution, now)
    }

    fn claim_at(
        &self,
        alarmed: &str,
        execution: &str,
        now: EpochSeconds,
    ) -> Result<Claim, StepError> {
        let payload = ClaimGateway {
            event: alarm::example(GATEWAY, "ALARM", alarmed),
            round: 1,
            execution: execution.to_owned(),
            settings: self.settings.clone(),
        };
        pollster::block_on(step::claim_gateway(&self.memory, &payload, now))
    }

    fn snapshot(&self, claim: &Claim) -> Result<SnapshotTaken, StepError> {
        let ports = SnapshotPorts {
            ec2: &self.memory,
            metrics: &self.memory,
            shelf: &self.memory,
        };
        pollster::block_on(step::take_snapshot(&ports, claim, NOW))
    }

    fn start(&self, claim: &Claim) -> Result<Recording, StepError> {
        let destination = Destination {
            stack: STACK.to_owned(),
            log_group: "/natspike/test".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/delivery".to_owned(),
            source_log_group: self.source_log_group.clone(),
        };
        pollster::block_on(step::start_recording(
            &self.memory,
            &self.memory,
            claim,
            &destination,
            NOW,
        ))
    }

    fn wait(&self, claim: &Claim, token: &str) -> Result<(), StepError> {
        let payload = AwaitClearance {
            claim: claim.clone(),
            task_token: token.to_owned(),
        };
        pollster::block_on(step::await_clearance(&self.memory, &self.memory, &payload))
    }

    fn clear(&self, at: &str) -> Result<bool, StepError> {
        let event = alarm::example(GATEWAY, "OK", at);
        pollster::block_on(step::clear_alarm(&self.memory, &self.memory, &event))
            .map(|cleared| cleared.woken)
    }

    fn resume(&self, claim: &Claim, recording: &Recording, now: EpochSeconds) -> Resume {
        let payload = ResumeRecording {
            claim: claim.clone(),
            recording: recording.clone(),
        };
        pollster::block_on(step::resume_recording(&self.memory, &payload, now)).expect("an answer")
    }

    fn sweep(&self, request: &SweepRequest, now: EpochSeconds) -> Result<Swept, StepError> {
        let world = &self.memory;
        let ports = SweepPorts {
            ec2: world,
            claims: world,
            executions: world,
            topic: world,
            responses: world,
            metrics: world,
        };
        let sweeping = Sweeping {
            stack: STACK.to_owned(),
            log_group: "/natspike/test".to_owned(),
            region: "us-east-1".to_owned(),
        };
        pollster::block_on(step::sweep_recordings(&ports, request, &sweeping, now))
    }

    fn stop(&self, claim: &Claim, recording: Option<&Recording>) -> Result<Stop, StepError> {
        self.stop_at(claim, recording, NOW.plus(360))
    }

    fn stop_at(
        &self,
        claim: &Claim,
        recording: Option<&Recording>,
        now: EpochSeconds,
    ) -> Result<Stop, StepError> {
        let payload = StopRecording {
            claim: claim.clone(),
            recording: recording.cloned(),
            ending: None,
        };
        pollster::block_on(step::stop_recording(
            &self.memory,
            &self.memory,
            &payload,
            STACK,
            || now,
        ))
    }

    fn analyze(
        &self,
        claim: &Claim,
        recording: &Recording,
        stop: &Stop,
    ) -> Result<Reported, StepError> {
        self.analyze_with(claim, recording, stop, SnapshotTaken::default())
    }

    fn analyze_with(
        &self,
        claim: &Claim,
        recording: &Recording,
        stop: &Stop,
        snapshot: SnapshotTaken,
    ) -> Result<Reported, StepError> {
        let payload = AnalyzeRecording {
            claim: claim.clone(),
            recording: recording.clone(),
            ending: Ending {
                reason: EndReason::Cleared,
                at: None,
            },
            stop: stop.clone(),
            snapshot,
        };
        let chat = Chat(&self.memory);
        let ports = AnalysisPorts {
            logs: &self.memory,
            metrics: &self.memory,
            prices: &self.memory,
            shelf: &self.memory,
            topic: &self.memory,
            chat: self.has_chat.then_some(&chat),
        };
        pollster::block_on(step::analyze_recording(&ports, &payload, STACK))
    }

    /// Delivers the four legs of a conversation on the interface.
    fn deliver(&self, interface: &str, upload: u64, download: u64) {
        self.deliver_at(NOW, "203.0.113.5", interface, upload, download);
    }

    /// The same with that remote end, a minute after that time.
    fn deliver_at(
        &self,
        at: EpochSeconds,
        remote: &str,
        interface: &str,
        upload: u64,
        download: u64,
    ) {
        let service = if remote.starts_with("203.") {
            "S3"
        } else {
            "-"
        };
        for (ends, pkt, services, bytes) in [
            (
                "10.0.1.5 10.0.0.220".to_owned(),
                format!("10.0.1.5 {remote}"),
                &format!("- {service}"),
                upload,
            ),
            (
                format!("10.0.0.220 {remote}"),
                format!("10.0.0.220 {remote}"),
                &format!("- {service}"),
                upload,
            ),
            (
                format!("{remote} 10.0.0.220"),
                format!("{remote} 10.0.0.220"),
                &format!("{service} -"),
                download,
            ),
            (
                "10.0.0.220 10.0.1.5".to_owned(),
                format!("{remote} 10.0.1.5"),
                &format!("{service} -"),
                download,
            ),
        ] {
            let (start, end) = (at.0 + 60, at.0 + 120);
            let line = format!(
                "9 {interface} - {ends} 443 40000 6 10 {bytes} {start} {end} ACCEPT OK {pkt} {services} ingress - 3"
            );
            self.memory
                .deliver("/natspike/test", EpochSeconds(start), &line);
        }
    }
}
