// What of a configuration does not fit the prices and reads that a run has seen.
// Never knows: how anything was decided; it has counts of the engine's own verdicts.
// Read next: `observed.rs` for the counts.

use std::time::Duration;

use kairos_cache::{Config, VolatilityConfig, Zone};

use super::observed::Observed;
use super::wording::{Advice, percent, span};

/// Fewer prices, or reads of matches, say nothing about a feed.
const ENOUGH: u64 = 200;

/// More panics than this share of the prices are noise rather than news.
const MANY: f64 = 0.02;

/// More warnings than this are.
const MANY_WARNINGS: f64 = 0.05;

/// The share of the prices that a threshold may be reached by.
const FEW: f64 = 0.01;

/// What does not fit in a run with this very configuration.
pub(super) fn of_run(config: &Config, observed: &Observed) -> Vec<Advice> {
    let volatility = &config.volatility;
    let mut advice = Vec::new();
    if volatility.enabled && observed.prices >= ENOUGH {
        advice.extend(panics(volatility, observed));
        advice.extend(window(volatility, observed));
        advice.extend(floor(volatility, observed));
    }
    if config.cache.enabled && observed.reads() >= ENOUGH {
        advice.extend(kickoff(config, observed));
        advice.extend(in_play(config, observed));
    }
    advice
}

/// What does not fit a feed, of which every score is known.
pub(super) fn of_feed(config: &Config, observed: &Observed) -> Vec<Advice> {
    let mut advice = of_run(config, observed);
    if config.volatility.enabled && observed.prices >= ENOUGH {
        advice.extend(warnings(&config.volatility, observed));
    }
    if config.cache.enabled && observed.reads() >= ENOUGH {
        advice.extend(zones(config, observed));
    }
    advice
}

/// Thresholds that the feed's noise trips.
fn panics(config: &VolatilityConfig, observed: &Observed) -> Option<Advice> {
    let share = observed.share_from(config.panic_sigma);
    (share > MANY).then(|| {
        let (share, sigma) = (percent(share), config.panic_sigma);
        let (hold, fits) = (span(config.status_hold), observed.threshold_of(FEW));
        let text = format!(
            "{share} of the prices reach {sigma}, and each is a panic of its match for {hold}; from {fits:.2} on it is at most \
             one in a hundred"
        );
        Advice::new("volatility.panic_sigma", text)
    })
}

fn warnings(config: &VolatilityConfig, observed: &Observed) -> Option<Advice> {
    let share = observed.share_from(config.warning_sigma);
    (share > MANY_WARNINGS).then(|| {
        let (share, sigma) = (percent(share), config.warning_sigma);
        let fits = observed.threshold_of(MANY_WARNINGS);
        let text = format!(
            "{share} of the prices reach {sigma}; from {fits:.2} on it is at most one in twenty"
        );
        Advice::new("volatility.warning_sigma", text)
    })
}

/// Whether any price was more than normal.
fn is_calm(config: &VolatilityConfig, observed: &Observed) -> bool {
    observed.warnings == 0 && observed.share_from(config.warning_sigma) == 0.0
}

/// A window that is over before it has enough samples for a score.
fn window(config: &VolatilityConfig, observed: &Observed) -> Option<Advice> {
    let gap = observed.gap()?;
    let needed = gap.saturating_mul(config.min_samples);
    (is_calm(config, observed) && needed > config.window).then(|| {
        let (samples, window) = (config.min_samples, span(config.window));
        let needed = Duration::from_secs(needed.as_secs() + u64::from(needed.subsec_nanos() > 0));
        let (gap, needed) = (span(rounded(gap)), span(needed));
        let text = format!(
            "no price was a warning or a panic: the prices of a market come {gap} apart (median), and {window} do not hold \
             the {samples} that a score takes (min_samples); {needed} would"
        );
        Advice::new("volatility.window", text)
    })
}

