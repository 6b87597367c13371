//! The filter language: what is written parses to the same, and no text is fatal.

use flowlog::Field;
use flowlog::filter::{
    AddressOf, AddressSet, Compare, Expr, Kind, Member, Named, NumberOf, NumberSet, PRIVATE,
    Pattern, Test, TextOf,
};
use ipnet::IpNet;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

fn address_of() -> impl Strategy<Value = AddressOf> {
    prop_oneof![
        Just(AddressOf::Src),
        Just(AddressOf::Dst),
        Just(AddressOf::Either),
        field(|kind| kind == Kind::Address).prop_map(AddressOf::Field),
    ]
}

fn field(is: impl Fn(Kind) -> bool) -> impl Strategy<Value = Field> {
    let all = Field::ALL.iter().copied();
    let fields: Vec<Field> = all.filter(|field| is(Kind::of(*field))).collect();
    prop::sample::select(fields)
}

fn network() -> impl Strategy<Value = IpNet> {
    let any = prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u16; 8]>().prop_map(IpAddr::from),
        Just("10.0.1.5".parse().expect("an address")),
    ];
    (any, 0u8..=128).prop_map(|(address, length)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        let network = IpNet::new(address, length.min(most));
        network.expect("a legal length").trunc()
    })
}

fn address_set() -> impl Strategy<Value = AddressSet> {
    prop_oneof![
        prop::collection::vec(network(), 1..4).prop_map(AddressSet::Networks),
        Just(AddressSet::Private),
        prop::sample::select(vec![Named::Subject, Named::Inside]).prop_map(AddressSet::Named),
    ]
}

/// Which number, and the largest that it may be.
fn number_of() -> impl Strategy<Value = (NumberOf, u64)> {
    let one = field(Kind::is_number).prop_map(|field| {
        let most = match Kind::of(field) {
            Kind::Port => 65_535,
            Kind::Protocol => 255,
            _ => u64::MAX,
        };
        (NumberOf::Field(field), most)
    });
    prop_oneof![2 => one, 1 => Just((NumberOf::EitherPort, 65_535))]
}

fn number_test() -> impl Strategy<Value = Test> {
    number_of().prop_flat_map(|(of, most)| {
        let number = prop_oneof![0..=most, 0..=most.min(100)];
        let compare = vec![
            Compare::Less,
            Compare::AtMost,
            Compare::More,
            Compare::AtLeast,
        ];
        let compare = (prop::sample::select(compare), number.clone())
            .prop_map(|(compare, number)| NumberSet::Compare(compare, number));
        let range = (number.clone(), number, any::<bool>()).prop_map(|(one, other, is_one)| {
            let range: RangeInclusive<u64> = match is_one {
                true => one..=one,
                false => one.min(other)..=one.max(other),
            };
            range
        });
        let ranges = prop::collection::vec(range, 1..4).prop_map(NumberSet::Ranges);
        let named = match of == NumberOf::EitherPort {
            true => Just(NumberSet::Named(Named::Sensitive)).boxed(),
            false => ranges.clone().boxed(),
        };
        prop_oneof![compare, ranges, named].prop_map(move |set| Test::Number(of, set))
    })
}

fn text_test() -> impl Strategy<Value = Test> {
    let of = prop_oneof![
        4 => field(|kind| kind == Kind::Text).prop_map(TextOf::Field),
        1 => Just(TextOf::EitherService),
    ];
    (
        of,
        prop::collection::vec("[ -~äé\n]{0,8}|[a-z*]{1,6}", 1..4),
    )
        .prop_map(|(of, words)| {
            let words = words.into_iter().map(|word| match of {
                TextOf::Field(Field::Action) => "REJECT".to_owned(),
                TextOf::Field(Field::LogStatus) => "OK".to_owned(),
                TextOf::Field(Field::FlowDirection) => "egress".to_owned(),
                TextOf::Field(Field::Type) => word + "*",
                TextOf::EitherService => word.to_ascii_uppercase(),
                TextOf::Field(field) => match field.name() {
                    "pkt-src-aws-service" | "pkt-dst-aws-service" | "reject-reason" => {
                        word.to_ascii_uppercase()
                    }
                    _ => word,
                },
            });
            Test::Text(of, words.map(|word| Pattern(word.into())).collect())
        })
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        (address_of(), address_set()).prop_map(|(of, set)| Test::Address(of, set)),
        number_test(),
        text_test(),
        field(|_| true).prop_map(Test::Missing),
    ]
}

/// Whatever the parser can make.
fn expr() -> impl Strategy<Value = Expr> {
    expr_of(test())
}

