// The lock under which the prices of a match are judged, held until the marks of a move stand.
// Never knows: prices, odds markets, feeds, or what a mark covers.
// Read next: `odds.rs`, which judges by it; `../truth/generation.rs` for what is promised by that.

use crate::policy::{DriftBound, Moved};
use crate::sync::Mutex;

/// What prices are judged by, behind the lock of their match.
#[derive(Debug)]
pub struct Judged<T>(Mutex<T>);

/// References that a move renews.
pub trait Renew {
    /// The bound of a move, if there is one, once every newest price is its reference.
    fn renew(&mut self, moved: Moved) -> Option<DriftBound>;
    /// Whether moves are counted only.
    fn is_dry_run(&self) -> bool;
}

/// What a move, and what readers see, does to a match.
pub trait Marks {
    /// Readers see another status, other feeds, or trust other prices.
    fn changed(&self);
    /// The match has moved beyond this bound. Returns how many entries died by it.
    fn moved(&self, bound: DriftBound) -> u64;
}

/// A move of a match's prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The bound beyond which they have moved.
    pub bound: DriftBound,
    /// How many entries died by it.
    pub died: u64,
    /// Nothing was done about it.
    pub is_dry_run: bool,
}

impl<T: Renew> Judged<T> {
    /// What is judged by these references.
    pub fn new(by: T) -> Judged<T> {
        Judged(Mutex::new(by))
    }

    /// Takes something in that returns beyond which bounds the match has moved by it, then marks the
    /// match if that is a move.
    pub fn judge<R>(
        &self,
        marks: &impl Marks,
        take_in: impl FnOnce(&mut T) -> (Moved, R),
    ) -> (R, Option<Move>) {
        let mut by = self.0.lock();
        let (moved, taken) = take_in(&mut by);
        // References are renewed and marks raised under one lock: whoever is judged by renewed
        // references returns after the marks stand, and may count on what was computed before being
        // covered. Model: an_observation_that_is_no_move_*.
        let renewed = if moved == Moved::default() { None } else { by.renew(moved) };
        let marked = renewed.map(|bound| {
            let is_dry_run = by.is_dry_run();
            let died = if is_dry_run { 0 } else { marks.moved(bound) };
            Move { bound, died, is_dry_run }
        });
        (taken, marked)
    }
}
