//! A recording from alarm to mail, and what each step refuses.

use super::{GATEWAY, NOW, STACK, World};
use recorder::LogClass;
use recorder::memory::Fault;
use recorder::payload::{Outcome, UNTIL_CLEARED_SECONDS};
use recorder::port::{NatGateway, NewFlowLog, Watched};
use recorder::{EpochSeconds, FaultKind, FlowLogId, GatewayId, InterfaceId};

#[test]
fn a_recording_goes_from_alarm_to_mail_and_leaves_nothing() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    assert_eq!((claim.generation, claim.recording), (1, 1));
    let recording = world.start(&claim).unwrap();
    assert_eq!(recording.interface_id, Some(InterfaceId::from("eni-0a1")));
    assert_eq!(recording.nat_addresses[0].to_string(), "10.0.0.220");
    let (_, flow_log) = world.memory.flow_logs().remove(0);
    assert_eq!(
        flow_log.watched,
        Watched::Interface(InterfaceId::from("eni-0a1"))
    );
    assert_eq!(flow_log.aggregation_seconds, 60);
    assert!(
        flow_log
            .tags
            .contains(&("natspike:stack", STACK.to_owned()))
    );
    world.wait(&claim, "token-1").unwrap();
    world.deliver("eni-0a1", 1_000, 9_000_000_000);
    assert!(world.clear(super::CLEARED).unwrap());
    assert_eq!(
        world.memory.woken(),
        [(
            "token-1".to_owned(),
            r#"{"reason":"cleared","at":1795218605}"#.to_owned()
        )]
    );
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert_eq!(world.memory.flow_logs(), []);
    let reported = world.analyze(&claim, &recording, &stop).unwrap();
    assert_eq!(
        (reported.processed_bytes, reported.records_read),
        (9_000_001_000, 4)
    );
    let (subject, body) = world.memory.mails().remove(0);
    assert_eq!(
        subject,
        format!("NAT spike {GATEWAY}: at least $22.68/h, 100 % S3 from 10.0.1.5")
    );
    assert!(
        body.contains("Processed   9,000,001,000 bytes    8.38 GB   $0.3772"),
        "{body}"
    );
    let item = world.memory.item(&GatewayId::from(GATEWAY)).unwrap();
    assert_eq!(
        (item.execution, item.token, item.recordings),
        (None, None, 1)
    );
}

#[test]
fn only_the_gateway_of_the_recording_is_in_the_mail() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    world.deliver("eni-0a1", 10, 20);
    world.deliver("eni-0b2", 1_000, 2_000);
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert_eq!(
        world
            .analyze(&claim, &recording, &stop)
            .unwrap()
            .processed_bytes,
        30
    );
}

#[test]
fn an_empty_recording_is_mailed_as_such() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert_eq!(
        world
            .analyze(&claim, &recording, &stop)
            .unwrap()
            .records_read,
        0
    );
    let (subject, body) = world.memory.mails().remove(0);
    assert_eq!(subject, format!("NAT spike {GATEWAY}: nothing recorded"));
    assert!(body.contains("no flow record was delivered"), "{body}");
}

#[test]
fn a_regional_gateway_is_recorded_as_a_whole() {
    let world = World::new();
    world.memory.add_gateway(NatGateway {
        id: GatewayId::from(GATEWAY),
        state: "available".to_owned(),
        regional: true,
        interface_id: None,
        private_addresses: vec![],
        public_addresses: vec!["198.51.100.9".parse().unwrap()],
        vpc: Some("vpc-0a1".to_owned()),
        subnet: None,
        zones: vec!["us-east-1a".to_owned()],
    });
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    assert_eq!((recording.regional, recording.interface_id), (true, None));
    assert_eq!(
        world.memory.flow_logs()[0].1.watched,
        Watched::RegionalGateway(GatewayId::from(GATEWAY))
    );
}

#[test]
fn recording_time_zero_waits_until_the_alarm_clears() {
    let mut world = World::new();
    world.settings.recording_time = "0".to_owned();
    let claim = world.claim("execution-1", NOW).unwrap();
    assert_eq!(claim.await_seconds, UNTIL_CLEARED_SECONDS);
}

#[test]
fn a_setting_that_is_no_number_is_named() {
    let mut world = World::new();
    world.settings.settle_delay = "ten".to_owned();
    let error = world.claim("execution-1", NOW).unwrap_err();
    assert_eq!(error.name(), "Invalid");
    assert!(error.to_string().contains("SettleDelay"), "{error}");
}

