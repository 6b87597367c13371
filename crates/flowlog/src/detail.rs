//! The columns that only filters and watches want, read beside the others.
//!
//! **Invariants.** A table without a filter or a watch pays nothing for this. The
//! fast and the slow way read the same of the same line, or the fast one nothing.

use crate::counts::MalformedReason;
use crate::dictionary::Texts;
use crate::filter::{Filter, Matcher, OTHER_FIELDS};
use crate::index::Line;
use crate::line::{LineReader, Slot, Words, number};
use crate::record::{Names, Record, Watch};
use crate::word;

/// Records that are shown to a watch in one go.
const BATCH: usize = 256;

/// What stands for a value that a record does not have.
pub(crate) const NO_VALUE: u64 = u64::MAX;

/// Values of fields that only the filter asks for: numbers, or codes of texts.
pub(crate) type Others = [u64; OTHER_FIELDS];

/// A filter, a watch, and records on their way to it.
#[derive(Default)]
pub(crate) struct Detail {
    filter: Option<Matcher>,
    /// What the filter leaves out is not watched, but is in the sums.
    sums_all: bool,
    watch: Option<Box<dyn Watch>>,
    waiting: Vec<Record>,
    /// Texts of fields that only the filter asks for.
    texts: Texts,
}

impl Clone for Detail {
    fn clone(&self) -> Detail {
        Detail {
            filter: self.filter.clone(),
            sums_all: self.sums_all,
            watch: self.watch.as_ref().map(|watch| watch.boxed()),
            waiting: self.waiting.clone(),
            texts: self.texts.clone(),
        }
    }
}

/// What a line says beside the table's own columns.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    pub(crate) ports: [Option<u16>; 2],
    pub(crate) protocol: Option<u8>,
    pub(crate) packets: Option<u64>,
    pub(crate) tcp_flags: Option<u8>,
    others: Others,
}

impl Columns {
    /// A record that has these and nothing else.
    #[inline(always)]
    pub(crate) fn record(&self) -> Record {
        Record {
            packets: self.packets,
            ports: self.ports,
            protocol: self.protocol,
            tcp_flags: self.tcp_flags,
            ..Record::default()
        }
    }
}

impl Detail {
    /// Has only what the filter lets through counted.
    pub(crate) fn of_filter(filter: &Filter) -> Detail {
        Detail {
            filter: Some(Matcher::new(filter)),
            ..Detail::default()
        }
    }

    /// Has what the filter lets through watched.
    pub(crate) fn of_watch(watch: Box<dyn Watch>, filter: Option<&Filter>) -> Detail {
        Detail {
            filter: filter.map(Matcher::new),
            sums_all: true,
            watch: Some(watch),
            ..Detail::default()
        }
    }

    pub(crate) fn take_watch(&mut self, names: Names<'_>) -> Option<Box<dyn Watch>> {
        self.settle(names);
        self.watch.take()
    }

    /// Whether the sums lack what the filter leaves out.
    pub(crate) fn is_filtered(&self) -> bool {
        self.filter.is_some() && !self.sums_all
    }

    /// Reads the columns of a line whose words all have their usual lengths.
    #[inline]
    pub(crate) fn fast(
        &mut self,
        reader: &LineReader,
        text: &[u8],
        line: Line<'_>,
    ) -> Option<Columns> {
        let value = |slot: Slot| -> Option<Option<u64>> {
            match reader.column(slot) {
                None => Some(None),
                Some(column) => {
                    let (start, end) = line.word(column);
                    if text.get(start..end)? == b"-" {
                        return Some(None);
                    }
                    word::number(text, start, end).map(Some)
                }
            }
        };
        let small = |slot| narrow(value(slot)?);
        let columns = Columns {
            ports: [port(value(Slot::SrcPort)?)?, port(value(Slot::DstPort)?)?],
            protocol: small(Slot::Protocol)?,
            packets: value(Slot::Packets)?,
            tcp_flags: small(Slot::TcpFlags)?,
            others: [NO_VALUE; OTHER_FIELDS],
        };
        let Some(filter) = &self.filter else {
            return Some(columns);
        };
        let word = |column| {
            let (start, end) = line.word(column);
            text.get(start..end)
        };
        let others = others(filter, &mut self.texts, reader, word).ok()?;
        Some(Columns { others, ..columns })
    }

