// What a recorder does with the metrics whose emitted names match: limits, bounds, ages.
// Never knows: series.
// Read next: `recorder.rs`, whose builder takes them; `emitted.rs`, which asks at a name's first use.

use std::time::Duration;

use super::measure::Measure;
use crate::error::Error;

/// Which emitted names a setting of a [`RecorderBuilder`](crate::RecorderBuilder) is for.
///
/// Of several that match, the whole name goes before a part of it, and the longer part before the
/// shorter; of two alike the later one stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Matcher {
    /// The name itself.
    Full(String),
    /// Names that begin so; an empty one matches all.
    Prefix(String),
    /// Names that end so; an empty one matches all.
    Suffix(String),
}

impl Matcher {
    /// How well the name matches, if it does.
    fn matches(&self, name: &str) -> Option<(bool, usize)> {
        let (is_full, part, matches) = match self {
            Matcher::Full(full) => (true, full, name == full),
            Matcher::Prefix(part) => (false, part, name.starts_with(part.as_str())),
            Matcher::Suffix(part) => (false, part, name.ends_with(part.as_str())),
        };
        matches.then_some((is_full, part.len()))
    }
}

/// The settings of a recorder, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) limits: Vec<(Matcher, usize)>,
    /// Bounds in the unit that is emitted.
    pub(super) bounds: Vec<(Matcher, Vec<f64>)>,
    pub(super) ages: Vec<(Matcher, Duration)>,
}

impl Settings {
    /// Refuses bounds of which no histogram could be made.
    pub(super) fn check(&self) -> Result<(), Error> {
        let is_sound = |bounds: &[f64]| {
            !bounds.is_empty()
                && bounds.is_sorted_by(|a, b| a < b)
                && bounds.iter().all(|bound| bound.is_finite() && *bound > 0.0)
        };
        match self.bounds.iter().find(|(_, bounds)| !is_sound(bounds)) {
            Some((Matcher::Full(name) | Matcher::Prefix(name) | Matcher::Suffix(name), _)) => {
                Err(Error::Bounds { name: name.clone() })
            }
            None => Ok(()),
        }
    }

    pub(super) fn limit(&self, name: &str) -> Option<usize> {
        best(&self.limits, name).copied()
    }

    pub(super) fn age(&self, name: &str) -> Option<Duration> {
        best(&self.ages, name).copied()
    }

    /// The bounds as they are recorded, those that a histogram of this measure can show.
    pub(super) fn bounds(&self, name: &str, measure: Measure) -> Option<Vec<u64>> {
        let given = best(&self.bounds, name)?.iter();
        let mut bounds: Vec<u64> = given.map(|bound| measure.recorded(*bound)).collect();
        bounds.dedup();
        bounds.retain(|bound| *bound < measure.highest());
        (!bounds.is_empty()).then_some(bounds)
    }
}

fn best<'a, T>(settings: &'a [(Matcher, T)], name: &str) -> Option<&'a T> {
    let rated =
        settings.iter().filter_map(|(matcher, value)| Some((matcher.matches(name)?, value)));
    rated.max_by_key(|(rate, _)| *rate).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_name_goes_before_the_longer_part_before_the_later_setting() {
        let full = |name: &str| Matcher::Full(name.to_owned());
        let prefix = |name: &str| Matcher::Prefix(name.to_owned());
        let suffix = |name: &str| Matcher::Suffix(name.to_owned());
        let limits = vec![
            (prefix(""), 1),
            (full("http_requests"), 2),
            (prefix("http_"), 3),
            (suffix("_requests"), 4),
            (suffix("tests"), 5),
            (prefix("http_requests_made"), 6),
            (prefix("http_"), 7),
        ];
        let settings = Settings { limits, ..Settings::default() };
        let check = |name, expected| assert_eq!(settings.limit(name), Some(expected), "{name}");
        check("http_requests", 2);
        check("http_old_requests", 4);
        check("http_answers", 7);
        check("http_requests_made", 6);
        check("unit_tests", 5);
        check("other", 1);
        assert_eq!(settings.age("other"), None);
    }

    #[test]
    fn bounds_are_refused_unless_they_rise_from_above_zero() {
        let check = |bounds: &[f64]| {
            let bounds = vec![(Matcher::Full("wait".to_owned()), bounds.to_vec())];
            Settings { bounds, ..Settings::default() }.check().is_ok()
        };
        assert!(check(&[0.1]) && check(&[0.1, 0.2, 1e300]));
        assert!(!check(&[]) && !check(&[0.2, 0.1]) && !check(&[0.1, 0.1]) && !check(&[0.0]));
        assert!(!check(&[f64::NAN]) && !check(&[1.0, f64::INFINITY]) && !check(&[-1.0, 1.0]));
    }
}
