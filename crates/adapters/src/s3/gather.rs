//! Many objects into one table: listed, fetched and folded at the same time.
//!
//! **Invariants.** Every object is folded into a table of its own, which joins
//! the others only when the object was read to its end: a failed object leaves
//! no trace in a figure. At most [`FETCHES`] objects and [`MEMORY`] bytes of
//! them are held, however many there are. An object counts once, however often
//! it is found.

use super::keys::Choice;
use super::plan::Listing;
use super::{Body, IN_MEMORY, Object, Place, S3};
use flowlog::FlowTable;
use recorder::PortError;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Objects under way at a time: fetching is waiting, mostly.
const FETCHES: usize = 32;
/// Bytes of objects in memory at a time.
const MEMORY: u64 = 64 << 20;
/// Listings under way at a time.
const LISTINGS: usize = 8;
/// Objects that are listed ahead.
const AHEAD: usize = 4_096;
/// How many names are kept of what occurs often.
const EXAMPLES: usize = 10;

/// What makes tables of objects; it is called from many threads.
pub trait Tables: Send + Sync {
    /// The table of the object, if it is known without reading the object.
    fn known(&self, object: &Object) -> Option<FlowTable>;

    /// The table of the object with that content, all of it.
    fn read(&self, object: &Object, body: Body) -> Result<FlowTable, Box<dyn Error + Send + Sync>>;
}

/// How to go about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Read on without what cannot be read.
    pub keep_going: bool,
}

/// Something that could not be read.
#[derive(Debug)]
pub struct Missing {
    /// `s3://bucket/key`, or the prefix that could not be listed.
    pub name: String,
    /// Why.
    pub error: Box<dyn Error + Send + Sync>,
}

/// What was read.
#[derive(Default)]
pub struct Gathered {
    /// The flows.
    pub table: FlowTable,
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes, as stored.
    pub bytes: u64,
    /// The regions that the names of objects say.
    pub regions: BTreeSet<String>,
    /// What could not be read, by name.
    pub missing: Vec<Missing>,
    /// How many objects were found more than once.
    pub repeated: u64,
    /// How many objects have no time in their names where one is asked for.
    pub timeless: u64,
    /// The first of both.
    pub examples: Vec<String>,
}

enum Found {
    Object(Object),
    Timeless(Object),
    Missing(Missing),
}

/// Reads everything that is wanted of all places.
///
/// Errors: the first listing or object that fails, unless told to go on.
pub async fn gather(
    s3: Arc<S3>,
    places: Vec<Place>,
    tables: Arc<dyn Tables>,
    options: Options,
) -> Result<Gathered, Missing> {
    let (found, mut finds) = mpsc::channel(AHEAD);
    let mut tasks = JoinSet::new();
    let mut listers = JoinSet::new();
    listers.spawn(list(Arc::clone(&s3), places, found));
    let workers = Arc::new(Workers::new(s3, tables));
    let mut gathered = Gathered::default();
    let mut seen = Seen::default();
    let mut listing = true;
    while listing || !tasks.is_empty() {
        tokio::select! {
            find = finds.recv(), if listing && tasks.len() < FETCHES => match find {
                None => listing = false,
                Some(Found::Missing(missing)) => gathered.lacks(missing, options)?,
                Some(Found::Timeless(object)) => {
                    gathered.timeless += 1;
                    gathered.example(&object);
                }
                Some(Found::Object(object)) if !seen.first(&object) => {
                    gathered.repeated += 1;
                    gathered.example(&object);
                }
                Some(Found::Object(object)) => {
                    gathered.regions.extend(object.region().map(str::to_owned));
                    tasks.spawn(Arc::clone(&workers).read(object));
                }
            },
            Some(done) = tasks.join_next() => match done {
                Ok(Ok(size)) => {
                    gathered.objects += 1;
                    gathered.bytes += size;
                }
                Ok(Err(missing)) => gathered.lacks(missing, options)?,
                Err(panic) => gathered.lacks(
                    Missing { name: "an object".to_owned(), error: panic.into() },
                    options,
                )?,
            },
        }
    }
    gathered
        .missing
        .sort_by(|one, other| one.name.cmp(&other.name));
    gathered.table = workers.joined();
    Ok(gathered)
}

impl Gathered {
    fn lacks(&mut self, missing: Missing, options: Options) -> Result<(), Missing> {
        if options.keep_going {
            self.missing.push(missing);
            Ok(())
        } else {
            Err(missing)
        }
    }

    fn example(&mut self, object: &Object) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(object.url());
        }
    }
}