    /// Reads the columns of any line.
    pub(crate) fn slow(
        &mut self,
        reader: &LineReader,
        line: &[u8],
        words: &Words<'_>,
    ) -> Result<Columns, MalformedReason> {
        let value = |slot| number(words.get(slot));
        let small = |slot| narrow(value(slot)?).ok_or(MalformedReason::Number);
        let port = |slot| port(value(slot)?).ok_or(MalformedReason::Number);
        let columns = Columns {
            ports: [port(Slot::SrcPort)?, port(Slot::DstPort)?],
            protocol: small(Slot::Protocol)?,
            packets: value(Slot::Packets)?,
            tcp_flags: small(Slot::TcpFlags)?,
            others: [NO_VALUE; OTHER_FIELDS],
        };
        let Some(filter) = &self.filter else {
            return Ok(columns);
        };
        let word = |column| line.split(|byte| *byte == b' ').nth(column);
        let others = others(filter, &mut self.texts, reader, word)?;
        Ok(Columns { others, ..columns })
    }

    /// Whether the filter lets the record through; then it waits to be watched.
    #[inline]
    pub(crate) fn admits(&mut self, record: &Record, columns: &Columns, names: Names<'_>) -> bool {
        if let Some(filter) = &mut self.filter
            && !filter.admits(record, &columns.others, names, &self.texts)
        {
            return false;
        }
        if self.watch.is_some() {
            self.waiting.push(*record);
            if self.waiting.len() >= BATCH {
                self.settle(names);
            }
        }
        true
    }

    /// Shows the watch what waits.
    pub(crate) fn settle(&mut self, names: Names<'_>) {
        if let Some(watch) = &mut self.watch
            && !self.waiting.is_empty()
        {
            watch.records(&self.waiting, names);
        }
        self.waiting.clear();
    }

    /// Adds what the other's watch has seen; nothing may wait.
    pub(crate) fn merge(&mut self, other: Detail) {
        match (&mut self.watch, other.watch) {
            (Some(watch), Some(other)) => watch.merge(other),
            (own @ None, Some(mut other)) => {
                other.moved();
                *own = Some(other);
            }
            (_, None) => {}
        }
    }

    /// The same for another table.
    pub(crate) fn moved(mut self) -> Detail {
        if let Some(filter) = &mut self.filter {
            filter.forget();
        }
        if let Some(watch) = &mut self.watch {
            watch.moved();
        }
        self.texts = Texts::default();
        self
    }
}

/// Values of the fields that only the filter asks for.
fn others<'a>(
    filter: &Matcher,
    texts: &mut Texts,
    reader: &LineReader,
    word: impl Fn(usize) -> Option<&'a [u8]>,
) -> Result<Others, MalformedReason> {
    let mut others = [NO_VALUE; OTHER_FIELDS];
    for (place, other) in filter.others().iter().enumerate() {
        let Some(column) = reader.column_of(other.field) else {
            continue;
        };
        let word = word(column).ok_or(MalformedReason::FieldCount)?;
        if word == b"-" || word.is_empty() {
            continue;
        }
        others[place] = match other.is_number {
            true => number(word)?.unwrap_or(NO_VALUE),
            false => u64::from(texts.code(word)),
        };
    }
    Ok(others)
}

fn port(value: Option<u64>) -> Option<Option<u16>> {
    match value {
        None => Some(None),
        Some(value) => u16::try_from(value).ok().map(Some),
    }
}

fn narrow(value: Option<u64>) -> Option<Option<u8>> {
    match value {
        None => Some(None),
        Some(value) => u8::try_from(value).ok().map(Some),
    }
}
