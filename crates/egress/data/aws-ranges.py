"""Makes aws-ranges.txt of AWS's ip-ranges.json: `python3 aws-ranges.py ip-ranges.json`.

A line is a prefix, its region and its services; AMAZON, which every prefix
belongs to, is said only of a prefix that belongs to nothing else.
"""

import ipaddress
import json
import pathlib
import sys


def packed(document: dict) -> str:
    services: dict = {}
    for family, key in (("prefixes", "ip_prefix"), ("ipv6_prefixes", "ipv6_prefix")):
        for row in document[family]:
            prefix = ipaddress.ip_network(row[key])
            services.setdefault((prefix, row["region"]), set()).add(row["service"])
    lines = [f"# ip-ranges.json of {document['createDate']}, syncToken {document['syncToken']}"]
    order = sorted(services, key=lambda it: (it[0].version, it[0], it[1]))
    for prefix, region in order:
        named = sorted(services[prefix, region] - {"AMAZON"}) or ["AMAZON"]
        lines.append(f"{prefix} {region} {','.join(named)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = packed(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    pathlib.Path(__file__).with_name("aws-ranges.txt").write_text(text)
