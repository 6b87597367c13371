"""A VPC with NAT gateways in the local AWS."""

import time
from dataclasses import dataclass
from typing import Any

_AVAILABLE_SECONDS = 20.0


@dataclass(frozen=True)
class Gateway:
    """A NAT gateway as DescribeNatGateways shows it."""

    id: str
    interface: str
    addresses: tuple[str, ...]
    vpc: str


# Instances of one auto-scaling group, which have addresses that the scenarios'
# traffic comes from.
WORKLOADS = {"10.0.1.5": "builder-1", "10.0.1.6": "builder-2"}
GROUP = "builders"
SUBNET = "private-a"
VPC = "build-farm"
ZONE = "us-east-1a"
_IMAGE = "ami-12c6146b"


def _named(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


def build(ec2: Any, count: int) -> list[Gateway]:
    """Create the network with so many gateways."""
    named = _named("vpc", Name=VPC)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=named)["Vpc"]["VpcId"]
    # In one zone, so that nothing is charged between zones.
    created = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=ZONE)
    subnet = created["Subnet"]["SubnetId"]
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    named = _named("subnet", Name=SUBNET)
    created = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=ZONE, TagSpecifications=named
    )
    workloads = created["Subnet"]["SubnetId"]
    for address, name in WORKLOADS.items():
        _run(ec2, workloads, address, name)
    ids = [_create(ec2, subnet) for _ in range(count)]
    gateways = [_available(ec2, id) for id in ids]
    # The workloads' way out.
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=workloads)
    ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateways[0].id
    )
    return gateways


def _run(ec2: Any, subnet: str, address: str, name: str) -> None:
    """Run an instance as an auto-scaling group does, which sets the tag that nobody else may."""
    created = ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address)
    interface = created["NetworkInterface"]["NetworkInterfaceId"]
    tags = {"Name": name, "aws:autoscaling:groupName": GROUP}
    ec2.run_instances(
        ImageId=_IMAGE,
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface}],
        TagSpecifications=_named("instance", **tags),
    )


def _create(ec2: Any, subnet: str) -> str:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    created = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    return created["NatGateway"]["NatGatewayId"]


def _available(ec2: Any, id: str) -> Gateway:
    deadline = time.monotonic() + _AVAILABLE_SECONDS
    while time.monotonic() < deadline:
        gateway = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"][0]
        if gateway["State"] == "available":
            assigned = gateway["NatGatewayAddresses"]
            return Gateway(
                id=id,
                interface=assigned[0]["NetworkInterfaceId"],
                addresses=tuple(entry["PrivateIp"] for entry in assigned),
                vpc=gateway["VpcId"],
            )
        time.sleep(0.2)
    raise RuntimeError(f"NAT gateway {id} did not become available")


def route_tables_to(ec2: Any, gateway: Gateway) -> list[str]:
    """The route tables that lead to a gateway."""
    tables = ec2.describe_route_tables()["RouteTables"]
    return [
        table["RouteTableId"]
        for table in tables
        if any(route.get("NatGatewayId") == gateway.id for route in table["Routes"])
    ]


def flow_logs_of(ec2: Any, gateway: Gateway) -> list[dict[str, Any]]:
    """The flow logs on a gateway's interface, or on all that its VPC has."""
    return flow_logs_on(ec2, [gateway.interface, gateway.id, gateway.vpc])


def flow_logs_on(ec2: Any, resources: list[str]) -> list[dict[str, Any]]:
    """The flow logs on any of these."""
    selected = [{"Name": "resource-id", "Values": resources}]
    return ec2.describe_flow_logs(Filters=selected)["FlowLogs"]


def all_flow_logs(ec2: Any) -> list[dict[str, Any]]:
    """Every flow log there is."""
    return ec2.describe_flow_logs()["FlowLogs"]
