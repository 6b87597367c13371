//! The choices that make a run: the same choices give the same run.
//!
//! **Invariants.** A choice with a single option is none and is not recorded,
//! so a sequence of choices stays short enough to be written down.

use std::fmt;
use std::str::FromStr;

/// More options than things ever wait to go next.
const MANY: usize = 8;

/// The choices of a run: those that are given, and those that were made.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    given: Vec<usize>,
    made: Vec<(usize, usize)>,
    random: Option<u64>,
}

/// The choices of a run, written down: `0 2 0 1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequence(pub Vec<usize>);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Sequence {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Sequence, Self::Err> {
        let numbers = text.split_whitespace().map(str::parse);
        numbers.collect::<Result<_, _>>().map(Sequence)
    }
}

impl Choices {
    /// Takes these first; from then on always the first option.
    pub fn given(sequence: Sequence) -> Choices {
        Choices {
            given: sequence.0,
            made: Vec::new(),
            random: None,
        }
    }

    /// Chooses by chance, the same for the same seed.
    pub fn seeded(seed: u64) -> Choices {
        Choices {
            given: Vec::new(),
            made: Vec::new(),
            random: Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        }
    }

    /// Picks one of so many options.
    pub fn pick(&mut self, options: usize) -> usize {
        if options < 2 {
            return 0;
        }
        let given = self.given.get(self.made.len()).copied();
        let picked = given
            .unwrap_or_else(|| self.chance(options))
            .min(options - 1);
        self.made.push((picked, options));
        picked
    }

    /// The first option half of the time, so that runs stay near the usual order;
    /// where there are many (the ways a call goes wrong) nearly always.
    fn chance(&mut self, options: usize) -> usize {
        let Some(state) = &mut self.random else {
            return 0;
        };
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let number = usize::try_from(*state >> 33).unwrap_or(0);
        let usual = if options > MANY { 30 } else { 1 };
        match number % (usual + 1) {
            0 => (number / 64) % options,
            _ => 0,
        }
    }

    /// What was chosen, without the first options at the end.
    pub fn sequence(&self) -> Sequence {
        let mut made: Vec<usize> = self.made.iter().map(|(picked, _)| *picked).collect();
        while made.last() == Some(&0) {
            made.pop();
        }
        Sequence(made)
    }

    /// The choices of the next run, depth first; `None` after the last one.
    pub fn next(mut self) -> Option<Choices> {
        while let Some((picked, options)) = self.made.pop() {
            if picked + 1 < options {
                let mut given: Vec<usize> = self.made.iter().map(|(picked, _)| *picked).collect();
                given.push(picked + 1);
                return Some(Choices::given(Sequence(given)));
            }
        }
        None
    }
}
