//! Which records count: the filter language, and what it means.
//!
//! `dst in 52.0.0.0/8 and port = 443 and bytes > 1MB`. A text is parsed to an
//! [`Expr`], which is plain data: the fold asks it of every record, and others
//! write it as Logs Insights or SQL.
//!
//! | write | for records |
//! |---|---|
//! | `dst in 52.0.0.0/8`, `src = 10.0.1.5`, `ip in (10.0.0.0/8, fd00::/8)` | with an address in a network; `ip` is either end |
//! | `src is private`, `dst is public` | with an address that is (not) private |
//! | `port = 443`, `dstport in (22, 5000-5100)`, `port = ssh` | with a port; `port` is either end's |
//! | `protocol = udp`, `protocol = 17` | of a protocol |
//! | `bytes > 1.5MB`, `packets <= 3` | with so much; kB, MB, GB, TB are decimal, KiB … TiB binary |
//! | `start >= 2026-11-20T10:00:00Z`, `end < 1800000000` | of a time, in UTC |
//! | `action = reject`, `service = S3`, `interface in (eni-1, eni-2)` | with a text |
//! | `instance-tag = web-*`, `instance-tag like web-*` | with a text that fits; `*` is any letters, with `=` too |
//! | `pkt-dstaddr is missing`, `instance-id is not missing` | without, or with, a value |
//! | `src in @subject`, `dst in @inside`, `dstport in @sensitive` | in a set that is known from elsewhere |
//! | `all` or nothing, `none` | every one, no one |
//!
//! These join by `and`, `or`, `not` and parentheses (`&&`, `||`, `!`); `not` binds
//! more than `and`, `and` more than `or`. Names are those of the fields, with
//! hyphens, underscores or neither, and `src`, `dst`, `ip`, `port`, `service`,
//! `src-service`, `dst-service`, `interface`. Letters of names, keywords, actions
//! and services may be of either case. A text with other letters than
//! `A-Z a-z 0-9 . _ - / : * @ % +` stands in quotes, a quote in it twice.
//!
//! **Invariants.** Truth has two values: a test of a value that the record does
//! not have is false, so `not` of it is true, and `a != b` is `not a = b`. A
//! network is written as it is: bits beyond its prefix are an error, which says
//! what was probably meant. What is printed of an [`Expr`] parses to it again.

mod error;
mod expr;
mod kind;
mod lexer;
mod matcher;
mod names;
mod obvious;
mod parser;
mod text;
mod value;
mod words;

pub use error::{FilterError, Problem};
pub use expr::{
    AddressOf, AddressSet, Compare, Expr, Named, NumberOf, NumberSet, PRIVATE, Pattern, Sets, Test,
    TextOf,
};
pub use kind::Kind;
pub(crate) use matcher::OTHER_FIELDS;
pub use matcher::{Filter, Matcher, TooMuch};
pub use names::names;
#[doc(hidden)]
pub use obvious::Member;
pub use parser::{MOST_CHARACTERS, MOST_DEPTH};