/// A floor of the deviation that is far from the changes of prices: below them in a feed that panics all the time, above
/// all of them in one that never does.
fn floor(config: &VolatilityConfig, observed: &Observed) -> Option<Advice> {
    let floor = config.min_relative_sigma;
    let (typical, largest) = (observed.change_of(0.5)?, observed.change_of(0.999)?);
    let text = if observed.share_from(config.panic_sigma) > MANY
        && typical > config.panic_sigma * floor
    {
        // The next of four decimals: at the quotient itself the change would still reach the threshold.
        let fits = ((typical / config.panic_sigma * 1e4).floor() + 1.0) / 1e4;
        let typical = percent(typical);
        format!(
            "a price that changes moves by {typical} (median), which is a panic where the window was flat before; from \
             {fits:.4} on it is none"
        )
    } else if is_calm(config, observed) && largest < config.warning_sigma * floor {
        let (largest, least) = (percent(largest), percent(config.warning_sigma * floor));
        format!(
            "no price was a warning or a panic: 99.9 % of the changes are at most {largest}, and less than {least} away from \
             the mean is none"
        )
    } else {
        return None;
    };
    Some(Advice::new("volatility.min_relative_sigma", text))
}

/// Matches whose kickoff nobody tells.
fn kickoff(config: &Config, observed: &Observed) -> Option<Advice> {
    let share = observed.reads_in(Zone::Unknown) as f64 / observed.reads() as f64;
    (share >= 0.5).then(|| {
        let (share, ttl) = (percent(share), span(config.cache.default_ttl));
        let text = format!(
            "{share} of the reads of matches know no kickoff, so that their TTL is {ttl} whatever the time; a feed tells it \
             in the column kickoff_ms, a read in its context"
        );
        Advice::new("cache.default_ttl", text)
    })
}

/// Most reads in play, where nothing is stored.
fn in_play(config: &Config, observed: &Observed) -> Option<Advice> {
    let share = observed.reads_in(Zone::MatchStarted) as f64 / observed.reads() as f64;
    (share >= 0.5 && config.golden_hour.in_play_ttl.is_zero()).then(|| {
        let share = percent(share);
        let text = format!(
            "{share} of the reads of open matches come after kickoff, where a TTL of 0s stores nothing, so that each of them \
             computes; set it to the seconds that a price in play may be old"
        );
        Advice::new("golden_hour.in_play_ttl", text)
    })
}

/// Zones in which no read ever was.
fn zones(config: &Config, observed: &Observed) -> Option<Advice> {
    if observed.reads_in(Zone::Unknown) == observed.reads() {
        return None;
    }
    let rows = config.golden_hour.zones.iter().map(|row| {
        use kairos_cache::ZoneName;
        match row.name {
            ZoneName::Warmup => Zone::Warmup,
            ZoneName::Golden => Zone::Golden,
            ZoneName::Active => Zone::Active,
            ZoneName::Prematch => Zone::Prematch,
        }
    });
    let unused: Vec<&str> =
        rows.filter(|zone| observed.reads_in(*zone) == 0).map(Zone::name).collect();
    let (last, others) = unused.split_last()?;
    let named = match others {
        [] => (*last).to_owned(),
        others => format!("{} and {last}", others.join(", ")),
    };
    let text = format!("{named} never applied: no read came at such a time before kickoff");
    Some(Advice::new("golden_hour.zones", text))
}

/// To whole seconds from a minute on, which a median of a histogram is not more exact than.
fn rounded(of: Duration) -> Duration {
    if of < Duration::from_secs(60) {
        of
    } else {
        Duration::from_secs_f64(of.as_secs_f64().round())
    }
}

#[cfg(test)]
mod tests {
    use kairos_cache::Volatility;

    use super::*;

    /// Prices of one market, each so many ms after the one before and changed by so much; every 20th reaches `z`, if any.
    fn observed(gap_ms: i64, change: f64, z: Option<f64>) -> Observed {
        let mut observed = Observed::default();
        for n in 0..1000 {
            let z = z.filter(|_| n % 20 == 0);
            observed.price(z.map_or(Volatility::Normal, |_| Volatility::Panic));
            observed.tick(gap_ms, change);
            if let Some(z) = z {
                observed.panic(z);
            }
        }
        observed
    }

