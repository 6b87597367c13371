"""All the runs of one `make bench`, taken in turn so that noise falls on all."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from . import child, machine, tools
from .child import ChildFailedError, Usage
from .recording import NAT_ADDRESS, Recording, Recordings, pairs_of, warm
from .tools import Tool

# The comparison's size, if it is among those that are asked for.
COMPARED = 5_000_000
# How often the engine alone folds the same text; the best time counts.
ENGINE_TIMES = 5


@dataclass
class Series:
    """One subject's runs over the same input, one for each round."""

    subject: str
    version: str = ""
    runs: list[Usage] = field(default_factory=list)
    times: float = 1.0
    """What its cost is multiplied with, because it got a part of the records."""

    def cpu(self) -> float:
        """CPU seconds of the run that was disturbed least."""
        return min(run.cpu for run in self.runs) * self.times

    def wall(self) -> float:
        """Seconds of the run that was disturbed least."""
        return min(run.wall for run in self.runs) * self.times

    def peak(self) -> float:
        """Megabytes at the most, of all runs."""
        return max(run.peak for run in self.runs)

    def ratio(self, to: "Series") -> float:
        """How much more CPU time it took: the middle of the rounds' ratios."""
        return median(
            own.cpu * self.times / (other.cpu * to.times)
            for own, other in zip(self.runs, to.runs, strict=False)
        )


@dataclass(frozen=True)
class Engine:
    """The engine alone over a text that is in memory."""

    what: str
    flows: int
    gigabytes_per_second: float


@dataclass(frozen=True)
class Speedup:
    """Two files on all processors against one."""

    times: float
    obtained: float
    """Processors that the machine really gave meanwhile: CPU time by wall time."""


@dataclass
class Comparison:
    """natspike and other tools over the same recording."""

    recording: Recording
    series: list[Series]

    def of(self, subject: str) -> Series | None:
        """The series of that subject, if it was measured."""
        return next((one for one in self.series if one.subject == subject), None)


@dataclass
class Figures:
    """Everything that was measured."""

    gzip: Comparison
    plain: Comparison
    investigation: Comparison
    """natspike's own analyze, and investigate all beside it."""
    engine: list[Engine]
    speedup: dict[str, Speedup]
    """By form of the files."""
    linear: list[tuple[Recording, Series]]
    skipped: dict[str, str]
    runner_peak: float


