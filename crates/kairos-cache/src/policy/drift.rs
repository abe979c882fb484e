// Drift: how far a price may move from where it was before what was computed then is out of date.
// Never knows: markets by name, matches, locks, or what a move does.
// Read next: `../matches/prices.rs`, which keeps the references.

/// The measure in which prices are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DriftMeasure {
    /// The natural logarithm of the price: a bound of 0.01 is about 1 % of the price.
    #[default]
    Price,
    /// The probability that the price implies, 1 / price: a bound of 0.01 is one percentage point.
    Probability,
}

impl DriftMeasure {
    /// Every measure.
    pub const ALL: &'static [DriftMeasure] = &[DriftMeasure::Price, DriftMeasure::Probability];

    /// Returns the measure's name in configuration.
    ///
    /// ```
    /// assert_eq!(kairos_cache::DriftMeasure::Price.name(), "price");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            DriftMeasure::Price => "price",
            DriftMeasure::Probability => "probability",
        }
    }

    /// Where a price stands in the measure.
    pub(crate) fn of(self, price: f64) -> f64 {
        match self {
            DriftMeasure::Price => price.ln(),
            DriftMeasure::Probability => 1.0 / price,
        }
    }
}

/// A distance as far from its limit as this counts as the limit itself.
const SLACK: f64 = 1e-12;

/// The bounds on drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftRule {
    /// Beyond it entries expire; zero for never.
    pub soft: f64,
    /// Beyond it entries die; zero for never.
    pub hard: f64,
    /// The measure in which prices are compared.
    pub measure: DriftMeasure,
    /// Moves are counted, and nothing expires or dies.
    pub dry_run: bool,
}

impl DriftRule {
    /// Whether any bound is on.
    pub(crate) fn is_on(&self) -> bool {
        self.soft > 0.0 || self.hard > 0.0
    }

    /// The bounds that a price at `x` exceeds, by how far it is from its references.
    ///
    /// Half the bound on either side of a reference: two prices that neither is a move from the same
    /// reference are within the bound of each other.
    pub(crate) fn exceeded(&self, x: f64, references: References) -> Moved {
        let beyond =
            |bound: f64, reference: f64| bound > 0.0 && (x - reference).abs() > bound / 2.0 + SLACK;
        Moved { soft: beyond(self.soft, references.soft), hard: beyond(self.hard, references.hard) }
    }

    /// What follows for a match whose prices moved beyond these bounds: hard is looked at first.
    pub(crate) fn bound_of(&self, moved: Moved) -> Option<DriftBound> {
        if moved.hard && self.hard > 0.0 {
            Some(DriftBound::Hard)
        } else {
            (moved.soft && self.soft > 0.0).then_some(DriftBound::Soft)
        }
    }
}

/// Where a price stood at the last move of each bound, in the measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct References {
    /// By the soft bound.
    pub soft: f64,
    /// By the hard one.
    pub hard: f64,
}

/// The bounds beyond which prices have moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// The soft one.
    pub soft: bool,
    /// The hard one.
    pub hard: bool,
}

impl Moved {
    /// What counts for both bounds: prices that nothing was computed by, or may have been missed.
    pub(crate) const BOTH: Moved = Moved { soft: true, hard: true };

    pub(crate) fn or(self, other: Moved) -> Moved {
        Moved { soft: self.soft || other.soft, hard: self.hard || other.hard }
    }
}

/// A bound on drift, by what a move beyond it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DriftBound {
    /// The entries of the match expire.
    Soft,
    /// The entries of the match die.
    Hard,
}

impl DriftBound {
    /// Every bound.
    pub const ALL: [DriftBound; 2] = [DriftBound::Soft, DriftBound::Hard];

    /// Returns the bound's name in metrics and notices.
    ///
    /// ```
    /// assert_eq!(kairos_cache::DriftBound::Hard.name(), "hard");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            DriftBound::Soft => "soft",
            DriftBound::Hard => "hard",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: DriftRule =
        DriftRule { soft: 0.01, hard: 0.05, measure: DriftMeasure::Price, dry_run: false };

    fn check(rule: DriftRule, (before, now): (f64, f64), expected: Option<DriftBound>) {
        let [x, reference] = [now, before].map(|price| rule.measure.of(price));
        let moved = rule.exceeded(x, References { soft: reference, hard: reference });
        assert_eq!(rule.bound_of(moved), expected, "{before} to {now} by {rule:?}");
    }

    #[test]
    fn a_price_has_moved_once_it_is_half_a_bound_from_where_it_was() {
        let soft = Some(DriftBound::Soft);
        let hard = Some(DriftBound::Hard);
        let half = (0.005_f64).exp();
        for (prices, expected) in [
            ((2.0, 2.0), None),
            ((2.0, 2.0 * half), None),
            ((2.0 * half, 2.0), None),
            ((2.0, 2.0 * half * (1.0 + 1e-11)), soft),
            ((2.0, 2.0 * (0.0249_f64).exp()), soft),
            ((2.0, 2.0 * (0.0251_f64).exp()), hard),
            ((2.0 * (0.0251_f64).exp(), 2.0), hard),
        ] {
            check(RULE, prices, expected);
        }
        let probability = DriftRule { measure: DriftMeasure::Probability, ..RULE };
        check(probability, (2.0, 1.0 / 0.4951), None);
        check(probability, (2.0, 1.0 / 0.4949), soft);
        check(probability, (1000.0, 500.0), None);
        for off in [DriftRule { soft: 0.0, ..RULE }, DriftRule { hard: 0.0, ..RULE }] {
            let moved = off.exceeded(9.0, References { soft: 1.0, hard: 1.0 });
            assert_eq!(moved, Moved { soft: off.soft > 0.0, hard: off.hard > 0.0 });
        }
        let none = DriftRule { soft: 0.0, hard: 0.0, ..RULE };
        assert_eq!(none.bound_of(Moved::BOTH), None);
    }
}
