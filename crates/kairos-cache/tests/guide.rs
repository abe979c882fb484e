//! The guide's tables: how often noise alone is a panic, simulated anew; every key, every reason.
// Never knows: the insides of the cache; it speaks to the public surface alone.
// Read next: `docs/guide/feeds-and-thresholds.md`, `numbers.md` and `reads.md`, whose tables these are.

use std::f64::consts::{PI, TAU};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kairos_cache::{Builder, Cache, Sim, Volatility};

const PAGE: &str = include_str!("../../../docs/guide/feeds-and-thresholds.md");

const SECOND: Duration = Duration::from_secs(1);

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

/// The standard deviation of the noise, as a fraction of the price.
const NOISE: f64 = 0.01;

/// Normal noise that is the same in every run (`SplitMix64`, then Box and Muller).
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn price(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(), TAU * self.uniform());
        2.5 * (1.0 + NOISE * (-2.0 * radius.ln()).sqrt() * angle.cos())
    }
}

/// A feed: one price of each of its odds markets at every interval.
#[derive(Clone, Copy)]
struct Feed {
    every: Duration,
    markets: &'static [&'static str],
}

const MINUTE: Feed = Feed { every: Duration::from_secs(60), markets: &["home"] };
const TEN_SECONDS: Feed = Feed { every: Duration::from_secs(10), markets: &["home"] };
const ONE_SECOND: Feed = Feed { every: SECOND, markets: &["home"] };
const THREE_MARKETS: Feed = Feed { every: SECOND, markets: &["home", "draw", "away"] };
const TEN_A_SECOND: Feed = Feed { every: Duration::from_millis(100), markets: &["home"] };

/// The columns of the page's table by `panic_sigma`.
const FEEDS: [Feed; 5] = [MINUTE, TEN_SECONDS, ONE_SECOND, THREE_MARKETS, TEN_A_SECOND];

type Tuned = Builder<String, u64>;

/// The share of time that a match with this feed is in panic, in percent: looked at once a second, once
/// its windows hold as much as they ever do.
fn share(feed: Feed, tune: impl FnOnce(Tuned) -> Tuned) -> f64 {
    let sim = Sim::new(start());
    let cache = tune(Cache::builder().sim(&sim)).build().expect("in range");
    let (scope, mut noise) = (cache.scope("m"), Noise(7));
    let (warm_up, seconds) = (3600, 20_000 + 200 * feed.every.as_secs());
    let looks = SECOND / 2;
    let (mut due, mut panics) = (Duration::ZERO, 0u32);
    for second in 0..warm_up + seconds {
        let look = Duration::from_secs(second) + looks;
        while due <= look {
            sim.advance_to(due);
            for market in feed.markets {
                cache.observe_odds(&scope, market, noise.price(), start() + due).expect("in order");
            }
            due += feed.every;
        }
        sim.advance_to(look);
        panics += u32::from(second >= warm_up && scope.volatility() == Volatility::Panic);
    }
    100.0 * f64::from(panics) / seconds as f64
}

/// The share of first prices after `samples` others that are panics, in percent, without a floor.
fn share_after(samples: u32) -> f64 {
    let sim = Sim::new(start());
    let builder = Cache::<u8, u8>::builder().sim(&sim).min_relative_sigma(0.0);
    let cache = builder.build().expect("in range");
    let (mut noise, matches) = (Noise(11), 20_000);
    let scope = cache.scope("m");
    let panics = (0..matches).filter(|_| {
        // So far on that no earlier price is in the window.
        sim.advance(Duration::from_secs(3600));
        let at = start() + sim.now();
        let mut last = Volatility::Normal;
        for _ in 0..=samples {
            last = cache.observe_odds(&scope, "home", noise.price(), at).expect("in order");
        }
        last == Volatility::Panic
    });
    100.0 * panics.count() as f64 / f64::from(matches)
}

/// The chance, in percent, that |T| ≥ `t`, for T by Student's distribution with so many degrees of
/// freedom: Simpson's rule on the density, with the tail mapped to an angle.
fn student_tail(t: f64, degrees: f64) -> f64 {
    // With T = √degrees · tan u the density is cos^(degrees − 1) u, up to a factor.
    let weight = |u: f64| u.cos().powf(degrees - 1.0);
    let integral = |from: f64, to: f64| {
        let (steps, h) = (2000, (to - from) / 2000.0);
        let at = |i: u32| weight(from + h * f64::from(i));
        let factor = |i: u32| if i == 0 || i == steps { 1.0 } else { 2.0 + 2.0 * f64::from(i % 2) };
        (0..=steps).map(|i| factor(i) * at(i)).sum::<f64>() * h / 3.0
    };
    100.0 * integral((t / degrees.sqrt()).atan(), PI / 2.0) / integral(0.0, PI / 2.0)
}

/// The chance of a false panic of one price, in percent, by the guide's formula.
fn by_formula(panic_sigma: f64, samples: f64) -> f64 {
    student_tail(panic_sigma / (1.0 + 1.0 / samples).sqrt(), samples - 1.0)
}

