"""A Price List for what natspike asks it: GetProducts by term.

LocalEmu has no service `pricing`. Products are in the form of AWS's price list, with
invented SKUs and us-east-1's prices, so that a rehearsal's figures are those of the
table that natspike ships, whichever of them it has from where.
"""

import json
from typing import Any

_PUBLISHED = "2026-11-18T01:02:03Z"

# Service, family, usage type, further attributes, unit, amounts from a quantity on.
_PRODUCTS: list[tuple[str, str, str, dict[str, str], str, dict[str, str]]] = [
    ("AmazonEC2", "NAT Gateway", "NatGateway-Bytes", {}, "GB", {"0": "0.0450000000"}),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Hours", {}, "Hrs", {"0": "0.0450000000"}),
    (
        "AWSDataTransfer",
        "Data Transfer",
        "DataTransfer-Out-Bytes",
        {"transferType": "AWS Outbound", "toLocation": "External"},
        "GB",
        {"0": "0.0900000000", "10240": "0.0850000000", "51200": "0.0700000000"},
    ),
    (
        "AWSDataTransfer",
        "Data Transfer",
        "DataTransfer-Regional-Bytes",
        {"transferType": "IntraRegion"},
        "GB",
        {"0": "0.0100000000"},
    ),
]


def _product(place: int, region: str) -> dict[str, Any]:
    service, family, usage, more, unit, amounts = _PRODUCTS[place]
    sku = f"LOCAL{place:011d}"
    where = "fromRegionCode" if service == "AWSDataTransfer" else "regionCode"
    starts = sorted(amounts, key=int)
    dimensions = {
        f"{sku}.JRTCKXETXF.{start}": {
            "unit": unit,
            "beginRange": start,
            "endRange": end,
            "pricePerUnit": {"USD": amounts[start]},
        }
        for start, end in zip(starts, [*starts[1:], "Inf"], strict=True)
    }
    return {
        "serviceCode": service,
        "publicationDate": _PUBLISHED,
        "product": {
            "sku": sku,
            "productFamily": family,
            "attributes": {where: region, "usagetype": usage, **more},
        },
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": {"priceDimensions": dimensions}}},
    }


def products(service: str, filters: dict[str, str]) -> list[str]:
    """The documents of the products that all of the filters hold for."""
    found = []
    for place, row in enumerate(_PRODUCTS):
        product = _product(place, "us-east-1")["product"]
        known = {"productFamily": product["productFamily"], **product["attributes"]}
        if row[0] == service and filters.items() <= known.items():
            found.append(json.dumps(_product(place, "us-east-1")))
    return found


def install() -> None:
    """Patch LocalEmu: GetProducts is answered before anybody looks for a service."""
    from localemu.aws import handlers

    def serve(chain: Any, context: Any, response: Any) -> None:
        operation = context.operation
        if operation is None or operation.name != "GetProducts":
            return
        request = context.service_request or {}
        filters = {given["Field"]: given["Value"] for given in request.get("Filters") or []}
        documents = products(request["ServiceCode"], filters)
        response.set_json({"FormatVersion": "aws_v1", "PriceList": documents})
        response.mimetype = "application/x-amz-json-1.1"
        chain.stop()

    handlers.serve_custom_service_request_handlers.append(serve)
