//! Nothing: this package is its tests, under `it`.
