//! Conditions on a report, for scripts: `cost_per_hour>5`.
//!
//! **Invariants.** A figure that a report does not have is no condition that does
//! not hold: it is an error, so that a script notices. `full_cost` is at least what
//! has a price: whether it is more than something can be told, less cannot.

use crate::price::{Money, human_gb};
use crate::report::Report;
use rust_decimal::Decimal;
use std::fmt;

/// A figure of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Cost,
    CostPerHour,
    CostPerMonth,
    FullCost,
    FullCostPerHour,
    Gigabytes,
    Coverage,
    Findings,
    Malformed,
}

/// Every figure by its name.
const FIGURES: [(&str, Figure); 9] = [
    ("cost", Figure::Cost),
    ("cost_per_hour", Figure::CostPerHour),
    ("cost_per_month", Figure::CostPerMonth),
    ("full_cost", Figure::FullCost),
    ("full_cost_per_hour", Figure::FullCostPerHour),
    ("gb", Figure::Gigabytes),
    ("coverage", Figure::Coverage),
    ("findings", Figure::Findings),
    ("malformed", Figure::Malformed),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    More,
    AtLeast,
    Less,
    AtMost,
    Equal,
}

/// Longer ones first.
const COMPARISONS: [(&str, Comparison); 5] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::More),
    ("<", Comparison::Less),
    ("=", Comparison::Equal),
];

/// A condition that a report meets or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    figure: Figure,
    name: &'static str,
    comparison: Comparison,
    sign: &'static str,
    limit: Decimal,
}

/// Why a text is no condition, or a condition has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// The text is no figure, comparison and number.
    #[error(
        "{0:?} is no condition; write FIGURE>NUMBER, such as cost_per_hour>5, with cost, \
         cost_per_hour, cost_per_month, full_cost, full_cost_per_hour, gb, coverage, findings \
         or malformed"
    )]
    Unreadable(String),
    /// The report does not have the figure.
    #[error("{0} is not known of this recording: {1}")]
    Unknown(&'static str, &'static str),
}

impl ConditionError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self {
            ConditionError::Unreadable(_) => "Unreadable",
            ConditionError::Unknown(..) => "Unknown",
        }
    }
}

impl Condition {
    /// Reads `FIGURE>NUMBER`.
    pub fn parse(text: &str) -> Result<Condition, ConditionError> {
        let unreadable = || ConditionError::Unreadable(text.to_owned());
        let (sign, comparison) = COMPARISONS
            .iter()
            .find(|(sign, _)| text.contains(sign))
            .ok_or_else(unreadable)?;
        let (figure, limit) = text.split_once(sign).ok_or_else(unreadable)?;
        let (name, figure) = FIGURES
            .iter()
            .find(|(name, _)| *name == figure.trim())
            .ok_or_else(unreadable)?;
        Ok(Condition {
            figure: *figure,
            name,
            comparison: *comparison,
            sign,
            limit: Decimal::from_str_exact(limit.trim()).map_err(|_| unreadable())?,
        })
    }

    /// What the report has of the figure, if it meets the condition.
    pub fn met(&self, report: &Report) -> Result<Option<Money>, ConditionError> {
        let value = self.value(report)?;
        let is_met = match self.comparison {
            Comparison::More => value > self.limit,
            Comparison::AtLeast => value >= self.limit,
            Comparison::Less => value < self.limit,
            Comparison::AtMost => value <= self.limit,
            Comparison::Equal => value == self.limit,
        };
        Ok(is_met.then_some(value))
    }

    fn value(&self, report: &Report) -> Result<Decimal, ConditionError> {
        let spend = &report.spend;
        let known =
            |value: Option<Decimal>, why| value.ok_or(ConditionError::Unknown(self.name, why));
        match self.figure {
            Figure::Cost => Ok(report.processing_cost),
            Figure::CostPerHour => known(
                spend.hourly.map(|hourly| hourly.cost),
                "its records have no start and end",
            ),
            Figure::CostPerMonth => known(
                spend.month.map(|month| month.typical.1),
                "there are no metrics of the days before",
            ),
            Figure::FullCost => self.full(Some(report.charges.total), report),
            Figure::FullCostPerHour => self.full(report.charges.hourly, report),
            Figure::Gigabytes => Ok(human_gb(report.bytes.processed)),
            Figure::Coverage => known(
                report.coverage.map(|coverage| coverage.share()),
                "there are no metrics to compare with",
            ),
            Figure::Findings => Ok(Decimal::from(report.findings.len())),
            Figure::Malformed => Ok(Decimal::from(report.records.malformed)),
        }
    }
}

impl Condition {
    /// Of a total that is without some charge it is known that it is at least that
    /// much, and not that it is less.
    fn full(&self, total: Option<Money>, report: &Report) -> Result<Decimal, ConditionError> {
        let total = total.ok_or(ConditionError::Unknown(
            self.name,
            "its records have no start and end",
        ))?;
        let is_bound = matches!(self.comparison, Comparison::More | Comparison::AtLeast);
        match is_bound || report.charges.is_whole() {
            true => Ok(total),
            false => Err(ConditionError::Unknown(
                self.name,
                "some of its charges have no price, so it is only known to be more than something",
            )),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.name, self.sign, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, ConditionError};
    use crate::{Facts, Rate, Report, report};
    use flowlog::FlowTable;
    use rust_decimal::dec;

    fn sample() -> Report {
        let mut table = FlowTable::new();
        table
            .push(
                b"srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end\n\
                  10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 1073741824 1700000000 1700000360\n",
            )
            .and_then(|()| table.end_source())
            .expect("a flow log");
        let rate = Rate::of_region("us-east-1").expect("known");
        report(&table, &Facts::new("us-east-1", rate))
    }

    #[test]
    fn names_every_figure_in_its_error() {
        let error = Condition::parse("").expect_err("empty").to_string();
        for (name, _) in super::FIGURES {
            assert!(error.contains(name), "{name}");
        }
    }

    #[test]
    fn compares_figures_with_numbers() {
        let report = sample();
        for (text, met) in [
            ("cost>0.04", Some(dec!(0.045))),
            ("cost > 0.045", None),
            ("cost>=0.045", Some(dec!(0.045))),
            ("cost_per_hour<5", Some(dec!(0.45))),
            ("cost_per_hour<=0.44", None),
            ("gb=1", Some(dec!(1))),
            // Processing and upload at 0.09, 360 s of the gateway at 0.045 an hour.
            ("full_cost>=0.1395", Some(dec!(0.1395))),
            ("full_cost_per_hour>1.39", Some(dec!(1.395))),
            ("malformed>0", None),
        ] {
            let condition = Condition::parse(text).expect(text);
            assert_eq!(condition.met(&report), Ok(met), "{text}");
            assert_eq!(condition.to_string(), text.replace(' ', ""));
        }
    }

    #[test]
    fn refuses_what_is_no_condition_and_what_is_not_known() {
        for text in ["", "cost", "cost>", "cost>much", "price>1", ">5", "cost!5"] {
            let error = Condition::parse(text).expect_err(text);
            assert_eq!(error, ConditionError::Unreadable(text.to_owned()));
            assert!(error.to_string().contains("cost_per_hour>5"));
        }
        for text in ["coverage<0.8", "cost_per_month>100", "full_cost<9"] {
            let condition = Condition::parse(text).expect(text);
            assert_eq!(condition.met(&sample()).expect_err(text).name(), "Unknown");
        }
    }
}
