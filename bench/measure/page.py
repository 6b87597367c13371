"""The figures as a page: tables between two marks in docs/performance.md."""

from datetime import date
from pathlib import Path

from . import machine
from .figures import Comparison, Figures

BEGIN = "<!-- figures: begin (written by make bench) -->"
END = "<!-- figures: end -->"


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table whose columns after the first stand to the right."""
    return [
        f"| {' | '.join(heads)} |",
        f"|---{'|--:' * (len(heads) - 1)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def render(figures: Figures, rounds: int) -> str:
    """Everything between the marks."""
    lines = [
        f"Measured on {date.today().isoformat()}: {machine.processor()}, {machine.memory()},",
        f"{machine.system()}, {machine.compiler()}; load average {machine.load()}, "
        f"{rounds} rounds.",
        "",
        *comparison("gzip", figures.gzip),
        *comparison("plain text", figures.plain),
        *investigation(figures.investigation),
        *engine(figures),
        *parallel(figures),
        *linear(figures),
        *goals(figures),
    ]
    if figures.skipped:
        lines += ["Not measured:", ""]
        lines += [f"* {name}: {why}" for name, why in figures.skipped.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def comparison(form: str, measured: Comparison) -> list[str]:
    """natspike beside the others on one file."""
    recording = measured.recording
    own = measured.series[0]
    rows = []
    for one in measured.series:
        if not one.runs:
            continue
        extrapolated = "" if one.times == 1 else f" (1/{one.times:.0f} of it, multiplied)"
        rows.append(
            [
                f"{one.subject} {one.version}{extrapolated}",
                f"{one.cpu():.2f}",
                f"{one.wall():.2f}",
                f"{one.peak():,.0f}",
                f"{one.ratio(own):.1f}" if one is not own else "1",
            ]
        )
    return [
        f"### {recording.records:,} records, {form}, {recording.size / 1e6:,.0f} MB",
        "",
        f"{recording.pairs:,} pairs of workload and remote, {recording.processed:,} bytes charged.",
        "",
        *table(["", "CPU s", "wall s", "peak MB", "CPU, natspike = 1"], rows),
    ]


def investigation(measured: Comparison) -> list[str]:
    """All analyses of an investigation beside one analysis."""
    recording, own = measured.recording, measured.series[0]
    rows = [
        [
            one.subject,
            f"{one.cpu():.2f}",
            f"{one.wall():.2f}",
            f"{one.peak():,.0f}",
            "1" if one is own else f"{one.ratio(own):.2f}",
        ]
        for one in measured.series
    ]
    return [
        f"### All analyses of an investigation, {recording.records:,} records, gzip",
        "",
        *table(["", "CPU s", "wall s", "peak MB", "CPU, analyze = 1"], rows),
    ]


def engine(figures: Figures) -> list[str]:
    """The engine alone."""
    rows = [
        [one.what, f"{one.flows:,}", f"{one.gigabytes_per_second:.2f}"] for one in figures.engine
    ]
    return [
        "### The engine alone, one core, text in memory",
        "",
        *table(["", "flows in the table", "GB/s"], rows),
    ]


def parallel(figures: Figures) -> list[str]:
    """Two files at once."""
    if not figures.speedup:
        return []
    rows = [
        [form, f"{one.times:.2f}", f"{one.obtained:.2f}"] for form, one in figures.speedup.items()
    ]
    return [
        "### Two files, all processors against one",
        "",
        *table(["", "times as fast", "processors obtained"], rows),
    ]


def linear(figures: Figures) -> list[str]:
    """Cost by number of records."""
    rows = [
        [
            f"{recording.records:,}",
            f"{one.cpu():.2f}",
            f"{one.cpu() / recording.records * 1e6:.3f}",
            f"{one.peak():,.0f}",
        ]
        for recording, one in figures.linear
    ]
    pairs = figures.linear[0][0].pairs
    return [
        f"### Records and cost, gzip, {pairs:,} pairs each time",
        "",
        *table(["records", "CPU s", "CPU s for a million", "peak MB"], rows),
    ]


def goals(figures: Figures) -> list[str]:
    """What was to be reached, and what was."""
    own = figures.gzip.series[0]
    rows: list[list[str]] = []

    def row(what: str, wanted: str, measured: str, reached: bool) -> None:
        rows.append([what, wanted, measured, "yes" if reached else "no"])

    for subject, times in (("DuckDB", 5), ("Polars", 4)):
        other = figures.gzip.of(subject)
        if other and other.runs:
            ratio = other.ratio(own)
            row(
                f"CPU time of {subject}, gzip, for one of ours",
                f"at least {times}",
                f"{ratio:.1f}",
                ratio >= times,
            )
    seconds = own.cpu() / figures.gzip.recording.records * 5_000_000
    row("CPU seconds for 5 million records, gzip", "at most 1.0", f"{seconds:.2f}", seconds <= 1.0)
    analyze, investigate = figures.investigation.series
    times = investigate.ratio(analyze)
    row(
        "CPU time of investigate all, for one of analyze",
        "at most 2.0",
        f"{times:.2f}",
        times <= 2.0,
    )
    for one, wanted in zip(figures.engine, (1.5, 1.0), strict=False):
        speed = one.gigabytes_per_second
        row(f"GB/s, {one.what}", f"at least {wanted}", f"{speed:.2f}", speed >= wanted)
    for form, one in figures.speedup.items():
        what = f"two {form} files, times as fast"
        row(what, "at least 1.8", f"{one.times:.2f}", one.times >= 1.8)
    peak = own.peak()
    row("peak MB, gzip", "under 150", f"{peak:.0f}", peak < 150)
    (_, first), (_, last) = figures.linear[0], figures.linear[-1]
    if first is not last:
        growth = last.peak() / first.peak()
        what = "peak memory, most records against fewest"
        row(what, "at most 1.1", f"{growth:.2f}", growth <= 1.1)
        costs = [one.cpu() / recording.records for recording, one in figures.linear]
        steady = costs[-1] / min(costs)
        row(
            "CPU s for a record, most records against the cheapest",
            "at most 1.15",
            f"{steady:.2f}",
            steady <= 1.15,
        )
    return ["### What was to be reached", "", *table(["", "wanted", "measured", "reached"], rows)]


def insert(page: Path, text: str) -> None:
    """Puts the text between the page's marks.

    Raises:
        ValueError: the page lacks the marks, or has them the wrong way round.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} lacks the marks between which the figures stand")
    page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
