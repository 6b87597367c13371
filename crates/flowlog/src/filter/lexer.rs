//! A filter as words and signs, each with its column.

use super::error::{FilterError, Problem};

/// A word or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a keyword or a value.
    Word(String),
    /// A value in quotes, without them.
    Quoted(String),
    /// One of [`SIGNS`].
    Sign(&'static str),
    /// Nothing follows.
    End,
}

/// A token and the column at which it begins.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) column: usize,
}

/// Signs, longer ones before those that they begin with.
const SIGNS: [&str; 15] = [
    "&&", "||", "==", "!=", "!~", "<=", ">=", "(", ")", ",", "=", "<", ">", "~", "!",
];
/// Words that are no values unless in quotes.
const KEYWORDS: [&str; 6] = ["and", "or", "not", "in", "is", "like"];

/// Whether the word is a keyword.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// Whether the letter may stand in a word.
pub(super) fn is_word_letter(letter: char) -> bool {
    !letter.is_whitespace() && !letter.is_control() && !"()=!<>~,&|\"'".contains(letter)
}

/// The tokens; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, FilterError> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        if letter.is_whitespace() {
            at += 1;
            continue;
        }
        let (token, length) = next(&letters[at..], at + 1)?;
        let column = at + 1;
        tokens.push(Placed { token, column });
        at += length;
    }
    let column = letters.len() + 1;
    tokens.push(Placed {
        token: Token::End,
        column,
    });
    Ok(tokens)
}

/// The token with which the letters begin, and how many of them it is.
fn next(letters: &[char], column: usize) -> Result<(Token, usize), FilterError> {
    let begins = |sign: &&&str| {
        let length = sign.len();
        letters.len() >= length && sign.chars().eq(letters[..length].iter().copied())
    };
    if let Some(sign) = SIGNS.iter().find(begins) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    if matches!(letters[0], '"' | '\'') {
        return quoted(letters, column);
    }
    let word: String = letters
        .iter()
        .copied()
        .take_while(|letter| is_word_letter(*letter))
        .collect();
    match word.chars().count() {
        0 => Err(strange(letters[0], column)),
        length => Ok((Token::Word(word), length)),
    }
}

/// A quote inside stands twice.
fn quoted(letters: &[char], column: usize) -> Result<(Token, usize), FilterError> {
    let quote = letters[0];
    let mut text = String::new();
    let mut at = 1;
    loop {
        match (letters.get(at), letters.get(at + 1)) {
            (Some(one), Some(two)) if *one == quote && *two == quote => {
                text.push(quote);
                at += 2;
            }
            (Some(one), _) if *one == quote => return Ok((Token::Quoted(text), at + 1)),
            (Some(one), _) => {
                text.push(*one);
                at += 1;
            }
            (None, _) => {
                let problem = Problem::Unexpected {
                    expected: format!("{quote} at the end of the text that begins with it"),
                    found: "the end of the filter".to_owned(),
                };
                return Err(FilterError { column, problem });
            }
        }
    }
}

fn strange(letter: char, column: usize) -> FilterError {
    let expected = match letter {
        '&' => "&& or and".to_owned(),
        '|' => "|| or or".to_owned(),
        _ => "a name, a value or a sign".to_owned(),
    };
    let found = format!("{letter:?}");
    let problem = Problem::Unexpected { expected, found };
    FilterError { column, problem }
}
