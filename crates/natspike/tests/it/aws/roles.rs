//! `--role-arn`: credentials of another role, for every call but the one that asks
//! for them.

use super::stand_in::{StandIn, World};
use super::{JSON, START, check, failure, natspike, recorded, report, run};
use std::collections::{BTreeMap, BTreeSet};

const ROLE: &str = "arn:aws:iam::210987654321:role/reader";
/// The access key of whoever runs natspike.
const OWN: &str = "test";
/// The access key of the role.
const ASSUMED: &str = "ASIAROLE";

/// Roles that may be assumed, by ARN: the external id that each wants.
pub(super) type Trust = BTreeMap<&'static str, Option<&'static str>>;

impl World {
    /// What the Security Token Service answers.
    pub(super) fn assume_role(&mut self, body: &str) -> (u16, String) {
        let fields: BTreeMap<&str, &str> = body
            .split('&')
            .filter_map(|it| it.split_once('='))
            .collect();
        assert_eq!(fields["Action"], "AssumeRole");
        let (role, id) = (fields["RoleArn"], fields.get("ExternalId").copied());
        let session = fields["RoleSessionName"];
        self.calls
            .push(format!("AssumeRole {role} {id:?} {session}"));
        if self.trust.get(role).is_none_or(|wanted| *wanted != id) {
            let refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                           <Message>not authorized to perform sts:AssumeRole</Message></Error>\
                           <RequestId>r</RequestId></ErrorResponse>";
            return (403, refusal.to_owned());
        }
        let answer = format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:{session}</AssumedRoleId>\
             <Arn>arn:aws:sts::210987654321:assumed-role/reader/{session}</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{ASSUMED}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
             </Credentials></AssumeRoleResult></AssumeRoleResponse>"
        );
        (200, answer)
    }
}

fn trusted(mut world: World, external_id: Option<&'static str>) -> StandIn {
    world.trust.insert(ROLE, external_id);
    StandIn::start(world)
}

fn signers(stand_in: &StandIn) -> BTreeSet<(String, String)> {
    stand_in.world.lock().unwrap().signers.clone()
}

fn assumed(stand_in: &StandIn) -> Vec<String> {
    let calls = stand_in.calls().into_iter();
    calls
        .filter(|call| call.starts_with("AssumeRole"))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(service, key)| ((*service).to_owned(), (*key).to_owned()))
        .collect()
}

const GROUP: [&str; 3] = ["logs://flows", "--region", "us-east-1"];

#[test]
fn everything_but_the_question_for_the_role_is_signed_by_the_role() {
    let (world, recording) = recorded("natspike");
    let stand_in = trusted(world, Some("shop:42"));
    let role = ["--role-arn", ROLE, "--external-id", "shop:42"];
    let (from, to) = (START.to_string(), (START + 300).to_string());
    let time = ["--since", &from, "--until", &to];
    let arguments = [&GROUP[..], &time, &role, &JSON].concat();
    check(&recording, &report(&run(&stand_in, &arguments, &[])));
    assert_eq!(
        signers(&stand_in),
        pairs(&[("sts", OWN), ("ec2", ASSUMED), ("logs", ASSUMED)])
    );
    assert_eq!(
        assumed(&stand_in),
        [format!("AssumeRole {ROLE} Some(\"shop:42\") natspike")]
    );
}

#[test]
fn the_session_can_be_named_and_an_external_id_left_out() {
    let stand_in = trusted(World::default(), None);
    let arguments = [
        "s3://logs/",
        "--role-arn",
        ROLE,
        "--role-session-name",
        "ann",
    ];
    let message = failure(&run(&stand_in, &arguments, &[]));
    assert!(message.contains("find a flow log"), "{message}");
    assert_eq!(
        assumed(&stand_in),
        [format!("AssumeRole {ROLE} None ann")],
        "no region is known, and the role is assumed all the same"
    );
    assert_eq!(signers(&stand_in), pairs(&[("sts", OWN), ("s3", ASSUMED)]));
}

#[test]
fn other_commands_assume_it_too() {
    let mut world = World::default();
    world.trust.insert(ROLE, None);
    world.table = vec![("nat-0a", 3, None)];
    let stand_in = StandIn::start(world);
    for (arguments, service) in [
        (&["quota", "show", "--table", "the-table"][..], "dynamodb"),
        (&["prices", "--aws"], "pricing"),
    ] {
        stand_in.world.lock().unwrap().signers.clear();
        let mut command = natspike(&stand_in, &[]);
        command
            .args(arguments)
            .args(["--region", "us-east-1", "--role-arn", ROLE]);
        command.output().unwrap();
        assert_eq!(
            signers(&stand_in),
            pairs(&[("sts", OWN), (service, ASSUMED)])
        );
    }
}

#[test]
fn a_role_that_is_denied_says_what_to_check() {
    let (world, _) = recorded("natspike");
    let stand_in = trusted(world, Some("shop:42"));
    let role = ["--role-arn", ROLE];
    let message = failure(&run(&stand_in, &[&GROUP[..], &role].concat(), &[]));
    for part in [
        "the role may not be assumed",
        ROLE,
        "not authorized to perform sts:AssumeRole (AccessDenied)",
        "--external-id",
        "trust policy",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // It is asked once for each client that needs it, and never by the hundred.
    assert!(assumed(&stand_in).len() < 4, "{:?}", assumed(&stand_in));
}

#[test]
fn a_role_without_credentials_is_no_denial() {
    let stand_in = trusted(World::default(), None);
    let none = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let arguments = [&GROUP[..], &["--role-arn", ROLE]].concat();
    let message = failure(&run(&stand_in, &arguments, &none));
    assert!(message.contains("no credentials"), "{message}");
    assert_eq!(assumed(&stand_in), Vec::<String>::new());
}

#[test]
fn what_is_no_role_is_refused_before_anything_is_asked() {
    let stand_in = trusted(World::default(), None);
    for (options, expected) in [
        (
            &["--role-arn", "reader"][..],
            "arn:aws:iam::123456789012:role/NAME",
        ),
        (&["--external-id", "shop"], "--role-arn"),
        (
            &["--role-arn", ROLE, "--role-session-name", "a b"],
            "a session name is 2 to 64 letters",
        ),
    ] {
        let message = failure(&run(&stand_in, &[&GROUP[..], options].concat(), &[]));
        assert!(message.contains(expected), "{options:?}: {message}");
    }
    assert_eq!(stand_in.calls(), Vec::<String>::new());
}
