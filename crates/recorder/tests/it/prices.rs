//! What a report is priced by: the price list, the table that ships, the stack.

use super::{NOW, World};
use recorder::memory::Fault;
use recorder::{FaultKind, StepError};

/// A gigabyte through a gateway in a region that no table ships.
const NAT_GB: &str = r#"{
    "product": {"sku": "ABC2", "productFamily": "NAT Gateway", "attributes": {
        "regionCode": "eu-south-2", "usagetype": "EUS2-NatGateway-Bytes",
        "groupDescription": "Charge for per GB data processed by NAT Gateways",
        "operation": "NatGateway"}},
    "publicationDate": "2026-11-18T01:02:03Z",
    "terms": {"OnDemand": {"ABC2.X": {"priceDimensions": {"ABC2.X.Y": {
        "unit": "GB", "beginRange": "0", "endRange": "Inf",
        "pricePerUnit": {"USD": "0.0510000000"}}}}}}}"#;

/// The mail on 2^30 bytes that were recorded in that region.
fn mail(world: &World, region: &str, nat_rate: &str) -> Result<String, StepError> {
    let mut claim = world.claim("execution-1", NOW).expect("claimed");
    claim.region = region.to_owned();
    claim.nat_rate = nat_rate.to_owned();
    let recording = world.start(&claim).expect("done");
    world.deliver("eni-0a1", 1 << 29, 1 << 29);
    let stop = world.stop(&claim, Some(&recording)).expect("done");
    world.analyze(&claim, &recording, &stop)?;
    let (_, body) = world.memory.mails().remove(0);
    Ok(body.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn a_region_that_no_table_ships_is_priced_by_the_price_list() {
    let world = World::new();
    world.memory.add_product(NAT_GB);
    let said = mail(&world, "eu-south-2", "").unwrap();
    assert!(said.contains("x $0.051 = $0.0510"), "{said}");
    let world = World::new();
    let refused = mail(&world, "eu-south-2", "").unwrap_err();
    assert!(
        refused.to_string().contains("parameter NatRate"),
        "{refused}"
    );
}

#[test]
fn what_the_stack_says_counts_for_more() {
    let world = World::new();
    world.memory.add_product(NAT_GB);
    let said = mail(&world, "eu-south-2", "0.02").unwrap();
    assert!(said.contains("x $0.02 = $0.0200"), "{said}");
}

#[test]
fn a_price_list_that_cannot_be_asked_costs_no_report() {
    let world = World::new();
    for _ in 0..9 {
        world
            .memory
            .fail("GetProducts", Fault::Fails(FaultKind::Denied));
    }
    let said = mail(&world, "us-east-1", "").unwrap();
    assert!(said.contains("x $0.045 = $0.0450"), "{said}");
    assert!(
        said.contains("Prices are those that ship with natspike"),
        "{said}"
    );
    let world = World::new();
    world.memory.add_product("no product");
    let said = mail(&world, "us-east-1", "").unwrap();
    assert!(
        said.contains("Prices are those that ship with natspike"),
        "{said}"
    );
}
