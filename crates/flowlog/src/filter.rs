//! Which records count: the filter language, and what it means.
//!
//! `dst in 52.0.0.0/8 and port = 443 and bytes > 1MB`. A text is parsed to an
//! [`Expr`], which is plain data: the fold asks it of every record, and others
//! write it as Logs Insights or SQL.
//!
//! **Invariants.** Truth has two values: a test of a value that the record does
//! not have is false, so `not` of it is true, and `a != b` is `not a = b`.

mod expr;
mod matcher;

pub use expr::{
    AddressOf, AddressSet, Compare, Expr, Named, NumberOf, NumberSet, Pattern, Sets, Test, TextOf,
};
pub(crate) use matcher::OTHER_FIELDS;
pub use matcher::{Filter, Matcher, TooMuch};