async fn list(s3: Arc<S3>, places: Vec<Place>, found: mpsc::Sender<Found>) {
    let slots = Arc::new(Semaphore::new(LISTINGS));
    let mut tasks = JoinSet::new();
    for place in places {
        let place = Arc::new(place);
        let listings = match place.listings(&s3).await {
            Ok(listings) => listings,
            Err(error) => {
                let _ = found
                    .send(Found::Missing(missing(place.url(), error)))
                    .await;
                continue;
            }
        };
        for listing in listings {
            // Nobody is left to list for once the receiver is gone.
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            let (s3, place, found) = (Arc::clone(&s3), Arc::clone(&place), found.clone());
            if found.is_closed() {
                return;
            }
            tasks.spawn(async move {
                let _slot = slot;
                list_one(&s3, &place, listing, &found).await;
            });
            while tasks.try_join_next().is_some() {}
        }
    }
    tasks.join_all().await;
}

async fn list_one(s3: &S3, place: &Place, listing: Listing, found: &mpsc::Sender<Found>) {
    let prefix = match listing {
        Listing::Object(object) => {
            let _ = found.send(Found::Object(object)).await;
            return;
        }
        Listing::Prefix(prefix) => prefix,
    };
    let mut token = None;
    loop {
        let page = match s3.page(&place.bucket, &prefix, token).await {
            Ok((page, next)) => {
                token = next;
                page
            }
            Err(error) => {
                let name = format!("s3://{}/{prefix}", place.bucket);
                let _ = found.send(Found::Missing(missing(name, error))).await;
                return;
            }
        };
        for object in page {
            let find = match place.selection.choice(&object.key) {
                Choice::Wanted => Found::Object(object),
                Choice::Timeless => Found::Timeless(object),
                Choice::Other => continue,
            };
            if found.send(find).await.is_err() {
                return;
            }
        }
        if token.is_none() {
            return;
        }
    }
}

fn missing(name: String, error: PortError) -> Missing {
    Missing {
        name,
        error: error.into(),
    }
}

/// The objects that were there before, by 128 bits of hash: a bucket may hold
/// millions, and their names would be most of the memory.
#[derive(Default)]
struct Seen {
    one: RandomState,
    other: RandomState,
    hashes: HashSet<(u64, u64)>,
}

impl Seen {
    fn first(&mut self, object: &Object) -> bool {
        let name = (&object.bucket, &object.key);
        let hash = (self.one.hash_one(name), self.other.hash_one(name));
        self.hashes.insert(hash)
    }
}

struct Workers {
    s3: Arc<S3>,
    tables: Arc<dyn Tables>,
    memory: Arc<Semaphore>,
    folds: Arc<Semaphore>,
    joined: Mutex<Vec<FlowTable>>,
}

impl Workers {
    fn new(s3: Arc<S3>, tables: Arc<dyn Tables>) -> Workers {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Workers {
            s3,
            tables,
            memory: Arc::new(Semaphore::new(kibibytes(MEMORY) as usize)),
            folds: Arc::new(Semaphore::new(cores)),
            joined: Mutex::default(),
        }
    }

    /// Reads one object and adds it to what was read before; returns its size.
    async fn read(self: Arc<Self>, object: Object) -> Result<u64, Missing> {
        let name = object.url();
        let failed = |error| Missing {
            name: name.clone(),
            error,
        };
        // Closed semaphores and ended tasks are for programs that are ending.
        let fold = Arc::clone(&self.folds).acquire_owned().await;
        let this = Arc::clone(&self);
        let (object, is_known) = tokio::task::spawn_blocking(move || {
            let _permit = fold;
            let known = this.tables.known(&object);
            let is_known = known.is_some();
            known.into_iter().for_each(|table| this.add(table));
            (object, is_known)
        })
        .await
        .map_err(|panic| failed(panic.into()))?;
        if is_known {
            return Ok(object.size);
        }
        let held = kibibytes(object.size.min(IN_MEMORY));
        let memory = Arc::clone(&self.memory).acquire_many_owned(held).await;
        let body = match self.s3.fetch(&object).await {
            Ok(body) => body,
            Err(error) => return Err(failed(error.into())),
        };
        let fold = Arc::clone(&self.folds).acquire_owned().await;
        let this = Arc::clone(&self);
        let folded = tokio::task::spawn_blocking(move || {
            let _permits = (memory, fold);
            let table = this.tables.read(&object, body)?;
            this.add(table);
            Ok(object.size)
        })
        .await;
        match folded {
            Ok(Ok(size)) => Ok(size),
            Ok(Err(error)) => Err(failed(error)),
            Err(panic) => Err(failed(panic.into())),
        }
    }

    /// Joins the table with another one, if there is one that is free.
    fn add(&self, table: FlowTable) {
        let free = self.lock().pop();
        let joined = match free {
            Some(mut free) => {
                free.merge(table);
                free
            }
            None => table,
        };
        self.lock().push(joined);
    }

    fn joined(&self) -> FlowTable {
        let mut tables = std::mem::take(&mut *self.lock()).into_iter();
        let mut whole = tables.next().unwrap_or_default();
        for table in tables {
            whole.merge(table);
        }
        whole
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<FlowTable>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At least one, so that also empty objects wait for their turn.
fn kibibytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024))
        .unwrap_or(u32::MAX)
        .max(1)
}
