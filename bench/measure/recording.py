"""The recordings that are measured: seeded, made once, with known truth."""

import gzip as gzip_format
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

LAYOUT = "egress-18"
START = 1_800_000_000
# The address that `traffic` gives a gateway where the scenario names none.
NAT_ADDRESS = "10.0.0.220"
# The population of the whole comparison, and what it shrinks to with the records.
SOURCES, DESTINATIONS, PAIRS = 300, 20_000, 650_000
PAIRS_FOR_EACH_RECORD = 0.13


@dataclass(frozen=True)
class Recording:
    """A population's records in one file, and what is true of them."""

    path: Path
    records: int
    pairs: int
    processed: int
    """Bytes that the gateway charged for."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size


def pairs_of(records: int) -> int:
    """As many pairs as that many records can show, up to the population's."""
    return min(PAIRS, int(records * PAIRS_FOR_EACH_RECORD))


class Recordings:
    """Makes recordings with `traffic`, and keeps them for the next run."""

    def __init__(self, traffic: Path, folder: Path) -> None:
        self.traffic = traffic
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def make(
        self, records: int, pairs: int, *, seed: int = 1, gzip: bool = True, few: bool = False
    ) -> Recording:
        """A recording of so many records over so many pairs.

        `few` keeps sources and destinations few too, so that all keys fit in
        a processor's cache.
        """
        sources = min(30 if few else SOURCES, pairs)
        destinations = min(200 if few else DESTINATIONS, pairs)
        sources = max(sources, -(-pairs // destinations))
        name = f"{records}-{sources}-{destinations}-{pairs}-{seed}"
        path = self.folder / (name + (".log.gz" if gzip else ".log"))
        truth = self.folder / f"{name}.json"
        scenario = self.folder / f"{name}.toml"
        text = (
            f'title = "bench"\nseed = {seed}\n[population]\nsources = {sources}\n'
            f"destinations = {destinations}\npairs = {pairs}\nrecords = {records}\n"
        )
        made = path.exists() and truth.exists() and scenario.exists()
        if not (made and scenario.read_text() == text):
            print(f"  making {path.name}", flush=True)
            unfinished = path.with_name(f"unfinished-{name}.log")
            scenario.write_text(text)
            subprocess.run(
                [self.traffic, "write", "--scenario", scenario, "--layout", LAYOUT, "--header"]
                + ["--start", str(START), "--records", unfinished, "--truth", truth],
                check=True,
            )
            if gzip:
                unfinished = packed(unfinished)
            unfinished.rename(path)
        return Recording(path, records, pairs, processed(truth))


def packed(text: Path) -> Path:
    """The text as gzip of the usual level, in place of the text."""
    result = text.with_suffix(".log.gz")
    with (
        text.open("rb") as plain,
        result.open("wb") as file,
        gzip_format.GzipFile("", "wb", 6, file, 0) as members,
    ):
        shutil.copyfileobj(plain, members, 1 << 20)
    text.unlink()
    return result


def processed(truth: Path) -> int:
    """The charged bytes, from the beginning of a truth that may be very long."""
    with truth.open() as file:
        found = re.search(r'"processed":(\d+)', file.read(4096))
    if not found:
        raise ValueError(f"{truth} does not say how many bytes were processed")
    return int(found[1])


def warm(path: Path) -> None:
    """Reads a file so that the next reader finds it in memory."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass
