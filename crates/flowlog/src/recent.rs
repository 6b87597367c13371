//! What the last lines had, because the next one most likely has it too.
//!
//! Words that repeat (an interface, a time, a workload's address, the run of
//! columns that stay the same for many lines) are compared with those of the
//! line before and read only where they differ.
//!
//! **Invariants.** A memory and nothing else: what is said of a word is what
//! reading it would say.

use crate::counts::Window;
use crate::dictionary::{NONE, Texts};
use crate::line::{Slot, Steady};
use crate::word::{self, Letters};

/// What the last lines had, because the next one most likely has it too.
#[derive(Clone, Default)]
pub(crate) struct Recent {
    pub(crate) interface: Box<[u8]>,
    pub(crate) interface_code: u32,
    start: LastNumber,
    end: LastNumber,
    pub(crate) steady: LastRun,
    services: [((u64, u64, usize), u32); 8],
    addresses: Addresses4,
}

/// The steady columns of the last line, and what they say. Its times are in
/// the window already.
#[derive(Clone, Default)]
pub(crate) struct LastRun {
    order: [u16; 4],
    text: Vec<u8>,
    pub(crate) is_reject: bool,
    /// When its records begin and end.
    pub(crate) window: Option<Window>,
}

/// Places for addresses; a power of two.
const ADDRESSES: usize = 1 << 10;

/// IPv4 addresses by their letters: a workload comes again and again, and the
/// gateway in every line.
#[derive(Clone)]
struct Addresses4(Box<[(Letters, u32); ADDRESSES]>);

impl Default for Addresses4 {
    fn default() -> Addresses4 {
        Addresses4(Box::new([Default::default(); ADDRESSES]))
    }
}

/// A number and the last eight of its digits.
#[derive(Clone, Copy, Default)]
struct LastNumber {
    digits: [u8; 8],
    length: usize,
    lead: [u8; 2],
    value: u64,
}

impl LastNumber {
    #[inline]
    fn read(&mut self, text: &[u8], (start, end): (usize, usize)) -> Option<u64> {
        let digits: [u8; 8] = text.get(end.wrapping_sub(8)..end)?.try_into().ok()?;
        let lead: [u8; 2] = text.get(start..start + 2)?.try_into().ok()?;
        let length = end - start;
        // Numbers of up to ten digits are all there in these parts.
        if length != 10 || digits != self.digits || lead != self.lead || self.length != 10 {
            let value = word::number(text, start, end)?;
            *self = LastNumber {
                digits,
                length,
                lead,
                value,
            };
        }
        Some(self.value)
    }
}

impl LastRun {
    #[inline(always)]
    pub(crate) fn is(&self, steady: Steady, run: &[u8]) -> bool {
        self.order == steady.order && same(&self.text, run)
    }

    #[cold]
    pub(crate) fn learn(
        &mut self,
        steady: Steady,
        run: &[u8],
        is_reject: bool,
        window: Option<Window>,
    ) {
        self.order = steady.order;
        self.text.clear();
        self.text.extend_from_slice(run);
        self.is_reject = is_reject;
        self.window = window;
    }
}

/// Whether two texts are equal, without a call for the usual lengths.
#[inline(always)]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    let part =
        |text: &[u8], from: usize| Some(u128::from_le_bytes(*text.get(from..)?.first_chunk()?));
    let length = one.len();
    if length != other.len() {
        return false;
    }
    // Parts of 16 bytes, the last ones overlapping.
    match length {
        16..=32 => [0, length - 16]
            .iter()
            .all(|at| part(one, *at) == part(other, *at)),
        33..=64 => {
            let parts = [0, 16, length - 32, length - 16];
            parts.iter().all(|at| part(one, *at) == part(other, *at))
        }
        _ => one == other,
    }
}

impl Recent {
    /// Whether the record was rejected, and its times.
    #[inline]
    pub(crate) fn times_and_verdict(
        &mut self,
        text: &[u8],
        place: impl Fn(Slot) -> Option<(usize, usize)>,
    ) -> Option<(bool, Option<Window>)> {
        if let Some((start, end)) = place(Slot::LogStatus)
            && text.get(start..end)? != b"OK"
        {
            return None;
        }
        let is_reject = match place(Slot::Action) {
            None => false,
            Some((start, end)) => match text.get(start..end)? {
                b"ACCEPT" => false,
                b"REJECT" => true,
                _ => return None,
            },
        };
        let window = match (place(Slot::Start), place(Slot::End)) {
            (Some(start), Some(end)) => Some(Window {
                start: self.start.read(text, start)?,
                end: self.end.read(text, end)?,
            }),
            (None, None) => None,
            _ => return None,
        };
        Some((is_reject, window))
    }

    /// The address that is that word.
    #[inline(always)]
    pub(crate) fn ipv4(&mut self, text: &[u8], (start, end): (usize, usize)) -> Option<u32> {
        let letters = Letters::of(text, start, end)?;
        let known = &mut self.addresses.0[(letters.mixed() >> 54) as usize % ADDRESSES];
        if !known.0.is(letters) {
            *known = (letters, word::ipv4(text, start, end)?);
        }
        Some(known.1)
    }

    /// The code of the service that is that word, if there is one.
    #[inline(always)]
    pub(crate) fn service(
        &mut self,
        services: &mut Texts,
        text: &[u8],
        place: Option<(usize, usize)>,
    ) -> Option<u32> {
        match place {
            None => Some(NONE),
            Some((start, end)) if end - start == 1 && *text.get(start)? == b'-' => Some(NONE),
            Some((start, end)) => self.named_service(services, text, start, end),
        }
    }

    /// The code of a service's name; names of up to 16 bytes are found by two
    /// machine words.
    fn named_service(
        &mut self,
        services: &mut Texts,
        text: &[u8],
        start: usize,
        end: usize,
    ) -> Option<u32> {
        let name = text.get(start..end)?;
        if name == b"-" {
            return Some(NONE);
        }
        let length = name.len();
        if length > 16 {
            return Some(services.code(name));
        }
        let last = u64::from_le_bytes(text.get(end.wrapping_sub(8)..end)?.try_into().ok()?);
        let (first, last) = if length < 8 {
            (0, last >> (64 - 8 * length.max(1) as u32))
        } else {
            let first = text.get(start..start + 8)?;
            (u64::from_le_bytes(first.try_into().ok()?), last)
        };
        let letters = (first, last, length);
        let place = (first ^ first >> 17 ^ last ^ last >> 9) as usize % self.services.len();
        let (known, code) = self.services[place];
        if known == letters && code != NONE {
            return Some(code);
        }
        let code = services.code(name);
        self.services[place] = (letters, code);
        Some(code)
    }
}
