"""A part of Logs Insights QL: `fields`, `parse`, `filter`, `stats`, `sort`, `limit`.

A query becomes one function per command, and rows go from one to the next. Whatever
lies outside this part is refused and never ignored. Where AWS says nothing, a missing
field equals nothing and a sum of no numbers is missing; a quotient has 28 digits, and a
count of different values is exact.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import operator
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from ipaddress import ip_address, ip_network
from math import prod
from typing import Never

type Number = int | Decimal
type Value = str | Number | None
type Row = dict[str, Value]
type Expression = Callable[[Row], Value]
type Command = Callable[[list[Row]], list[Row]]
type Compare = Callable[[object, object], bool]

MOST_ROWS = 100_000
DEFAULT_ROWS = 10_000

_COMMENT = re.compile(r"^[ \t]*#.*$", re.M)
# Kinds are in capitals, so that none is taken for a word of a query. What follows a
# parenthesis is no regular expression, but a quotient.
_TOKEN = re.compile(
    r"""(?P<TEXT>"[^"\\]*"|'[^'\\]*') | (?P<REGEX>(?<!\)\ )/(?:\\.|[^/\\\n])+/)
      | (?P<NUMBER>-?[0-9]+(?:\.[0-9]+)?) | (?P<NAME>@?[A-Za-z_][\w.]*)
      | (?P<SIGN>[!<>]=|[=<>(),*|/\[\]]) | (?P<OTHER>\S)""",
    re.X | re.A,
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_COMPARISONS: dict[str, Compare] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FOLDS: dict[str, Callable[[list[Number]], Number]] = {"sum": sum, "min": min, "max": max}


_VERSIONS = {"isipv4insubnet": 4, "isipv6insubnet": 6}


class MalformedQuery(Exception):
    """The query is none, or of a part of the language that is not here."""


def text(value: Value) -> str:
    """A value as answers show it: truth is 1 or 0, no number has an exponent."""
    if isinstance(value, int):
        return str(int(value))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def glob(pattern: str, message: str) -> list[str] | None:
    """What the stars stand for: as little as possible, but a star at the end for all the rest."""
    first, *literals = pattern.split("*")
    start = message.find(first)
    place = start + len(first)
    found: list[str] = []
    for number, literal in enumerate(literals, 1):
        is_open = number == len(literals) and not literal
        end = len(message) if is_open else message.find(literal, place)
        if start < 0 or end < 0:
            return None
        found.append(message[place:end])
        place = end + len(literal)
    return found


@cache
def is_in_subnet(version: int, address: str, subnet: str) -> bool:
    """Whether it is an address of that version in the subnet."""
    try:
        one = ip_address(address)
    except ValueError:
        return False
    return one.version == version and one in ip_network(subnet)


def floor(time: str, minutes: int) -> str:
    """The begin of the period that the time is in."""
    one = datetime.fromisoformat(time)
    midnight = one.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{one - (one - midnight) % timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}.000"


def _number(value: Value) -> Number | None:
    if not isinstance(value, str):
        return value
    match = _NUMBER.fullmatch(value)
    return match and (Decimal(value) if match[1] else int(value))


def _holds(compare: Compare, left: Value, right: Value) -> bool:
    if left is None or right is None:
        return compare is operator.ne
    one, other = _number(left), _number(right)
    if one is None or other is None:
        return compare(text(left), text(right))
    return compare(one, other)


def _rank(value: Value) -> tuple[int, Number, str]:
    """The place in ascending order: AWS puts numbers behind everything else."""
    number = _number(value)
    if number is not None:
        return 2, number, ""
    return (0, 0, "") if value is None else (1, 0, text(value))


class Query:
    """A query, parsed by recursive descent: every method reads what it is named after."""

    def __init__(self, query: str) -> None:
        """Read it, or raise `MalformedQuery`."""
        tokens = _TOKEN.finditer(_COMMENT.sub("", query))
        self._tokens = [(str(token.lastgroup), token[0]) for token in tokens] + [("END", "")]
        self._place = 0
        self._shown: list[str] = []
        self._seen: list[str] = []
        self._commands = [self._command()]
        while self._accept("|"):
            self._commands.append(self._command())
        self._take("END")
        if "stats" not in self._seen:
            default = [] if "fields" in self._seen else ["@timestamp", "@message"]
            self._shown = [*default, *self._shown, "@ptr"]

    def run(self, rows: list[Row], limit: int | None = None) -> list[dict[str, str]]:
        """The rows of the answer, with the fields that have a value; those given are used up."""
        for command in self._commands:
            rows = command(rows)
        most = MOST_ROWS if "limit" in self._seen else min(limit or DEFAULT_ROWS, MOST_ROWS)
        return [
            {name: text(value) for name in self._shown if (value := row.get(name)) is not None}
            for row in rows[:most]
        ]

    def _command(self) -> Command:
        self._seen.append(self._take("NAME").lower())
        commands: dict[str, Callable[[], Command]] = {
            "fields": self._fields,
            "parse": self._parse,
            "filter": self._filter,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
        }
        read = commands.get(self._seen[-1]) or self._fail("the command is not supported")
        return read()

    def _fields(self) -> Command:
        fields = self._list(self._field)
        self._shown += [name for name, _ in fields]

        def run(rows: list[Row]) -> list[Row]:
            for row in rows:
                for name, expression in fields:
                    row[name] = expression(row)
            return rows

        return run

    def _field(self) -> tuple[str, Expression]:
        start, (kind, name) = self._place, self._tokens[self._place]
        expression = self._expression()
        is_plain = kind == "NAME" and self._place == start + 1
        if self._accept("as") or not is_plain:
            name = self._take("NAME")
        return name, expression

    def _parse(self) -> Command:
        source, pattern = self._take("NAME"), self._take("TEXT")[1:-1]
        self._take("as")
        names = self._list(lambda: self._take("NAME"))
        if pattern.count("*") != len(names):
            self._fail(f"{pattern.count('*')} stars, but {len(names)} names")
        self._shown += names

        def run(rows: list[Row]) -> list[Row]:
            for row in rows:
                found = None if row.get(source) is None else glob(pattern, text(row[source]))
                row.update(zip(names, found or [], strict=False))
            return rows

        return run

    def _filter(self) -> Command:
        condition = self._expression()
        return lambda rows: [row for row in rows if condition(row) is True]

    def _stats(self) -> Command:
        sums = self._list(self._aggregate)
        by = self._list(self._key) if self._accept("by") else []
        keys = [name for name, _ in by]
        self._shown = [*keys, *(name for name, _ in sums)]

        def run(rows: list[Row]) -> list[Row]:
            groups: dict[tuple[Value, ...], list[Row]] = {}
            for row in rows:
                groups.setdefault(tuple(key(row) for _, key in by), []).append(row)
            return [
                dict(zip(keys, values, strict=True)) | {name: fold(group) for name, fold in sums}
                for values, group in groups.items()
            ]

        return run

    def _key(self) -> tuple[str, Expression]:
        name = self._take("NAME")
        if name.lower() != "bin" or not self._accept("("):
            return name, lambda row: row.get(name)
        minutes = self._take("NUMBER")
        self._take("m")
        self._take(")")
        if not minutes.isdecimal() or not 0 < int(minutes) <= 60:
            self._fail(f"{minutes} is no number of minutes")
        return f"{name}({minutes}m)", lambda row: floor(str(row["@timestamp"]), int(minutes))

    def _aggregate(self) -> tuple[str, Callable[[list[Row]], Value]]:
        fold = self._fold()
        divisor = Decimal(self._take("NUMBER")) if self._accept("/") else None
        self._take("as")

        def run(rows: list[Row]) -> Value:
            number = _number(fold(rows))
            return number if number is None or divisor is None else number / divisor

        return self._take("NAME"), run

    def _fold(self) -> Callable[[list[Row]], Value]:
        function = self._take("count", "countdistinct", *_FOLDS).lower()
        self._take("(")
        if function == "count":
            self._take("*")
            self._take(")")
            return len
        expression = self._expression()
        self._take(")")

        def distinct(rows: list[Row]) -> Value:
            values = (expression(row) for row in rows)
            return len({text(value) for value in values if value is not None})

        def run(rows: list[Row]) -> Value:
            numbers = [number for row in rows if (number := _number(expression(row))) is not None]
            return _FOLDS[function](numbers) if numbers else None

        return distinct if function == "countdistinct" else run

    def _sort(self) -> Command:
        name, order = self._take("NAME"), self._take("asc", "desc").lower()
        return lambda rows: sorted(
            rows, key=lambda row: _rank(row.get(name)), reverse=order == "desc"
        )

    def _limit(self) -> Command:
        count = self._take("NUMBER")
        if not count.isdecimal():
            self._fail(f"{count} is no number of rows")
        return lambda rows: rows[: int(count)]

    def _expression(self) -> Expression:
        return self._joined("or", any, lambda: self._joined("and", all, self._condition))

    def _joined(
        self, word: str, join: Callable[[Iterable[bool]], bool], part: Callable[[], Expression]
    ) -> Expression:
        parts = [part()]
        while self._accept(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else lambda row: join(p(row) is True for p in parts)

    def _condition(self) -> Expression:
        if self._accept("not"):
            negated = self._condition()
            return lambda row: negated(row) is not True
        left = self._product()
        if self._accept("like"):
            return self._like(left)
        if self._accept("in"):
            return self._in(left)
        sign = self._accept(*_COMPARISONS)
        if sign is None:
            return left
        compare, right = _COMPARISONS[sign], self._product()
        return lambda row: _holds(compare, left(row), right(row))

    def _like(self, left: Expression) -> Expression:
        kind, word = self._tokens[self._place]
        pattern = self._take("REGEX", "TEXT")[1:-1]
        try:
            search = re.compile(pattern if kind == "REGEX" else re.escape(pattern)).search
        except re.error as error:
            self._fail(f"{word}: {error}")
        return lambda row: (value := left(row)) is not None and search(text(value)) is not None

    def _in(self, left: Expression) -> Expression:
        self._take("[")
        words = self._list(lambda: self._take("TEXT"))
        self._take("]")
        texts = {word[1:-1] for word in words}
        return lambda row: (value := left(row)) is not None and text(value) in texts

    def _product(self) -> Expression:
        factors = [self._operand()]
        while self._accept("*"):
            factors.append(self._operand())

        def run(row: Row) -> Value:
            numbers = [_number(factor(row)) for factor in factors]
            present = [number for number in numbers if number is not None]
            return prod(present) if len(present) == len(factors) else None

        return factors[0] if len(factors) == 1 else run

    def _operand(self) -> Expression:
        if self._accept("("):
            inner = self._expression()
            self._take(")")
            return inner
        kind, _ = self._tokens[self._place]
        word = self._take("TEXT", "NUMBER", "NAME")
        if kind != "NAME":
            constant = word[1:-1] if kind == "TEXT" else _number(word)
            return lambda _: constant
        if not self._accept("("):
            return lambda row: row.get(word)
        arguments = self._list(self._expression)
        self._take(")")
        match word.lower(), arguments:
            case "if", [condition, then, other]:
                return lambda row: then(row) if condition(row) is True else other(row)
            case "strlen", [string]:
                return lambda row: None if (value := string(row)) is None else len(text(value))
            case ("isipv4insubnet" | "isipv6insubnet") as name, [address, subnet]:
                version = _VERSIONS[name]
                return lambda row: (
                    (value := address(row)) is not None
                    and is_in_subnet(version, text(value), str(subnet(row)))
                )
        return self._fail(f"{word} of {len(arguments)} is not supported")

    def _list[T](self, item: Callable[[], T]) -> list[T]:
        items = [item()]
        while self._accept(","):
            items.append(item())
        return items

    def _accept(self, *wanted: str) -> str | None:
        """The next token, if it is one of those kinds or words."""
        kind, word = self._tokens[self._place]
        if kind not in wanted and word.lower() not in wanted:
            return None
        self._place += 1
        return word

    def _take(self, *wanted: str) -> str:
        word = self._accept(*wanted)
        return self._fail() if word is None else word

    def _fail(self, why: str | None = None) -> Never:
        word = self._tokens[self._place][1] or "the end"
        command = self._seen[-1] if self._seen else "query"
        raise MalformedQuery(f"{command}: {why or f'unexpected {word}'}")