/// The cells of the page's table whose head begins with this cell, without the head.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let begins = format!("| {head} |");
    let rows = PAGE.lines().skip_while(|line| !line.starts_with(&begins)).skip(2);
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The cells of that table's head after the first.
fn heads(head: &str) -> Vec<&'static str> {
    let begins = format!("| {head} |");
    let line = PAGE.lines().find(|line| line.starts_with(&begins)).expect("the table is there");
    line.trim_matches('|').split('|').skip(1).map(str::trim).collect()
}

fn number(cell: &str) -> f64 {
    let bare = cell.trim_end_matches([' ', '%', 's']);
    bare.parse().unwrap_or_else(|_| panic!("{cell:?} is no number"))
}

/// Checks a table cell by cell: what is written is what `expected` says, rounded as it is written, and
/// a simulation is near.
fn check(cell: &str, expected: f64, simulated: f64) {
    let digits = cell.trim_end_matches(" %").split('.').nth(1).map_or(0, str::len);
    let written = format!("{expected:.digits$}");
    assert_eq!(number(cell).to_string(), number(&written).to_string(), "{cell:?} for {expected}");
    // Of 20 000 seconds in which a status holds for half a minute some 700 are independent.
    let spread = (expected * (100.0 - expected) / 700.0).sqrt();
    assert!((simulated - expected).abs() < 3.5 * spread + 0.3, "{cell}: {simulated}");
}

/// The share of time in panic by the guide's formula.
fn share_by_formula(feed: Feed, hold: Duration, panic_sigma: f64) -> f64 {
    let kept = (Duration::from_secs(1800).as_secs_f64() / feed.every.as_secs_f64()).min(100.0);
    let p = by_formula(panic_sigma, kept) / 100.0;
    let prices = hold.as_secs_f64() / feed.every.as_secs_f64() * feed.markets.len() as f64;
    100.0 * if prices < 1.0 { p * prices } else { 1.0 - (1.0 - p).powf(prices) }
}

#[test]
fn the_share_of_time_in_panic_is_as_the_guide_says_by_threshold_and_rate() {
    let rows = table("panic_sigma");
    assert_eq!(rows.len(), 6);
    for row in rows {
        let sigma = number(row[0]);
        check(row[1], by_formula(sigma, 100.0), by_formula(sigma, 100.0));
        assert_eq!(row.len(), 2 + FEEDS.len());
        for (cell, feed) in row[2..].iter().zip(FEEDS) {
            let simulated = share(feed, |builder| builder.panic_sigma(sigma));
            check(cell, share_by_formula(feed, 30 * SECOND, sigma), simulated);
        }
    }
}

#[test]
fn the_share_of_time_in_panic_is_as_the_guide_says_by_hold() {
    let (holds, shares) = (heads("status_hold"), table("status_hold").remove(0));
    assert_eq!(holds.len(), 5);
    for (hold, cell) in holds.into_iter().zip(&shares[1..]) {
        let hold = SECOND * number(hold) as u32;
        let simulated = share(ONE_SECOND, |builder| builder.status_hold(hold));
        check(cell, share_by_formula(ONE_SECOND, hold, 2.0), simulated);
    }
}

#[test]
fn the_share_of_time_in_panic_is_as_the_guide_says_by_floor() {
    let (floors, shares) = (heads("min_relative_sigma"), table("min_relative_sigma").remove(0));
    assert_eq!(floors.len(), 5);
    for (floor, cell) in floors.into_iter().zip(&shares[1..]) {
        let simulated = share(ONE_SECOND, |builder| builder.min_relative_sigma(number(floor)));
        // No formula says how a floor near the noise meets a spread that varies.
        check(cell, number(cell), simulated);
    }
}

#[test]
fn the_chance_of_one_false_panic_is_as_the_guide_says_by_samples() {
    let (samples, chances) = (heads("prices before"), table("prices before").remove(0));
    assert_eq!(samples.len(), 5);
    for (samples, cell) in samples.into_iter().zip(&chances[1..]) {
        let expected = by_formula(2.0, number(samples));
        check(cell, expected, share_after(number(samples) as u32));
    }
}

#[test]
#[cfg(feature = "serde")]
fn the_guide_has_every_key_with_its_category_once() {
    let page = include_str!("../../../docs/guide/numbers.md");
    let stats = serde_json::to_value(kairos_cache::StatsSnapshot::default()).expect("plain data");
    let mut keys: Vec<&str> = stats.as_object().expect("flat").keys().map(String::as_str).collect();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows = rows.filter_map(|(key, rest)| Some((key, rest.split_once(" |")?.0)));
    let is_category = |word: &str| word.parse::<kairos_cache::Category>().is_ok();
    let mut listed: Vec<&str> =
        rows.filter(|(_, category)| is_category(category)).map(|(key, _)| key).collect();
    keys.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, keys);
    assert_eq!(listed.len(), 34);
}

#[test]
fn the_guide_has_every_reason_and_its_strategy() {
    let page = include_str!("../../../docs/guide/reads.md");
    for reason in kairos_cache::Reason::ALL {
        let row = format!("| `{reason}` | `{}` |", reason.strategy());
        assert!(page.contains(&row), "{row}");
    }
}
