"""Keeps every socket of the local AWS on the loopback interface.

LocalEmu's server ignores the host part of its own listen setting and binds
every interface (upstream `runtime/server/twisted.py`). This patch works one
floor below: a bind to "every interface" becomes a bind to the loopback one,
whichever server asks for it and whenever it does.
"""

import socket

_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
_bind = socket.socket.bind


def _bind_to_loopback(self: socket.socket, address: object) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
        host, *rest = address
        if host in _EVERYWHERE:
            loopback = "::1" if self.family == socket.AF_INET6 else "127.0.0.1"
            address = (loopback, *rest)
    _bind(self, address)


def install() -> None:
    """Patch `socket.socket.bind` of this process."""
    socket.socket.bind = _bind_to_loopback  # type: ignore[method-assign]