/// Whatever can be made of such tests.
pub(super) fn expr_of(test: impl Strategy<Value = Test> + 'static) -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        8 => test.prop_map(Expr::Test),
        1 => Just(Expr::All(Vec::new())),
        1 => Just(Expr::Any(Vec::new())),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts.clone().prop_map(Expr::All),
            parts.prop_map(Expr::Any),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

/// Words of the language and others, in any order.
fn scraps() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "and",
            "or",
            "not",
            "in",
            "is",
            "like",
            "missing",
            "private",
            "all",
            "none",
            "(",
            ")",
            "=",
            "!=",
            "<",
            ",",
            "~",
            "&&",
            "||",
            "!",
            "src",
            "port",
            "bytes",
            "action",
            "start",
            "443",
            "1.5GB",
            "10.0.0.0/8",
            "2001:db8::/32",
            "@subject",
            "@sensitive",
            "'x'",
            "\"",
            "5-7",
            "2026-11-20",
            "protocol",
            "tcp",
            "ACCEPT",
            "MB",
            "*",
            "-",
            "..",
            "&",
            "ä",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,4}",
        "\\PC{0,3}",
    ];
    prop::collection::vec(word, 0..14).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn what_is_written_parses_to_the_same(expr in expr()) {
        let text = expr.to_string();
        prop_assume!(text.chars().count() <= 10_000);
        prop_assert_eq!(Expr::parse(&text), Ok(expr), "{}", text);
    }

    #[test]
    fn no_text_is_fatal(text in prop_oneof![scraps(), "\\PC*", any::<String>()]) {
        match Expr::parse(&text) {
            Ok(expr) => {
                let again = expr.to_string();
                prop_assert_eq!(Expr::parse(&again), Ok(expr), "{}", again);
            }
            Err(error) => {
                prop_assert!(error.column >= 1);
                prop_assert!(error.column <= text.chars().count() + 1);
                let pointed = error.pointed(&text);
                let lines = pointed.split('\n').count();
                prop_assert_eq!(lines, 2, "{:?}", pointed);
                let says_where = format!("read the filter at column {}: ", error.column);
                let is_said = error.to_string().starts_with(&says_where);
                prop_assert!(is_said, "{}", error);
            }
        }
    }

    #[test]
    fn a_star_is_any_letters(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
        let of = TextOf::Field(Field::InstanceTag);
        let test = Test::Text(of, vec![Pattern(pattern.as_str().into())]);
        let word = |_| Some(text.as_str());
        let slowly = Expr::Test(test).matches(&word, &|_, _| false);
        let is_value = !text.is_empty();
        prop_assert_eq!(is_value && Pattern(pattern.into()).fits(&text), slowly);
    }

    #[test]
    fn a_filter_asks_for_no_other_fields_than_it_says(expr in expr()) {
        let fields = expr.fields();
        let word = |field: Field| {
            assert!(fields.contains(&field), "{} is not said", field.name());
            None
        };
        expr.matches(&word, &|_, _| false);
    }
}

#[test]
fn a_filter_means_what_it_says() {
    let record = BTreeMap::from([
        ("srcaddr", "10.0.1.5"),
        ("dstaddr", "10.0.0.220"),
        ("pkt-srcaddr", "-"),
        ("pkt-dstaddr", "203.0.113.5"),
        ("srcport", "49152"),
        ("dstport", "443"),
        ("protocol", "6"),
        ("bytes", "8400"),
        ("action", "ACCEPT"),
        ("instance-id", "-"),
        ("pkt-dst-aws-service", "S3"),
        ("instance-tag", "web-7.eu"),
    ]);
    let word = |field: Field| record.get(field.name()).copied();
    let is_in = |set, member| match (set, member) {
        (Named::Subject, Member::Address(address)) => address == IpAddr::from([10, 0, 1, 5]),
        (Named::Inside, Member::Address(address)) => {
            matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10)
        }
        (Named::Sensitive, Member::Number(port)) => port == 22,
        _ => false,
    };
    for (text, expected) in [
        ("all", true),
        ("none", false),
        ("src = 10.0.1.5", true),
        ("pkt-srcaddr = 10.0.1.5", false),
        ("pkt-srcaddr != 10.0.1.5", true),
        ("dst in 203.0.113.0/24", true),
        ("dst in 10.0.0.0/8", false),
        ("dstaddr in 10.0.0.0/8", true),
        ("ip in 203.0.113.0/24 and ip in 10.0.0.0/8", true),
        ("ip in ::/0", false),
        ("ip = 10.0.0.220", false),
        ("src is private and dst is public", true),
        ("port = 443 and port = 49152 and not port = 22", true),
        ("port in @sensitive", false),
        ("src in @subject and dst not in @inside", true),
        ("bytes in 8400-9000 and bytes > 8399 and bytes < 8401", true),
        ("bytes > 8400", false),
        ("packets > 0", false),
        ("not packets > 0", true),
        ("packets is missing and instance-id is missing", true),
        ("action is missing", false),
        ("service = S3 and not src-service = S3", true),
        ("src-service = *", false),
        ("instance-tag = web-*", true),
        ("instance-tag = *-7*", true),
        ("instance-tag = web-7.eu*", true),
        ("instance-tag = *eu*eu", false),
        ("instance-tag = w*b-*.eu", true),
        ("instance-tag = web", false),
        ("protocol = tcp and action = accept", true),
    ] {
        let expr = Expr::parse(text).expect(text);
        assert_eq!(expr.matches(&word, &is_in), expected, "{text}");
    }
}

#[test]
fn private_addresses_are_those_of_the_list() {
    let mut private = 0;
    for network in PRIVATE {
        let ends = [network.network(), network.broadcast()];
        for address in ends
            .into_iter()
            .flat_map(|end| [before(end), end, after(end)])
        {
            let is_listed = PRIVATE.iter().any(|network| network.contains(&address));
            assert_eq!(AddressSet::Private.has(address), is_listed, "{address}");
            private += usize::from(is_listed);
        }
    }
    assert_eq!(private, 4 * PRIVATE.len());
}

fn before(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(v4.to_bits().wrapping_sub(1).into()),
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().wrapping_sub(1).into()),
    }
}

fn after(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(v4.to_bits().wrapping_add(1).into()),
        IpAddr::V6(v6) => IpAddr::V6(v6.to_bits().wrapping_add(1).into()),
    }
}
