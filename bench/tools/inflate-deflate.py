"""Inflates a gzip file of one member in one call with libdeflate."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import deflate

text = deflate.gzip_decompress(Path(sys.argv[1]).read_bytes())
print(json.dumps({"version": version("deflate"), "inflated": len(text)}))
