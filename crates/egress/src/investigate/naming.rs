//! Whose the external addresses of the shown rows are.
//!
//! **Invariants.** Names change no figure. The user's own networks and AWS's prefixes
//! are known offline; others were asked before, about shown rows and public addresses
//! only.

use super::{Cell, ColumnKind, Inquiry, Investigation, Table};
use crate::name::{Name, Names, askable, in_order};
use crate::networks::Networks;
use crate::ranges::AwsRanges;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What is known of addresses without asking.
#[derive(Clone, Copy, Default)]
pub struct Offline<'a> {
    /// AWS's prefixes; those that ship where there are no others.
    pub ranges: Option<&'a AwsRanges>,
    /// The user's own networks.
    pub networks: Option<&'a Networks>,
}

impl Offline<'_> {
    fn ranges(&self) -> &AwsRanges {
        self.ranges.unwrap_or_else(|| AwsRanges::shipped())
    }

    /// Whose the address is, and who says so.
    fn organization(&self, address: IpAddr, names: &Names) -> Option<String> {
        let own = self.networks.and_then(|networks| networks.get(address));
        let mut found: Vec<Arc<Name>> = own.into_iter().cloned().collect();
        found.extend(names.of(address).iter().cloned());
        in_order(&mut found);
        let range = self.ranges().get(address);
        let first = found.first();
        let said = |name: &Name| format!("{name} ({})", name.said_by());
        match (first, range) {
            (Some(name), None) => Some(said(name)),
            (Some(name), Some(_)) if own.is_some() => Some(said(name)),
            (_, Some(range)) => Some(format!("AWS {} {} (aws)", range.service, range.region)),
            (None, None) => None,
        }
    }
}

impl Inquiry {
    /// The external addresses of the rows, the largest tables' rows first, that
    /// others can be asked about, and whether each is AWS's.
    pub fn askable(&self, found: &Investigation, offline: Offline<'_>) -> Vec<(IpAddr, bool)> {
        let mut seen = HashSet::new();
        let rows = found.tables.iter().flat_map(|table| {
            let rows = table.rows.iter();
            rows.filter_map(|row| self.external(table, &row.cells))
        });
        rows.filter_map(askable)
            .filter(|address| seen.insert(*address))
            .map(|address| (address, offline.ranges().get(address).is_some()))
            .collect()
    }

    /// Says whose the external addresses of the rows are.
    pub fn name(&self, found: &mut Investigation, names: &Names, offline: Offline<'_>) {
        for table in &mut found.tables {
            let mut rows = std::mem::take(&mut table.rows);
            for row in &mut rows {
                let external = self.external(table, &row.cells);
                row.organization =
                    external.and_then(|address| offline.organization(address, names));
            }
            table.rows = rows;
        }
        found.warnings.extend(names.warnings.iter().cloned());
    }

    /// The first of a row's addresses that is external.
    fn external(&self, table: &Table, cells: &[Cell]) -> Option<IpAddr> {
        let mut addresses =
            table
                .columns
                .iter()
                .zip(cells)
                .filter_map(|(column, cell)| match cell {
                    Cell::Text(text) if column.kind == ColumnKind::Address => text.parse().ok(),
                    _ => None,
                });
        addresses.find(|address| !self.is_inside(*address))
    }
}
