"""The one LocalEmu version the patches of this package were written against.

The patches replace private names, so they are applied to exactly this version
and to no other. `requirements.in` pins the same version.
"""

from importlib import metadata

PINNED = "1.3.2"


class WrongUpstream(Exception):
    """LocalEmu is missing or not the pinned version; the message says what to do."""


def installed_version() -> str | None:
    """The version of LocalEmu in this environment, None without one."""
    try:
        return metadata.version("localemu")
    except metadata.PackageNotFoundError:
        return None


def check(installed: str | None) -> None:
    """Refuse any LocalEmu but the pinned one."""
    if installed == PINNED:
        return
    found = "none is installed" if installed is None else f"{installed} is installed"
    raise WrongUpstream(
        f"the local AWS needs LocalEmu {PINNED}, but {found}: "
        "run `make local-aws` to create its environment from the lock file"
    )
