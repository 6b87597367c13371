//! Objects as tables: those that were read before from the cache, the others
//! in any form that a file may have.

use super::Request;
use adapters::cache::Cache;
use adapters::files::{self, Meter};
use adapters::s3::{Body, Object, Tables};
use flowlog::FlowTable;
use std::error::Error;
use std::sync::Arc;

pub(super) struct Objects {
    /// What a table starts as.
    empty: FlowTable,
    /// The layout that was named, which changes what is read.
    layout: String,
    meter: Arc<Meter>,
    cache: Option<Arc<Cache>>,
}

impl Objects {
    pub(super) fn new(request: &Request<'_>, cache: Option<Arc<Cache>>) -> Objects {
        let layout = request.layout.as_ref();
        Objects {
            empty: request.empty(),
            layout: layout.map_or(String::new(), |layout| format!("{:?}", layout.columns())),
            meter: Arc::clone(&request.meter),
            cache,
        }
    }

    /// The cache and the object's name in it; an object without an ETag may
    /// change and has none.
    fn cached(&self, object: &Object) -> Option<(&Cache, String)> {
        let cache = self.cache.as_deref()?;
        let etag = object.etag.as_deref()?;
        let size = object.size.to_string();
        let parts = [&object.bucket, &object.key, etag, &size, &self.layout];
        Some((cache, cache.name(&parts)))
    }

    fn was_read(&self, table: &FlowTable, bytes: u64) {
        self.meter.add_bytes(bytes);
        self.meter.add_file();
        self.meter.add_records(table.counts().read);
    }
}

impl Tables for Objects {
    fn known(&self, object: &Object) -> Option<FlowTable> {
        let (cache, name) = self.cached(object)?;
        let known = cache.recall(&name)?;
        self.was_read(&known, object.size);
        // The limit of keys is this run's.
        let mut table = self.empty.clone();
        table.merge(known);
        Some(table)
    }

    fn read(&self, object: &Object, body: Body) -> Result<FlowTable, Box<dyn Error + Send + Sync>> {
        let mut table = self.empty.clone();
        match body {
            Body::Memory(content) => files::read_bytes(&object.url(), content, &mut table)?,
            Body::File(file) => files::read_file(&object.url(), file.reopen()?, &mut table)?,
        }
        if let Some((cache, name)) = self.cached(object) {
            cache.keep(&name, &table);
        }
        self.was_read(&table, object.size);
        Ok(table)
    }
}