#[test]
fn an_unknown_gateway_is_said_with_what_to_correct() {
    let world = World::new();
    let mut claim = world.claim("execution-1", NOW).unwrap();
    claim.gateway = GatewayId::from("nat-0000");
    let error = world.start(&claim).unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("NatGatewayIDs"), "{error}");
}

#[test]
fn an_unknown_region_is_never_priced_at_nothing() {
    let world = World::new();
    let mut claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    claim.region = "eu-south-2".to_owned();
    let error = world.analyze(&claim, &recording, &stop).unwrap_err();
    assert!(error.to_string().contains("NatRate"), "{error}");
    claim.nat_rate = "0.05".to_owned();
    assert!(world.analyze(&claim, &recording, &stop).is_ok());
}

fn there(tags: Vec<(&'static str, String)>, log_format: &'static str) -> NewFlowLog {
    NewFlowLog {
        watched: Watched::Interface(InterfaceId::from("eni-0a1")),
        log_group: "/natspike/test".to_owned(),
        role_arn: String::new(),
        log_format,
        aggregation_seconds: 600,
        client_token: String::new(),
        tags,
    }
}

#[test]
fn a_foreign_flow_log_is_the_source_and_never_deleted() {
    let world = World::new();
    let format = "${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${bytes} ${start} ${end}";
    world
        .memory
        .add_flow_log("fl-foreign", there(vec![], format));
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    assert_eq!(recording.flow_log_id, FlowLogId::from("fl-foreign"));
    let start = NOW.0 + 60;
    for ends in [
        "10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
        "10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5",
    ] {
        let line = format!("eni-0a1 {ends} 77 {start} {start}");
        world
            .memory
            .deliver("/natspike/test", EpochSeconds(start), &line);
    }
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert_eq!(stop.flow_log_ids, []);
    assert_eq!(world.memory.flow_logs().len(), 1);
    let reported = world.analyze(&claim, &recording, &stop).unwrap();
    assert_eq!(reported.processed_bytes, 77);
    let item = world.memory.item(&claim.gateway).unwrap();
    assert_eq!((item.execution, item.recordings), (None, 1));
}

#[test]
fn a_foreign_flow_log_that_cannot_be_analyzed_is_named() {
    let world = World::new();
    world
        .memory
        .add_flow_log("fl-foreign", there(vec![], "${srcaddr} ${packets}"));
    let claim = world.claim("execution-1", NOW).unwrap();
    let error = world.start(&claim).unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("fl-foreign"), "{error}");
    assert_eq!(world.stop(&claim, None).unwrap().flow_log_ids, []);
    assert_eq!(world.memory.flow_logs().len(), 1);
    assert_eq!(world.memory.item(&claim.gateway).unwrap().recordings, 0);
}

#[test]
fn what_an_earlier_recording_left_is_replaced() {
    let world = World::new();
    let tags = vec![
        ("natspike:stack", super::STACK.to_owned()),
        ("natspike:execution", "execution-0".to_owned()),
    ];
    world.memory.add_flow_log("fl-left", there(tags, ""));
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    assert!(recording.is_ours);
    let flow_logs = world.memory.flow_logs();
    assert_eq!(flow_logs.len(), 1);
    assert_eq!(flow_logs[0].0, recording.flow_log_id);
}

#[test]
fn a_recording_outlives_its_alarm_and_goes_on_if_it_comes_back() {
    let mut world = World::new();
    world.settings.record_after_clear = "120".to_owned();
    let claim = world.claim("execution-1", NOW).unwrap();
    assert_eq!(claim.linger_seconds, 120);
    let recording = world.start(&claim).unwrap();
    world.wait(&claim, "token-1").unwrap();
    assert!(world.clear(super::CLEARED).unwrap());
    let later = NOW.plus(480);
    assert!(!world.resume(&claim, &recording, later).again);
    // The alarm goes off again: an execution that must not record, but is heard.
    let second = world
        .claim_at("2026-11-20T23:51:05.000+0000", "execution-2", later)
        .unwrap();
    assert_eq!(second.outcome, Outcome::Held);
    let resume = world.resume(&claim, &recording, later);
    assert_eq!((resume.again, resume.seconds), (true, 420));
    assert!(!world.resume(&claim, &recording, NOW.plus(900)).again);
    world.wait(&claim, "token-2").unwrap();
    assert_eq!(world.memory.woken().len(), 1);
    assert!(world.clear("2026-11-20T23:52:05.000+0000").unwrap());
    assert_eq!(world.memory.woken()[1].0, "token-2");
}

