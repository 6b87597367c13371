"""What the figures were taken on."""

import os
import platform
import subprocess
from pathlib import Path


def processor() -> str:
    """The processor's name and how many of it may be used."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {len(cpus())} logical processors, {platform.machine()}"


def cpus() -> set[int]:
    """The processors that programs may be started on; empty where unknown."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def memory() -> str:
    """Main memory."""
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"


def system() -> str:
    """The operating system."""
    return f"{platform.system()} {platform.release()}"


def compiler() -> str:
    """The Rust compiler's version."""
    said = subprocess.run(["rustc", "--version"], capture_output=True, text=True)
    return " ".join(said.stdout.split()[:2]) or "rustc, version unknown"


def load() -> str:
    """What else the machine was doing, by its own count."""
    return f"{os.getloadavg()[0]:.1f}"
