//! Why a text is not a filter.
//!
//! **Invariants.** The column is that of a character of the text, or one past its
//! end.

/// Characters of the text on each side of the column that are shown.
const SHOWN: usize = 70;

/// Why a text is not a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the filter at column {column}: {problem}")]
pub struct FilterError {
    /// In characters, from 1 on.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else should stand there.
    #[error("expected {expected}, but found {found}")]
    Unexpected {
        /// What should stand there.
        expected: String,
        /// What does.
        found: String,
    },
    /// No field has that name.
    #[error("expected the name of a field, but found {found:?}{}", did_you_mean(.near))]
    UnknownName {
        /// The word.
        found: String,
        /// Names that are nearly that.
        near: Vec<&'static str>,
    },
    /// It is a value, but not one that the field can have.
    #[error("expected {expected}, but found {found:?}{hint}")]
    BadValue {
        /// What should stand there.
        expected: String,
        /// What does.
        found: String,
        /// What was probably meant, after a semicolon; or nothing.
        hint: String,
    },
    /// It is longer than [`super::MOST_CHARACTERS`].
    #[error("expected at most {most} characters, but found more", most = super::MOST_CHARACTERS)]
    TooLong,
    /// Parentheses and `not` stand inside more than [`super::MOST_DEPTH`] others.
    #[error(
        "expected at most {most} parentheses and nots inside one another, but found one more",
        most = super::MOST_DEPTH
    )]
    TooDeep,
}

impl FilterError {
    /// The stable name of the error.
    pub fn name(&self) -> &'static str {
        match self.problem {
            Problem::Unexpected { .. } => "FilterSyntax",
            Problem::UnknownName { .. } => "FilterUnknownName",
            Problem::BadValue { .. } => "FilterBadValue",
            Problem::TooLong => "FilterTooLong",
            Problem::TooDeep => "FilterTooDeep",
        }
    }

    /// The text on one line, as much of it as is near the column, and on the next
    /// a caret under the column.
    pub fn pointed(&self, text: &str) -> String {
        let at = self.column.saturating_sub(1);
        let from = at.saturating_sub(SHOWN);
        let line = text.chars().skip(from).take(2 * SHOWN);
        let line: String = line
            .map(
                |letter| match letter.is_control() || letter.is_whitespace() {
                    true => ' ',
                    false => letter,
                },
            )
            .collect();
        format!("{}\n{}^", line.trim_end(), " ".repeat(at - from))
    }
}

fn did_you_mean(near: &[&str]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [first @ .., last] => format!("; did you mean {} or {last}?", first.join(", ")),
    }
}