#[test]
fn a_stop_says_whether_the_alarm_is_still_on() {
    for (clears, is_on) in [(false, true), (true, false)] {
        let world = World::new();
        let claim = world.claim("execution-1", NOW).unwrap();
        let recording = world.start(&claim).unwrap();
        if clears {
            world.clear(super::CLEARED).unwrap();
        }
        let stop = world.stop(&claim, Some(&recording)).unwrap();
        assert_eq!(stop.alarm_is_on, is_on);
    }
}

#[test]
fn an_event_that_is_delivered_twice_is_one_execution() {
    let world = World::new();
    let event = recorder::alarm::example(GATEWAY, "ALARM", super::ALARMED);
    for _ in 0..2 {
        let raised = pollster::block_on(recorder::step::raise_alarm(&world.memory, &event));
        assert_eq!(
            raised.unwrap().execution,
            format!("{GATEWAY}-1795218245123")
        );
    }
    let started = world.memory.started();
    assert_eq!(started.len(), 1);
    let input: serde_json::Value = serde_json::from_str(&started[0].1).unwrap();
    assert_eq!(input["round"], 1);
    assert_eq!(
        input["event"]["detail"]["alarmName"],
        format!("natspike/{GATEWAY}")
    );
    let claim = world.claim("any", NOW).unwrap();
    assert_eq!(claim.next_execution, format!("{GATEWAY}-1795218245123-2"));
}

#[test]
fn a_claim_is_held_until_its_lease_lapses() {
    let world = World::new();
    let first = world.claim("execution-1", NOW).unwrap();
    assert_eq!(
        world.claim("execution-2", NOW).unwrap().outcome,
        Outcome::Held
    );
    let lapsed = NOW.plus(first.await_seconds).plus(3_601);
    let third = world.claim("execution-3", lapsed).unwrap();
    assert_eq!((third.outcome, third.generation), (Outcome::Claimed, 2));
}

#[test]
fn recordings_beyond_the_limit_are_not_made() {
    let mut world = World::new();
    world.settings.recordings_limit = "1".to_owned();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    world.stop(&claim, Some(&recording)).unwrap();
    assert_eq!(
        world.claim("execution-2", NOW).unwrap().outcome,
        Outcome::Spent
    );
}

#[test]
fn a_recording_that_never_existed_does_not_count() {
    let mut world = World::new();
    world.settings.recordings_limit = "1".to_owned();
    let claim = world.claim("execution-1", NOW).unwrap();
    world
        .memory
        .fail("CreateFlowLogs", Fault::Fails(FaultKind::Denied));
    assert_eq!(world.start(&claim).unwrap_err().name(), "Denied");
    world.stop(&claim, None).unwrap();
    assert_eq!(
        world.claim("execution-2", NOW).unwrap().outcome,
        Outcome::Claimed
    );
}

#[test]
fn a_record_is_in_the_report_of_one_recording() {
    let world = World::new();
    let first = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&first).unwrap();
    let stop = world.stop(&first, Some(&recording)).unwrap();
    let second = world.claim("execution-2", stop.stopped).unwrap();
    assert_eq!(second.previous_stop, Some(stop.stopped));
    let mut next = world.start(&second).unwrap();
    next.started = stop.stopped;
    next.since = stop.stopped.minus(60);
    for (place, at) in [NOW.0 + 300, NOW.0 + 359, NOW.0 + 360, NOW.0 + 400]
        .into_iter()
        .enumerate()
    {
        let bytes = 10u64.pow(place as u32);
        let line = format!(
            "9 eni-0a1 - 10.0.1.5 10.0.0.220 1 443 6 1 {bytes} {at} {at} ACCEPT OK 10.0.1.5 203.0.113.5 - - ingress - 3"
        );
        world
            .memory
            .deliver("/natspike/test", EpochSeconds(at), &line);
    }
    let reported = world.analyze(&first, &recording, &stop).unwrap();
    assert_eq!(reported.processed_bytes, 11);
    let mut stop = world.stop(&second, Some(&next)).unwrap();
    stop.stopped = NOW.plus(500);
    let reported = world.analyze(&second, &next, &stop).unwrap();
    assert_eq!(reported.processed_bytes, 1_100);
}