    fn check(advice: &[Advice], expected: &[&str]) {
        assert_eq!(advice.iter().map(Advice::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_feed_that_fits_is_passed_over() {
        let config = Config::default();
        check(&of_run(&config, &observed(5000, 0.008, None)), &[]);
        check(&of_run(&config, &Observed::default()), &[]);
    }

    #[test]
    fn a_threshold_that_many_prices_reach_is_told_with_one_that_few_do() {
        let config = Config::default();
        check(
            &of_run(&config, &observed(5000, 0.004, Some(3.0))),
            &[
                "volatility.panic_sigma: 5.0 % of the prices reach 2, and each is a panic of its match for 30s; from 3.01 on it is at most one in a hundred",
            ],
        );
        // Every score is known to a probe, and those below the threshold are none.
        check(&of_run(&config, &observed(5000, 0.008, Some(1.0))), &[]);
        let mut disabled = Config::default();
        disabled.volatility.enabled = false;
        check(&of_run(&disabled, &observed(5000, 0.004, Some(3.0))), &[]);
    }

    #[test]
    fn a_change_that_alone_is_a_panic_asks_for_a_higher_floor() {
        let advice = of_run(&Config::default(), &observed(5000, 0.02, Some(3.0)));
        let expected = "volatility.min_relative_sigma: a price that changes moves by 2.0 % (median), which is a panic where \
                        the window was flat before; from 0.0101 on it is none";
        assert_eq!(advice[1].to_string(), expected);
    }

    #[test]
    fn a_window_that_never_holds_enough_prices_is_told_with_one_that_does() {
        check(
            &of_run(&Config::default(), &observed(900_000, 0.02, None)),
            &[
                "volatility.window: no price was a warning or a panic: the prices of a market come 15m apart (median), and \
               30m do not hold the 3 that a score takes (min_samples); 45m would",
            ],
        );
    }

    #[test]
    fn a_floor_above_every_change_is_told() {
        check(
            &of_run(&Config::default(), &observed(5000, 0.001, None)),
            &[
                "volatility.min_relative_sigma: no price was a warning or a panic: 99.9 % of the changes are at most 0.10 %, and \
               less than 0.75 % away from the mean is none",
            ],
        );
    }

    #[test]
    fn reads_without_a_kickoff_are_told_and_zones_without_reads() {
        let reads = |zones: &[(Zone, u64)]| {
            let mut observed = Observed::default();
            for (zone, reads) in zones {
                (0..*reads).for_each(|_| observed.read(*zone));
            }
            observed
        };
        let config = Config::default();
        check(
            &of_feed(&config, &reads(&[(Zone::Unknown, 300)])),
            &[
                "cache.default_ttl: 100 % of the reads of matches know no kickoff, so that their TTL is 1h whatever the time; a \
               feed tells it in the column kickoff_ms, a read in its context",
            ],
        );
        check(
            &of_feed(&config, &reads(&[(Zone::Active, 300), (Zone::Golden, 1)])),
            &[
                "golden_hour.zones: warmup and prematch never applied: no read came at such a time before kickoff",
            ],
        );
        check(&of_run(&config, &reads(&[(Zone::Active, 300)])), &[]);
        // In play nothing is stored, unless it is said for how long.
        let in_play = reads(&[(Zone::Active, 300), (Zone::MatchStarted, 301)]);
        check(
            &of_run(&config, &in_play),
            &[
                "golden_hour.in_play_ttl: 50 % of the reads of open matches come after kickoff, where a TTL of 0s stores \
               nothing, so that each of them computes; set it to the seconds that a price in play may be old",
            ],
        );
        let mut follows = Config::default();
        follows.golden_hour.in_play_ttl = Duration::from_secs(2);
        check(&of_run(&follows, &in_play), &[]);
        check(&of_run(&config, &reads(&[(Zone::Active, 302), (Zone::MatchStarted, 301)])), &[]);
    }

    #[test]
    fn a_probe_tells_of_warnings_too() {
        let advice = of_feed(&Config::default(), &observed(5000, 0.004, Some(1.7)));
        check(&advice, &[]);
        let mut often = observed(5000, 0.004, Some(1.7));
        (0..100).for_each(|_| often.panic(1.8));
        let advice = of_feed(&Config::default(), &often);
        check(
            &advice,
            &[
                "volatility.warning_sigma: 15 % of the prices reach 1.5; from 1.81 on it is at most one in twenty",
            ],
        );
    }
}
