"""A report mail and the truth it tells, for the tests."""

from rehearsal.mailbox import Mail

GATEWAY = "nat-0a1b2c3d4e5f60718"

BODY = """\
Alarm natspike/nat-0a1b2c3d4e5f60718 went off for NAT gateway
nat-0a1b2c3d4e5f60718 in us-east-1.

Processed   13,249,876,543 bytes    12.34 GB   $0.5553
  13,249,876,543 / 1,073,741,824 bytes per GB x $0.045 = $0.5553

Sources
address                      bytes         GB        cost   share
10.0.1.5            13,249,000,000      12.34     $0.5553 100.0 %
  instance i-0a1 "builder-1" of auto-scaling group builders, subnet
  private-a (us-east-1a) of VPC build-farm
2001:db8:10::1234:5678
                           876,543       0.00     $0.0000   0.0 %

Destinations
address                      bytes         GB        cost   share
52.216.10.20        13,249,000,000      12.34     $0.5553 100.0 % (S3)
64:ff9b::203.0.113.5
                           876,543       0.00     $0.0000   0.0 %
  (CLOUDFRONT_ORIGIN_FACING)

AWS services
service                      bytes         GB        cost   share
S3                  13,249,000,000      12.34     $0.5553 100.0 %
CLOUDFRONT_ORIGIN_FACING
                           876,543       0.00     $0.0000   0.0 %

Legs
in_from_source               9,876,543 bytes
out_to_destination           9,876,543 bytes
in_from_destination     13,240,000,000 bytes
out_to_source           13,240,000,000 bytes

Before the alarm, in 10 minutes since 2026-11-20 22:44:10 UTC, it
processed 35,000,000 bytes, $0.0015 (metrics BytesInFromSource and
BytesInFromDestination); 3,500,000 bytes of them in the busiest minute,
2026-11-20 22:44:10 UTC.

The recording has 4,000 records, 640,000 bytes, whose delivery cost
$0.0003 (640,000 / 1,073,741,824 x $0.5).
"""

# Two of one group.
OF_ONE = "10.0.1.5            13,249,000,000      12.34     $0.5553 100.0 %"
OF_TWO = """\
10.0.1.5             9,249,000,000       8.61     $0.3876  69.8 %
  instance i-0a1 "builder-1" of auto-scaling group builders, subnet
  private-a (us-east-1a) of VPC build-farm
10.0.1.6             4,000,000,000       3.73     $0.1676  30.2 %"""
BY_OWNER = """\
By owner
owner                        bytes         GB        cost   share
builders            13,249,000,000      12.34     $0.5553 100.0 %
  auto-scaling group builders, 2 addresses, the largest 10.0.1.5
unknown                    876,543       0.00     $0.0000   0.0 %
  no known owner, 2001:db8:10::1234:5678

"""

MAIL = Mail(f"NAT spike {GATEWAY}: at least $5.60/h, 100 % S3 from builders", BODY)


def truth() -> dict:
    """What is true about it."""
    return {
        "recorded": {"records": 4_000, "bytes": 640_000},
        "before": 35_000_000,
        "says": ["Processed "],
        "window": {"start": 1_700_000_000, "end": 1_700_000_360},
        "bytes": {
            "in_from_source": 9_876_543,
            "out_to_destination": 9_876_543,
            "in_from_destination": 13_240_000_000,
            "out_to_source": 13_240_000_000,
            "processed": 13_249_876_543,
        },
        "sources": [
            {"address": "10.0.1.5", "bytes": 13_249_000_000},
            {"address": "2001:db8:10::1234:5678", "bytes": 876_543},
        ],
        "destinations": [
            {"address": "52.216.10.20", "aws_service": "S3", "bytes": 13_249_000_000},
            {
                "address": "64:ff9b::203.0.113.5",
                "aws_service": "CLOUDFRONT_ORIGIN_FACING",
                "bytes": 876_543,
            },
        ],
        "services": [
            {"aws_service": "S3", "bytes": 13_249_000_000},
            {"aws_service": "CLOUDFRONT_ORIGIN_FACING", "bytes": 876_543},
        ],
    }