@dataclass(frozen=True)
class Bench:
    """The programs to measure and how."""

    natspike: Path
    engine: Path
    recordings: Recordings
    environments: Path
    sizes: list[int]
    rounds: int
    chosen: list[Tool]

    def measure(self) -> Figures:
        """Runs everything."""
        skipped: dict[str, str] = {}
        ready: dict[Tool, Path] = {}
        for tool in self.chosen:
            try:
                ready[tool] = tools.install(tool, self.environments)
            except tools.NotInstalledError as error:
                print(f"  skipping {tool.name}: {error}", flush=True)
                skipped[tool.name] = f"cannot be installed ({error})"
        size = min(self.sizes, key=lambda size: (abs(size - COMPARED), size))
        packed = self.recordings.make(size, pairs_of(size))
        text = self.recordings.make(size, pairs_of(size), gzip=False)
        readers = {tool: python for tool, python in ready.items() if tool.share == 1}
        plain = {tool: python for tool, python in readers.items() if not tool.is_floor}
        return Figures(
            gzip=self.compare(packed, ready, skipped),
            plain=self.compare(text, plain, skipped),
            investigation=self.investigation(packed),
            engine=self.engine_alone(text),
            speedup=self.two_files(size),
            linear=self.linear(),
            skipped=skipped,
            runner_peak=child.own_peak(),
        )

    def compare(
        self, recording: Recording, ready: dict[Tool, Path], skipped: dict[str, str]
    ) -> Comparison:
        """natspike and every tool in turn, several rounds."""
        print(f"{recording.path.name}: natspike and {len(ready)} tools", flush=True)
        warm(recording.path)
        own = Series("natspike", version=self.version())
        series = {tool: Series(tool.name) for tool in ready}
        parts = {tool: self.part(tool, recording) for tool in ready}
        for _ in range(self.rounds):
            own.runs.append(self.analyze([recording]))
            for tool, one in list(series.items()):
                part = parts[tool]
                try:
                    used = child.run(tools.command(tool, ready[tool], part.path, NAT_ADDRESS))
                    answer = used.answer()
                    check(tool, part, answer)
                except ChildFailedError as error:
                    print(f"  leaving out {tool.name}: {error}", flush=True)
                    skipped[tool.name] = str(error)
                    del series[tool]
                    continue
                one.version = answer["version"]
                one.times = recording.records / part.records
                one.runs.append(used)
                print(f"  {tool.name}: {used.cpu:.2f} CPU s", flush=True)
        return Comparison(recording, [own, *series.values()])

    def investigation(self, recording: Recording) -> Comparison:
        """All analyses of an investigation beside one analysis, in turn."""
        print(f"{recording.path.name}: analyze and investigate all", flush=True)
        warm(recording.path)
        version = self.version()
        analyze = Series("natspike analyze", version=version)
        investigate = Series("natspike investigate all", version=version)
        for _ in range(self.rounds):
            analyze.runs.append(self.analyze([recording]))
            investigate.runs.append(self.investigate(recording))
        return Comparison(recording, [analyze, investigate])

    def part(self, tool: Tool, recording: Recording) -> Recording:
        """What the tool is given: all of it, or a smaller recording."""
        if tool.share == 1:
            return recording
        records = max(4_000, int(recording.records * tool.share))
        return self.recordings.make(records, pairs_of(records))

    def analyze(self, files: list[Recording], cpus: set[int] | None = None) -> Usage:
        """One run of natspike, whose answer is checked."""
        command: list[str | Path] = [self.natspike, "analyze", "--output", "json"]
        command += ["--region", "us-east-1", *(file.path for file in files)]
        used = child.run(command, cpus)
        found = used.answer()["bytes"]["processed"]
        true = sum(file.processed for file in files)
        if found != true:
            raise SystemExit(f"natspike found {found} bytes and not {true}: nothing is measured")
        print(f"  natspike: {used.cpu:.2f} CPU s", flush=True)
        return used

    def investigate(self, recording: Recording) -> Usage:
        """One run of all analyses, whose accepted bytes are checked."""
        command: list[str | Path] = [self.natspike, "investigate", "all", recording.path]
        command += ["--output", "json", "--no-history", "--quiet"]
        used = child.run(command)
        tables = used.answer()["tables"]
        summary = next(table for table in tables if table["analysis"] == "traffic-summary")
        place = [column["name"] for column in summary["columns"]].index("action")
        rows = [row for row in summary["rows"] if row["cells"][place] == "ACCEPT"]
        found = sum(row["sums"]["bytes"] for row in rows)
        if found != recording.processed:
            raise SystemExit(
                f"investigate found {found} bytes and not {recording.processed}: "
                "nothing is measured"
            )
        print(f"  investigate all: {used.cpu:.2f} CPU s", flush=True)
        return used

    def version(self) -> str:
        """natspike's own version."""
        return child.run([self.natspike, "--version"]).output.split()[-1]

    def engine_alone(self, text: Recording) -> list[Engine]:
        """The engine over one pair of ends, over few, and over the comparison's."""
        print("the engine alone", flush=True)
        size = text.records
        recordings = {
            "one pair: reading lines, next to no table": self.make_plain(size, 1),
            "2,000 pairs: keys fit in cache": self.make_plain(size, min(2_000, pairs_of(size))),
            f"{text.pairs:,} pairs": text,
        }
        best: dict[str, Engine] = {}
        # In turn, too: a slow minute of the machine falls on all of them.
        for _ in range(self.rounds):
            for what, recording in recordings.items():
                answer = child.run([self.engine, recording.path, str(ENGINE_TIMES)]).answer()
                if answer["records"] != size:
                    raise SystemExit(f"the engine read {answer['records']} records and not {size}")
                speed = answer["text_bytes"] / answer["cpu_seconds"] / 1e9
                print(f"  {what}: {speed:.2f} GB/s", flush=True)
                if what not in best or best[what].gigabytes_per_second < speed:
                    best[what] = Engine(what, answer["flows"], speed)
        return list(best.values())

    def make_plain(self, records: int, pairs: int) -> Recording:
        """A plain text over few ends."""
        return self.recordings.make(records, pairs, gzip=False, few=True)

    def two_files(self, size: int) -> dict[str, Speedup]:
        """How much faster two files are read on all processors than on one."""
        cpus = machine.cpus()
        if len(cpus) < 2:
            return {}
        speedup = {}
        for form, gzip in (("gzip", True), ("plain", False)):
            print(f"two {form} files, on one processor and on {len(cpus)}", flush=True)
            files = [
                self.recordings.make(size, pairs_of(size), seed=seed, gzip=gzip) for seed in (1, 2)
            ]
            for file in files:
                warm(file.path)
            ratios, obtained = [], []
            for _ in range(self.rounds):
                one = self.analyze(files, cpus={min(cpus)})
                all = self.analyze(files)
                ratios.append(one.wall / all.wall)
                obtained.append(all.cpu / all.wall)
            speedup[form] = Speedup(median(ratios), median(obtained))
        return speedup

    def linear(self) -> list[tuple[Recording, Series]]:
        """The same keys in ever more records."""
        print("cost by number of records", flush=True)
        pairs = pairs_of(min(self.sizes))
        recordings = [self.recordings.make(size, pairs) for size in self.sizes]
        series = [(recording, Series("natspike")) for recording in recordings]
        for _ in range(self.rounds):
            for recording, one in series:
                warm(recording.path)
                one.runs.append(self.analyze([recording]))
        return series


def check(tool: Tool, recording: Recording, answer: dict[str, int]) -> None:
    """Only right answers are measured."""
    if tool.is_floor:
        return
    found = (answer["pairs"], answer["bytes"])
    if found != (recording.pairs, recording.processed):
        raise ChildFailedError(f"its answer is wrong: {found[0]} pairs, {found[1]} bytes")
