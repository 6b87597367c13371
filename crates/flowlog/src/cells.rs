//! Sums by pair and minute: what a table keeps beside its rows if it is folded by
//! time, so that any part of the time can be looked at later.
//!
//! Records wait in a list, each with the number of its row, and are added up
//! when there are many: counted into their rows, which needs no comparison, and
//! then ordered by the minute within each. A sum takes 16 bytes.
//!
//! **Invariants.** Sums are exact: what 32 bits do not hold is in further cells of
//! the same minute. There are at most [`MOST`] sums (256 MiB): where more would be
//! needed all are told by a longer period, the shortest that suffices. Which that
//! is depends on the records alone and not on their order or on how tables were
//! merged. Knows no pair: rows are numbers.

use crate::timeline::PERIODS;

/// How many sums there are at the most.
const MOST: usize = 1 << 24;
/// How many records wait at the least before they are added up.
const WAITING: usize = 1 << 20;
/// Seconds of a minute.
pub(crate) const MINUTE: u64 = 60;
/// The minute of what has no time, or one that is beyond the year 4000.
pub(crate) const NO_MINUTE: u32 = u32::MAX;
/// Bits of a minute's number.
const MINUTE_BITS: u32 = 30;
const MINUTES: u32 = (1 << MINUTE_BITS) - 1;
/// In a [`Part`], beside its minute: it goes down.
const DOWN: u32 = 1 << MINUTE_BITS;
/// In a [`Part`], beside its minute: its bytes are in units of 2^64.
const HIGH: u32 = 1 << (MINUTE_BITS + 1);

/// The minute in which that second lies, or [`NO_MINUTE`].
#[inline(always)]
pub(crate) fn minute(second: u64) -> u32 {
    let minute = second / MINUTE;
    match minute > u64::from(MINUTES) {
        true => NO_MINUTE,
        false => minute as u32,
    }
}

/// Whether it is the number of a minute.
pub(crate) fn is_minute(number: u32) -> bool {
    number <= MINUTES
}

/// Minutes of the period in that place of [`PERIODS`].
pub(crate) fn minutes(level: usize) -> u32 {
    let minutes = PERIODS[level.min(PERIODS.len() - 1)] / MINUTE;
    u32::try_from(minutes).map_or(MINUTES, |minutes| minutes.min(MINUTES))
}

/// What a row moved in a minute: 32 bits of each number. Which bits these are
/// stands above the minute; nearly all sums have nothing but the lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    when: u32,
    records: u32,
    up: u32,
    down: u32,
}

/// A whole sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) minute: u32,
    pub(crate) records: u64,
    pub(crate) up: u128,
    pub(crate) down: u128,
}

/// What waits to be added to a row.
#[derive(Clone, Copy, Default)]
struct Part {
    row: u32,
    when: u32,
    records: u32,
    bytes: u64,
}

/// Sums by row and minute.
#[derive(Clone, Default)]
pub(crate) struct Cells {
    /// The place of the period in [`PERIODS`].
    level: usize,
    waiting: Vec<Part>,
    /// Where the cells of each row begin, and at last where they end.
    starts: Vec<u32>,
    cells: Vec<Cell>,
}

impl Cell {
    /// The minute.
    #[inline(always)]
    pub(crate) fn minute(self) -> u32 {
        self.when & MINUTES
    }

    /// Records, bytes up, bytes down, and by how many bits they are to be shifted.
    #[inline(always)]
    pub(crate) fn numbers(self) -> ([u32; 3], u32) {
        let shift = (self.when >> MINUTE_BITS) * 32;
        ([self.records, self.up, self.down], shift)
    }
}

/// The whole sums that the cells of a row are.
pub(crate) fn wholes(cells: &[Cell]) -> impl Iterator<Item = Whole> {
    let same = |one: &Cell, other: &Cell| one.minute() == other.minute();
    cells.chunk_by(same).map(|cells| {
        let mut whole = Whole::default();
        for cell in cells {
            whole.minute = cell.minute();
            let ([records, up, down], shift) = cell.numbers();
            whole.records |= u64::from(records).checked_shl(shift).unwrap_or(0);
            whole.up |= u128::from(up) << shift;
            whole.down |= u128::from(down) << shift;
        }
        whole
    })
}

/// Appends the cells of a whole sum.
pub(crate) fn put(whole: Whole, cells: &mut Vec<Cell>) {
    let Whole {
        minute,
        records,
        up,
        down,
    } = whole;
    cells.push(Cell {
        when: minute,
        records: records as u32,
        up: up as u32,
        down: down as u32,
    });
    if (up | down) >> 32 == 0 && records >> 32 == 0 {
        return;
    }
    for limb in 1..4 {
        let shift = limb * 32;
        let cell = Cell {
            when: minute | limb << MINUTE_BITS,
            records: records.checked_shr(shift).unwrap_or(0) as u32,
            up: (up >> shift) as u32,
            down: (down >> shift) as u32,
        };
        if cell.records | cell.up | cell.down != 0 {
            cells.push(cell);
        }
    }
}

impl Cells {
    /// Of rows whose sums are known already.
    pub(crate) fn of(level: usize, starts: Vec<u32>, cells: Vec<Cell>) -> Cells {
        Cells {
            level,
            waiting: Vec::new(),
            starts,
            cells,
        }
    }

