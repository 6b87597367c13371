//! A filter's text as an [`Expr`]: recursive descent, because its errors are for people.
//!
//! **Invariants.** The text's length and its depth are bounded, so no text
//! overflows the stack.

use super::error::{FilterError, Problem};
use super::lexer::{Placed, Token, is_keyword, tokens};
use super::names::{Meaning, meaning, near};
use super::{AddressSet, Compare, Expr, Kind, Named, NumberSet, Pattern, Test, TextOf};
use super::{value, words};

/// Characters of a filter at most; a Logs Insights query has no more either.
pub const MOST_CHARACTERS: usize = 10_000;
/// Parentheses and `not` inside one another at most.
pub const MOST_DEPTH: usize = 64;

const A_TEST: &str = "a test such as dst in 10.0.0.0/8 or port = 443";
const COMPARISONS: [(&str, Compare); 4] = [
    ("<", Compare::Less),
    ("<=", Compare::AtMost),
    (">", Compare::More),
    (">=", Compare::AtLeast),
];

impl Expr {
    /// The filter of the text; see [`crate::filter`]. Every record, where it is empty.
    ///
    /// Errors: the text is none; it says at which column, what is there and what
    /// should be.
    pub fn parse(text: &str) -> Result<Expr, FilterError> {
        if text.chars().count() > MOST_CHARACTERS {
            let problem = Problem::TooLong;
            let column = MOST_CHARACTERS + 1;
            return Err(FilterError { column, problem });
        }
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
        };
        if *parser.peek() == Token::End {
            return Ok(Expr::All(Vec::new()));
        }
        let expr = parser.any()?;
        match parser.peek() {
            Token::End => Ok(expr),
            Token::Sign(")") => {
                Err(parser.unexpected("and, or or the end: no parenthesis is open"))
            }
            _ => Err(parser.unexpected("and, or or the end")),
        }
    }
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn placed(&self) -> &Placed {
        // The last is the end, and nothing takes it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &Token {
        &self.placed().token
    }

    fn column(&self) -> usize {
        self.placed().column
    }

    /// Takes the sign if it stands there.
    fn takes(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Sign(one) if *one == sign);
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes the keyword if it stands there.
    fn takes_word(&mut self, keyword: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Word(one) if one.eq_ignore_ascii_case(keyword));
        self.at += usize::from(is_it);
        is_it
    }

    fn error(&self, problem: Problem) -> FilterError {
        let column = self.column();
        FilterError { column, problem }
    }

    fn unexpected(&self, expected: &str) -> FilterError {
        let found = match self.peek() {
            Token::Word(word) if is_keyword(word) => format!("the keyword {word}"),
            Token::Word(word) | Token::Quoted(word) => format!("{word:?}"),
            Token::Sign(sign) => format!("{sign:?}"),
            Token::End => "the end of the filter".to_owned(),
        };
        let expected = expected.to_owned();
        self.error(Problem::Unexpected { expected, found })
    }

    fn any(&mut self) -> Result<Expr, FilterError> {
        let mut parts = vec![self.all()?];
        while self.takes("||") || self.takes_word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Expr::Any))
    }

    fn all(&mut self) -> Result<Expr, FilterError> {
        let mut parts = vec![self.not()?];
        while self.takes("&&") || self.takes_word("and") {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Expr::All))
    }

    fn not(&mut self) -> Result<Expr, FilterError> {
        let column = self.column();
        let is_not = self.takes("!") || self.takes_word("not");
        let is_open = !is_not && self.takes("(");
        if !is_not && !is_open {
            return self.test();
        }
        if self.depth == MOST_DEPTH {
            let problem = Problem::TooDeep;
            return Err(FilterError { column, problem });
        }
        self.depth += 1;
        let inner = match is_not {
            true => Expr::Not(Box::new(self.not()?)),
            false => self.any()?,
        };
        self.depth -= 1;
        if is_open && !self.takes(")") {
            let expected = format!("and, or or \")\" to the parenthesis of column {column}");
            return Err(self.unexpected(&expected));
        }
        Ok(inner)
    }

    fn test(&mut self) -> Result<Expr, FilterError> {
        let Token::Word(word) = self.peek().clone() else {
            return Err(self.unexpected(A_TEST));
        };
        if is_keyword(&word) {
            return Err(self.unexpected(A_TEST));
        }
        if self.takes_word("all") {
            return Ok(Expr::All(Vec::new()));
        }
        if self.takes_word("none") {
            return Ok(Expr::Any(Vec::new()));
        }
        let Some(meaning) = meaning(&word) else {
            let near = near(&word);
            return Err(self.error(Problem::UnknownName { found: word, near }));
        };
        self.at += 1;
        self.asked(meaning, &word)
    }

    /// What is asked of the named value.
    fn asked(&mut self, meaning: Meaning, name: &str) -> Result<Expr, FilterError> {
        if let Token::Sign(sign) = *self.peek()
            && let Some((_, compare)) = COMPARISONS.iter().find(|(one, _)| *one == sign)
        {
            let Meaning::Number(of, kind) = meaning else {
                let expected = format!("= or in, as {name} is no number");
                return Err(self.unexpected(&expected));
            };
            self.at += 1;
            let number = self.item(kind, |word| value::number(word, kind))?;
            let set = NumberSet::Compare(*compare, number);
            return Ok(Expr::Test(Test::Number(of, set)));
        }
        if self.takes_word("is") {
            return self.state(meaning, name);
        }
        let (is_not, is_list) = self.operator(meaning, name)?;
        let expr = self.member(meaning, is_list)?;
        Ok(negated_if(is_not, expr))
    }

    /// Whether it is one that says not, and whether a list may follow.
    fn operator(&mut self, meaning: Meaning, name: &str) -> Result<(bool, bool), FilterError> {
        if self.takes("=") || self.takes("==") {
            return Ok((false, false));
        }
        if self.takes("!=") {
            return Ok((true, false));
        }
        let before = self.at;
        let is_not = self.takes_word("not");
        if self.takes_word("in") {
            return Ok((is_not, true));
        }
        let is_like = self.takes_word("like");
        if is_like || !is_not && self.takes("~") {
            return self.is_text(meaning, name, before).map(|()| (is_not, true));
        }
        if !is_not && self.takes("!~") {
            return self.is_text(meaning, name, before).map(|()| (true, true));
        }
        Err(self.unexpected(match (is_not, meaning) {
            (true, _) => "in or like",
            (_, Meaning::Number(..)) => "=, !=, <, <=, >, >=, in or is",
            (_, Meaning::Text(_)) => "=, !=, ~, in or is",
            (_, Meaning::Address(_)) => "=, !=, in or is",
        }))
    }

    fn is_text(&mut self, meaning: Meaning, name: &str, at: usize) -> Result<(), FilterError> {
        if matches!(meaning, Meaning::Text(_)) {
            return Ok(());
        }
        self.at = at;
        Err(self.unexpected(&format!("= or in, as {name} is no text")))
    }

    /// After `is`.
    fn state(&mut self, meaning: Meaning, name: &str) -> Result<Expr, FilterError> {
        let is_not = self.takes_word("not");
        if self.takes_word("missing") {
            let missing = meaning.fields().into_iter();
            let missing = missing.map(|field| Expr::Test(Test::Missing(field)));
            return Ok(negated_if(is_not, one_or(missing.collect(), Expr::All)));
        }
        let Meaning::Address(of) = meaning else {
            let expected = format!("missing, as {name} is no address");
            return Err(self.unexpected(&expected));
        };
        let private = Expr::Test(Test::Address(of, AddressSet::Private));
        if self.takes_word("private") {
            return Ok(negated_if(is_not, private));
        }
        if self.takes_word("public") {
            return Ok(negated_if(!is_not, private));
        }
        Err(self.unexpected("private, public or missing"))
    }

    /// Whether the value is in what follows.
    fn member(&mut self, meaning: Meaning, is_list: bool) -> Result<Expr, FilterError> {
        match meaning {
            Meaning::Address(of) => {
                let (networks, named) = self.values(is_list, Kind::Address, value::network)?;
                let networks = some(networks).map(AddressSet::Networks);
                let sets = networks.into_iter();
                let sets = sets.chain(named.into_iter().map(AddressSet::Named));
                let tests = sets.map(|set| Expr::Test(Test::Address(of, set)));
                Ok(one_or(tests.collect(), Expr::Any))
            }
            Meaning::Number(of, kind) => {
                let (ranges, named) =
                    self.values(is_list, kind, |word| value::range(word, kind))?;
                let ranges = some(ranges).map(NumberSet::Ranges);
                let sets = ranges.into_iter();
                let sets = sets.chain(named.into_iter().map(NumberSet::Named));
                let tests = sets.map(|set| Expr::Test(Test::Number(of, set)));
                Ok(one_or(tests.collect(), Expr::Any))
            }
            Meaning::Text(of) => {
                let (patterns, _) = self.values(is_list, Kind::Text, |word| pattern(of, word))?;
                Ok(Expr::Test(Test::Text(of, patterns)))
            }
        }
    }

    /// One value, or those of a list with or without parentheses.
    fn values<T>(
        &mut self,
        is_list: bool,
        kind: Kind,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<(Vec<T>, Vec<Named>), FilterError> {
        let (mut values, mut named) = (Vec::new(), Vec::new());
        let column = self.column();
        let is_open = is_list && self.takes("(");
        loop {
            match self.named(kind)? {
                Some(set) => named.push(set),
                None => values.push(self.item(kind, &read)?),
            }
            if !is_list || !self.takes(",") {
                break;
            }
        }
        if is_open && !self.takes(")") {
            let expected = format!("\",\" or \")\" to the parenthesis of column {column}");
            return Err(self.unexpected(&expected));
        }
        Ok((values, named))
    }

    /// A set that is known from elsewhere, if one stands there.
    fn named(&mut self, kind: Kind) -> Result<Option<Named>, FilterError> {
        let Token::Word(word) = self.peek() else {
            return Ok(None);
        };
        if !word.starts_with('@') || kind == Kind::Text {
            return Ok(None);
        }
        let sets: &[Named] = match kind {
            Kind::Address => &[Named::Subject, Named::Inside],
            Kind::Port => &[Named::Sensitive],
            _ => &[],
        };
        let is_it = |set: &&Named| set.name().eq_ignore_ascii_case(word);
        let found = sets.iter().find(is_it).copied();
        self.at += usize::from(found.is_some());
        Ok(found)
    }

    /// A value that stands there.
    fn item<T>(
        &mut self,
        kind: Kind,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, FilterError> {
        let mut word = match self.peek() {
            Token::Word(word) if !is_keyword(word) => word.clone(),
            Token::Quoted(word) => word.clone(),
            _ => return Err(self.unexpected(kind.example())),
        };
        let next = self.tokens.get(self.at + 1).map(|placed| &placed.token);
        let mut taken = 1;
        if let (Kind::Bytes, Some(Token::Word(unit))) = (kind, next)
            && value::is_unit(unit)
        {
            word += unit;
            taken = 2;
        }
        let value = read(&word).map_err(|hint| {
            self.error(Problem::BadValue {
                expected: kind.example().to_owned(),
                found: word,
                hint,
            })
        })?;
        self.at += taken;
        Ok(value)
    }
}

/// The pattern in the letters that values of the field have.
fn pattern(of: TextOf, word: &str) -> Result<Pattern, String> {
    let mut text = word.to_owned();
    if words::is_in_capitals(of) {
        text = text.to_ascii_uppercase();
    }
    let values = match of {
        TextOf::Field(field) => words::values(field),
        TextOf::EitherService => None,
    };
    if let (Some(values), false) = (values, text.contains('*')) {
        let is_it = |value: &&&str| value.eq_ignore_ascii_case(word);
        let value = values.iter().find(is_it);
        text = (*value.ok_or_else(|| format!("; it is one of {}", values.join(", ")))?).to_owned();
    }
    Ok(Pattern(text.into()))
}

fn some<T>(values: Vec<T>) -> Option<Vec<T>> {
    (!values.is_empty()).then_some(values)
}

fn negated_if(is_not: bool, expr: Expr) -> Expr {
    match is_not {
        true => Expr::Not(Box::new(expr)),
        false => expr,
    }
}

/// The only part, or all of them joined.
fn one_or(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Expr;

    #[test]
    fn reads_every_form() {
        for (text, expected) in [
            (
                "dst in 52.0.0.0/8 and port=443 and bytes>1MB",
                "dst in 52.0.0.0/8 and port = 443 and bytes > 1000000",
            ),
            ("bytes >= 1.5 GiB", "bytes >= 1610612736"),
            (
                "src = 10.0.1.5 or src == 2001:db8::1",
                "src = 10.0.1.5 or src = 2001:db8::1",
            ),
            ("a_z_id = use1-az1", "az-id = use1-az1"),
            ("", "all"),
            (" \n", "all"),
            ("ALL", "all"),
            (
                "port = ssh || port in https, 5000-5100",
                "port = 22 or port in (443, 5000-5100)",
            ),
            (
                "port in (ssh,https) and action=reject",
                "port in (22, 443) and action = REJECT",
            ),
            (
                "not port = 22 and protocol != tcp",
                "not port = 22 and not protocol = 6",
            ),
            (
                "not (port = 22 or protocol != TCP)",
                "not (port = 22 or not protocol = 6)",
            ),
            ("!port=22&&!(all)", "not port = 22 and not all"),
            (
                "none or (port = 1 and (port = 2 and port = 3))",
                "none or port = 1 and (port = 2 and port = 3)",
            ),
            (
                "(port = 1 or port = 2) and port = 3",
                "(port = 1 or port = 2) and port = 3",
            ),
            (
                "src is public and dst is not public",
                "not src is private and dst is private",
            ),
            ("src not in @inside", "not src in @inside"),
            (
                "ip in (10.0.0.0/8, @subject)",
                "ip in 10.0.0.0/8 or ip in @subject",
            ),
            ("dstport in @SENSITIVE", "dstport in @sensitive"),
            (
                "src is missing",
                "pkt-srcaddr is missing and srcaddr is missing",
            ),
            ("pktDstAddr IS NOT MISSING", "not pkt-dstaddr is missing"),
            ("instance-tag like 'web *'", "instance-tag = \"web *\""),
            (
                "instance-tag ~ a* or instance-tag !~ b",
                "instance-tag = a* or not instance-tag = b",
            ),
            (
                "instance-tag not like x, 'say \"x\"'",
                "not instance-tag in (x, \"say \"\"x\"\"\")",
            ),
            (
                "instance-tag = 'it''s' or instance-tag = 'and'",
                "instance-tag = \"it's\" or instance-tag = \"and\"",
            ),
            ("instance-tag = ''", "instance-tag = \"\""),
            (
                "service = s3 or src-service != Dynamodb",
                "service = S3 or not pkt-src-aws-service = DYNAMODB",
            ),
            (
                "type = ipv6 and flow-direction=EGRESS",
                "type = IPv6 and flow-direction = egress",
            ),
            (
                "start >= 2023-11-14T22:13:20Z and end < '2023-11-14 22:14'",
                "start >= 1700000000 and end < 1700000040",
            ),
            ("action = *ject", "action = *JECT"),
        ] {
            let found = Expr::parse(text).map(|expr| expr.to_string());
            assert_eq!(found.unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, column, expected) in [
            (
                "not",
                4,
                "FilterSyntax: expected a test such as dst in 10.0.0.0/8 or port = 443, but found the end of the filter",
            ),
            (
                "dstprt = 5",
                1,
                "FilterUnknownName: expected the name of a field, but found \"dstprt\"; did you mean dstport?",
            ),
            (
                "port = 80 and hello = 5",
                15,
                "FilterUnknownName: expected the name of a field, but found \"hello\"",
            ),
            (
                "port = 70000",
                8,
                "FilterBadValue: expected a port such as 443, https or 5000-5100, but found \"70000\"; the largest is 65535",
            ),
            (
                "port = ",
                8,
                "FilterSyntax: expected a port such as 443, https or 5000-5100, but found the end of the filter",
            ),
            (
                "port = and src = 10.0.0.1",
                8,
                "FilterSyntax: expected a port such as 443, https or 5000-5100, but found the keyword and",
            ),
            (
                "port 443",
                6,
                "FilterSyntax: expected =, !=, <, <=, >, >=, in or is, but found \"443\"",
            ),
            (
                "port ~ 44*",
                6,
                "FilterSyntax: expected = or in, as port is no text, but found \"~\"",
            ),
            (
                "src < 10.0.0.1",
                5,
                "FilterSyntax: expected = or in, as src is no number, but found \"<\"",
            ),
            (
                "src is odd",
                8,
                "FilterSyntax: expected private, public or missing, but found \"odd\"",
            ),
            (
                "port is private",
                9,
                "FilterSyntax: expected missing, as port is no address, but found \"private\"",
            ),
            (
                "port not = 5",
                10,
                "FilterSyntax: expected in or like, but found \"=\"",
            ),
            (
                "port = 1, 2",
                9,
                "FilterSyntax: expected and, or or the end, but found \",\"",
            ),
            (
                "port in (1, 2",
                14,
                "FilterSyntax: expected \",\" or \")\" to the parenthesis of column 9, but found the end of the filter",
            ),
            (
                "(port = 1",
                10,
                "FilterSyntax: expected and, or or \")\" to the parenthesis of column 1, but found the end of the filter",
            ),
            (
                "port = 1)",
                9,
                "FilterSyntax: expected and, or or the end: no parenthesis is open, but found \")\"",
            ),
            (
                "port = 1 port = 2",
                10,
                "FilterSyntax: expected and, or or the end, but found \"port\"",
            ),
            (
                "port = 1 & port = 2",
                10,
                "FilterSyntax: expected && or and, but found '&'",
            ),
            (
                "instance-tag = 'ä",
                16,
                "FilterSyntax: expected ' at the end of the text that begins with it, but found the end of the filter",
            ),
            (
                "instance-tag = 'ä' x",
                20,
                "FilterSyntax: expected and, or or the end, but found \"x\"",
            ),
            (
                "dst in 203.0.113.5/24",
                8,
                "FilterBadValue: expected an address or a network such as 10.0.0.0/8, but found \"203.0.113.5/24\", which has bits beyond its prefix; write 203.0.113.0/24 or 203.0.113.5",
            ),
            (
                "dst in @sensitive",
                8,
                "FilterBadValue: expected an address or a network such as 10.0.0.0/8, but found \"@sensitive\"",
            ),
            (
                "action = deny",
                10,
                "FilterBadValue: expected a text such as eni-1, web-* or \"two words\", but found \"deny\"; it is one of ACCEPT, REJECT",
            ),
            (
                "start > yesterday",
                9,
                "FilterBadValue: expected a time such as 2026-11-20T10:00:00Z or Unix seconds, but found \"yesterday\"",
            ),
            (
                "bytes > 1.5",
                9,
                "FilterBadValue: expected bytes such as 1500, 1.5GB or 64KiB, but found \"1.5\"",
            ),
        ] {
            let error = Expr::parse(text).expect_err(text);
            let found = format!("{}: {}", error.name(), error.problem);
            assert_eq!((error.column, found.as_str()), (column, expected), "{text}");
        }
    }

    #[test]
    fn length_and_depth_are_bounded() {
        let error = |text: String| Expr::parse(&text).map_err(|error| (error.name(), error.column));
        let nested = |depth| "(".repeat(depth) + "all" + &")".repeat(depth);
        assert_eq!(error(nested(64)), Ok(Expr::All(Vec::new())));
        assert_eq!(error(nested(65)), Err(("FilterTooDeep", 65)));
        assert_eq!(error("!".repeat(9_000)), Err(("FilterTooDeep", 65)));
        let padded = |length: usize| format!("all{}", " ".repeat(length - 3));
        assert_eq!(error(padded(10_000)), Ok(Expr::All(Vec::new())));
        assert_eq!(error(padded(10_001)), Err(("FilterTooLong", 10_001)));
    }

    #[test]
    fn points_at_the_column() {
        let point = |text: &str| Expr::parse(text).expect_err(text).pointed(text);
        assert_eq!(point("port = x"), "port = x\n       ^");
        assert_eq!(point("port =\n\tx"), "port =  x\n        ^");
        assert_eq!(point("port ="), "port =\n      ^");
        let long = format!("{} or x", vec!["port = 1"; 50].join(" or "));
        let pointed = point(&long);
        let (shown, caret) = pointed.split_once('\n').expect("two lines");
        assert!(shown.len() <= 140);
        assert_eq!(shown.as_bytes()[caret.len() - 1], b'x');
    }
}
