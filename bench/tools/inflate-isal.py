"""Inflates a gzip file with igzip and drops what comes out."""

import json
import sys
from importlib.metadata import version

from isal import igzip

room = bytearray(1 << 20)
total = 0
with igzip.open(sys.argv[1], "rb") as text:
    while count := text.readinto(room):
        total += count
print(json.dumps({"version": version("isal"), "inflated": total}))
