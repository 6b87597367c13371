"""Products as the price list has them, by their filters."""

import json

from localaws.price_list import products


def _usage(service: str, **filters: str) -> list[str]:
    found = [json.loads(text)["product"] for text in products(service, filters)]
    return [product["attributes"]["usagetype"] for product in found]


def test_finds_what_all_filters_hold_for() -> None:
    nat = _usage("AmazonEC2", regionCode="us-east-1", productFamily="NAT Gateway")
    assert nat == ["NatGateway-Bytes", "NatGateway-Hours"]
    transfer = {"fromRegionCode": "us-east-1", "transferType": "IntraRegion"}
    assert _usage("AWSDataTransfer", **transfer) == ["DataTransfer-Regional-Bytes"]
    assert _usage("AmazonEC2", regionCode="eu-west-1", productFamily="NAT Gateway") == []
    assert _usage("AmazonVPC", regionCode="us-east-1", productFamily="VpcEndpoint") == []


def test_tiers_follow_each_other() -> None:
    [text] = products("AWSDataTransfer", {"transferType": "AWS Outbound"})
    [offer] = json.loads(text)["terms"]["OnDemand"].values()
    ranges = [(it["beginRange"], it["endRange"]) for it in offer["priceDimensions"].values()]
    assert ranges == [("0", "10240"), ("10240", "51200"), ("51200", "Inf")]