#[test]
fn the_window_reaches_one_interval_to_the_left() {
    let world = World::new();
    let claim = world.claim("execution-1", NOW).unwrap();
    let recording = world.start(&claim).unwrap();
    for (start, bytes) in [
        (NOW.0 - 61, 1),
        (NOW.0 - 60, 10),
        (NOW.0 + 359, 100),
        (NOW.0 + 360, 1_000),
    ] {
        let line = format!(
            "9 eni-0a1 - 10.0.1.5 10.0.0.220 1 443 6 1 {bytes} {start} {start} ACCEPT OK 10.0.1.5 203.0.113.5 - - ingress - 3"
        );
        world
            .memory
            .deliver("/natspike/test", EpochSeconds(start), &line);
    }
    let stop = world.stop(&claim, Some(&recording)).unwrap();
    assert_eq!(
        world
            .analyze(&claim, &recording, &stop)
            .unwrap()
            .processed_bytes,
        110
    );
}

#[test]
fn a_flow_log_that_covers_the_gateway_shows_the_minutes_before_the_alarm() {
    const GROUP: &str = "/vpc/flow-logs";
    let there = |format: &'static str| NewFlowLog {
        watched: Watched::Interface(InterfaceId::from("vpc-0a1")),
        log_group: GROUP.to_owned(),
        role_arn: String::new(),
        log_format: format,
        aggregation_seconds: 60,
        client_token: format!("of {format}"),
        tags: vec![],
    };
    let enough =
        "${start} ${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${bytes}";
    let mut world = World::new();
    world.source_log_group = Some(GROUP.to_owned());
    // Without packet addresses it does not say who talked to whom.
    let poor = "${start} ${interface-id} ${srcaddr} ${dstaddr} ${bytes}";
    world.memory.add_flow_log("fl-poor", there(poor));
    let claim = world.claim("execution-1", NOW).unwrap();
    assert!(world.start(&claim).unwrap().is_ours);
    world.stop(&claim, None).unwrap();

    world.memory.add_flow_log("fl-rich", there(enough));
    let claim = world.claim("execution-2", NOW.plus(4_000)).unwrap();
    let claim = recorder::payload::Claim {
        claimed: NOW.plus(4_000),
        ..claim
    };
    let recording = world.start(&claim).unwrap();
    assert_eq!(recording.flow_log_id, FlowLogId::from("fl-rich"));
    assert!(!recording.is_ours);
    for (back, bytes) in [(3_700, 1), (600, 10)] {
        let start = NOW.plus(4_000).minus(back);
        for (interface, bytes) in [("eni-0a1", bytes), ("eni-0b2", 1_000)] {
            let line = format!(
                "{} {interface} 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 {bytes}",
                start.0
            );
            world.memory.deliver(GROUP, start, &line);
        }
    }
    let stop = world
        .stop_at(&claim, Some(&recording), NOW.plus(4_300))
        .unwrap();
    assert_eq!(world.memory.flow_logs().len(), 2);
    let reported = world.analyze(&claim, &recording, &stop).unwrap();
    assert_eq!(reported.processed_bytes, 10);
    let (_, body) = world.memory.mails().remove(0);
    assert!(body.contains("it cost nothing"), "{body}");
    assert!(body.contains(GROUP), "{body}");
}

#[test]
fn a_recording_that_is_added_up_by_queries_says_the_same() {
    let report = |class| {
        let mut world = World::new();
        world.settings.log_class = class;
        let claim = world.claim("execution-1", NOW).unwrap();
        let recording = world.start(&claim).unwrap();
        world.deliver("eni-0a1", 1_000, 9_000_000_000);
        world.deliver("eni-0b2", 1_000, 9_000_000_000);
        let stop = world.stop(&claim, Some(&recording)).unwrap();
        world.analyze(&claim, &recording, &stop).unwrap();
        (world.memory.mails(), world.memory.calls())
    };
    let (plain, calls) = report(LogClass::Standard);
    assert!(!calls.contains(&"StartQuery"));
    let (queried, calls) = report(LogClass::InfrequentAccess);
    assert!(!calls.contains(&"FilterLogEvents"));
    let without_price = |mails: Vec<(String, String)>| mails[0].1.replace("$0.25", "$0.5");
    assert_eq!(without_price(plain), without_price(queried));
}