    /// The level, where each row's cells begin, and the cells. Nothing may wait.
    pub(crate) fn into_parts(self) -> (usize, Vec<u32>, Vec<Cell>) {
        debug_assert!(self.waiting.is_empty(), "add up first");
        (self.level, self.starts, self.cells)
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The place of the period among all that there are.
    pub(crate) fn level(&self) -> usize {
        self.level
    }

    /// Adds a record of the row.
    #[inline(always)]
    pub(crate) fn add(&mut self, row: u32, minute: u32, is_down: bool, records: u32, bytes: u64) {
        if minute != NO_MINUTE {
            self.waiting.push(Part {
                row,
                when: minute | if is_down { DOWN } else { 0 },
                records,
                bytes,
            });
        }
    }

    /// Adds one direction of a sum.
    pub(crate) fn add_whole(&mut self, row: u32, minute: u32, is_down: bool, bytes: u128) {
        if bytes as u64 > 0 {
            self.add(row, minute, is_down, 0, bytes as u64);
        }
        if bytes >> 64 > 0 {
            self.add(row, minute | HIGH, is_down, 0, (bytes >> 64) as u64);
        }
    }

    /// Adds records of a sum.
    pub(crate) fn add_records(&mut self, row: u32, minute: u32, mut records: u64) {
        while records > 0 {
            let some = u32::try_from(records).unwrap_or(u32::MAX);
            self.add(row, minute, false, some, 0);
            records -= u64::from(some);
        }
    }

    /// The cells of a row. Nothing may wait.
    pub(crate) fn of_row(&self, row: u32) -> &[Cell] {
        let place = |row: usize| self.starts.get(row).map(|start| *start as usize);
        match (place(row as usize), place(row as usize + 1)) {
            (Some(start), Some(end)) => &self.cells[start..end],
            _ => &[],
        }
    }

    /// Whether so many wait that they should be added up.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING && self.waiting.len() >= self.cells.len() / 4
    }

    /// Makes the period at least that long; before anything is added.
    pub(crate) fn lengthen(&mut self, level: usize) {
        if level > self.level {
            self.level = level.min(PERIODS.len() - 1);
            self.again();
        }
    }

    /// Adds up what waits, of so many rows.
    pub(crate) fn add_up(&mut self, rows: usize) {
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            self.join(rows, &by_row(&waiting, rows));
            self.waiting = waiting;
            self.waiting.clear();
        }
        // Rows without a time have no cells.
        let end = self.cells.len() as u32;
        self.starts.resize(rows + 1, end);
        while self.count() > MOST && self.level + 1 < PERIODS.len() {
            self.level += 1;
            self.again();
        }
    }

    /// How many sums there are.
    fn count(&self) -> usize {
        match self.cells.len() > MOST {
            false => self.cells.len(),
            true => self
                .cells
                .iter()
                .filter(|cell| cell.when <= MINUTES)
                .count(),
        }
    }

    /// Tells all times by the period that there is now.
    fn again(&mut self) {
        let rows = self.starts.len().saturating_sub(1);
        self.join(rows, &(vec![0; rows + 1], Vec::new()));
    }

    fn join(&mut self, rows: usize, (ends, parts): &(Vec<u32>, Vec<Part>)) {
        let minutes = minutes(self.level);
        let begin = |when: u32| (when & MINUTES) - (when & MINUTES) % minutes;
        let mut cells = Vec::with_capacity(self.cells.len() + parts.len());
        let mut starts = Vec::with_capacity(rows + 1);
        let mut sums: Vec<Whole> = Vec::new();
        for row in 0..rows {
            starts.push(cells.len() as u32);
            sums.clear();
            sums.extend(wholes(self.of_row(row as u32)).map(|whole| Whole {
                minute: begin(whole.minute),
                ..whole
            }));
            let from = if row == 0 { 0 } else { ends[row - 1] };
            for part in parts.get(from as usize..ends[row] as usize).unwrap_or(&[]) {
                let bytes = match part.when & HIGH {
                    0 => u128::from(part.bytes),
                    _ => u128::from(part.bytes) << 64,
                };
                let is_down = part.when & DOWN != 0;
                sums.push(Whole {
                    minute: begin(part.when),
                    records: part.records.into(),
                    up: if is_down { 0 } else { bytes },
                    down: if is_down { bytes } else { 0 },
                });
            }
            if !sums.is_sorted_by_key(|sum| sum.minute) {
                sums.sort_unstable_by_key(|sum| sum.minute);
            }
            for same in sums.chunk_by(|one, other| one.minute == other.minute) {
                let mut all = same[0];
                for more in &same[1..] {
                    all.records += more.records;
                    all.up += more.up;
                    all.down += more.down;
                }
                put(all, &mut cells);
            }
        }
        starts.push(cells.len() as u32);
        cells.shrink_to_fit();
        (self.starts, self.cells) = (starts, cells);
    }
}

/// The parts in the order of rows, and where those of each row end.
fn by_row(parts: &[Part], rows: usize) -> (Vec<u32>, Vec<Part>) {
    let mut places = vec![0u32; rows];
    for part in parts {
        places[part.row as usize] += 1;
    }
    let mut start = 0;
    for place in &mut places {
        start += std::mem::replace(place, start);
    }
    let mut ordered = vec![Part::default(); parts.len()];
    for part in parts {
        let place = &mut places[part.row as usize];
        ordered[*place as usize] = *part;
        *place += 1;
    }
    (places, ordered)
}
