//! Detectors that are sums by minute, as queries.
//!
//! A query does not see everything that the rule sees, and says so: minutes are those
//! of the clock, who opens a connection is told by TCP flags alone, how much a sender
//! says is asked of each record. Logs Insights counts very many different values
//! approximately.

use super::{Key, Legs, Query, Rule, Sum};
use crate::investigate::{Analysis, Asked, Dimension, SensitivePorts, condition, sets};
use flowlog::Field;
use flowlog::filter::{
    AddressOf, AddressSet, Compare, Expr, Named, NumberOf, NumberSet, Pattern, Test, TextOf,
};

/// TCP's SYN and ACK; a flow log shows SYN-ACK as 18.
pub(super) const SYN: u64 = 2;
pub(super) const SYN_ACK: u64 = 18;
/// IANA's numbers of TCP and UDP.
const WITH_PORTS: [u64; 2] = [6, 17];

/// The queries of a detector; none where sums by minute do not say what it says.
pub(super) fn queries(analysis: Analysis, asked: &Asked, legs: &Legs) -> Vec<Query> {
    let new = |about: String, select: Vec<Expr>, by: &[Key], sums: Vec<Sum>, least: u64| {
        query(analysis, about, select, by, sums, least, asked, legs)
    };
    let thresholds = &asked.thresholds;
    let [src, dst] = [Dimension::Source, Dimension::Destination].map(Key::Dimension);
    let port = Key::Dimension(Dimension::DestinationPort);
    match analysis {
        Analysis::PortScan => {
            let (ports, receivers) = (thresholds.scan_ports, thresholds.scan_receivers);
            let select = || vec![opens(), has_ports(), says_little(thresholds.scan_bytes)];
            let counted = |by, name| vec![Sum::Distinct(by, name), Sum::Records("flows")];
            vec![
                new(
                    format!(
                        "(ports): Senders that try at least {ports} ports of one receiver in a \
                         minute of the clock."
                    ),
                    select(),
                    &[src, dst, Key::Minute],
                    counted(Dimension::DestinationPort, "ports"),
                    ports,
                ),
                new(
                    format!(
                        "(receivers): Senders that try one port of at least {receivers} receivers \
                         in a minute of the clock."
                    ),
                    select(),
                    &[src, port, Key::Minute],
                    counted(Dimension::Destination, "receivers"),
                    receivers,
                ),
            ]
        }
        Analysis::BruteForce => {
            let tries = thresholds.tries;
            vec![new(
                format!(
                    ": Senders that connect at least {tries} times in a minute to a port of one \
                     receiver where one logs in."
                ),
                vec![opens(), is_login(asked)],
                &[src, dst, port, Key::Minute],
                vec![Sum::Records("tries"), Sum::Bytes("total_bytes")],
                tries,
            )]
        }
        Analysis::RejectStorms => {
            let rejects = thresholds.rejects;
            let storm = |view: &str, by| {
                new(
                    format!(
                        "({view}): Minutes with at least {rejects} rejected records by one {view}."
                    ),
                    vec![is_rejected()],
                    &[by, Key::Minute],
                    vec![Sum::Records("rejects"), Sum::Packets("total_packets")],
                    rejects,
                )
            };
            vec![storm("sender", src), storm("receiver", dst)]
        }
        Analysis::FirstSeen => vec![new(
            ": External ends to which inside opened a connection, the newest first.".to_owned(),
            vec![
                opens(),
                is_inside(AddressOf::Src),
                not(is_inside(AddressOf::Dst)),
            ],
            &[dst],
            vec![
                Sum::First("first_start"),
                Sum::Bytes("total_bytes"),
                Sum::Records("flows"),
            ],
            0,
        )],
        Analysis::TopTalkers => {
            let sums = || vec![Sum::Bytes("total_bytes"), Sum::Records("flows")];
            let talkers = |view, of, by| {
                let about = format!("({view}): Bytes that inside ends {view}, by minute.");
                new(about, vec![is_inside(of)], &[by, Key::Minute], sums(), 0)
            };
            vec![
                talkers("sent", AddressOf::Src, src),
                talkers("received", AddressOf::Dst, dst),
            ]
        }
        _ => Vec::new(),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one value")]
pub(super) fn query(
    analysis: Analysis,
    about: String,
    select: Vec<Expr>,
    by: &[Key],
    sums: Vec<Sum>,
    least: u64,
    asked: &Asked,
    legs: &Legs,
) -> Query {
    let space = if about.starts_with(':') { "" } else { " " };
    let sensitive = asked.sensitive.clone();
    let known = sets(asked, &sensitive.unwrap_or_else(SensitivePorts::shipped));
    let select = condition(asked).into_iter().chain(select);
    Query {
        about: format!("{}{space}{about}", analysis.name()),
        select: select.map(|expr| expr.resolve(&known)).collect(),
        lists: super::lists(&known),
        legs: legs.clone(),
        names_subject: !asked.subject.is_empty(),
        has_empty: false,
        rule: Rule::Sums,
        by: by.to_vec(),
        sums,
        least: (least > 0).then_some((0, least)).into_iter().collect(),
        rank: 0,
        limit: asked.limit,
    }
}

/// By flags: SYN without ACK.
fn opens() -> Expr {
    let flags = (0..=u64::from(u8::MAX)).filter(|flags| flags & SYN_ACK == SYN);
    number(Field::TcpFlags, flags)
}

fn has_ports() -> Expr {
    number(Field::Protocol, WITH_PORTS)
}

/// Rejected, or hardly anything said.
fn says_little(most: u64) -> Expr {
    let little = NumberSet::Compare(Compare::AtMost, most);
    let bytes = Test::Number(NumberOf::Field(Field::Bytes), little);
    Expr::Any(vec![is_rejected(), Expr::Test(bytes)])
}

fn is_login(asked: &Asked) -> Expr {
    let shipped = SensitivePorts::shipped();
    let ports = asked.sensitive.as_ref().unwrap_or(&shipped).iter();
    let login = ports.filter(|(_, known)| known.login);
    number(Field::Dstport, login.map(|(port, _)| u64::from(port)))
}

fn is_rejected() -> Expr {
    let reject = vec![Pattern("REJECT".into())];
    Expr::Test(Test::Text(TextOf::Field(Field::Action), reject))
}

pub(super) fn is_inside(of: AddressOf) -> Expr {
    Expr::Test(Test::Address(of, AddressSet::Named(Named::Inside)))
}

pub(super) fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn number(field: Field, numbers: impl IntoIterator<Item = u64>) -> Expr {
    let numbers = numbers.into_iter().map(|number| number..=number);
    let set = NumberSet::Ranges(numbers.collect());
    Expr::Test(Test::Number(NumberOf::Field(field), set))
}
