// The rules of drift, feeds and quiet TTLs, checked.
// Never knows: prices, or who speaks.
// Read next: `rules.rs` for the others, `../policy/drift.rs` for the use of the bounds.

use super::golden_hour::EvaluateAt;
use super::range::require;
use super::sections::{Config, DriftConfig};
use crate::error::Error;
use crate::policy::{DriftRule, FeedRule, GoldenHour, MatchFacts};
use crate::runtime::nanos;

/// The smallest bound on drift: below it two ways of writing one price would differ.
const SMALLEST: f64 = 1e-9;

pub(super) fn drift(config: &DriftConfig) -> Result<DriftRule, Error> {
    let allowed = "0 or from 1e-9 to 1";
    let ok = |bound: f64| bound == 0.0 || (SMALLEST..=1.0).contains(&bound);
    require(ok(config.soft), "drift.soft", allowed)?;
    require(ok(config.hard), "drift.hard", allowed)?;
    require(
        config.soft == 0.0 || config.hard == 0.0 || config.hard >= config.soft,
        "drift.hard",
        "0 or at least drift.soft",
    )?;
    let &DriftConfig { soft, hard, measure, dry_run } = config;
    Ok(DriftRule { soft, hard, measure, dry_run })
}

pub(super) fn feed(config: &Config) -> FeedRule {
    FeedRule { silence_after_ns: nanos(config.feed.silence_after) }
}

const IN_PLAY: &str = "golden_hour.in_play_quiet_ttl";
const ROW: &str = "golden_hour.zones.quiet_ttl";
const STANDARD: &str = "golden_hour.standard_quiet_ttl";

/// Checks the quiet TTLs of a table that is in order without them.
pub(super) fn require_quiet(config: &Config, table: &GoldenHour) -> Result<(), Error> {
    let in_play = (IN_PLAY, table.in_play_ttl_ns, table.in_play_quiet_ttl_ns);
    let rows = table.rules.iter().map(|rule| (ROW, rule.ttl_ns, rule.quiet_ttl_ns));
    let standard = (STANDARD, table.standard_ttl_ns, table.standard_quiet_ttl_ns);
    for (field, ttl_ns, quiet_ns) in [in_play].into_iter().chain(rows).chain([standard]) {
        if quiet_ns == 0 {
            continue;
        }
        require(quiet_ns >= ttl_ns, field, "0s or at least the TTL of its zone")?;
        let drift = &config.drift;
        let is_bound = drift.soft > 0.0 || drift.hard > 0.0;
        require(is_bound, field, "0s without drift.soft or drift.hard")?;
        let tells_silence = !config.feed.silence_after.is_zero();
        require(tells_silence, field, "0s without feed.silence_after")?;
        let at_read = config.golden_hour.evaluate == EvaluateAt::Read;
        require(at_read, field, "0s where golden_hour.evaluate is \"insert\"")?;
    }
    for lineup_confirmed in [false, true] {
        let facts = MatchFacts { kickoff: None, lineup_confirmed, is_watched: true };
        require_no_growth(table, facts)?;
    }
    Ok(())
}

/// Checks that no quiet TTL makes the table grow towards kickoff.
fn require_no_growth(table: &GoldenHour, watched: MatchFacts) -> Result<(), Error> {
    let allowed = "short enough that no TTL grows towards kickoff while a match is watched";
    let mut nearer_ns = 0;
    if table.in_play_quiet_ttl_ns > 0 {
        nearer_ns = table.in_play(true);
    }
    let mut nearer = (IN_PLAY, nearer_ns);
    let fields = table.rules.iter().map(|_| ROW).chain([STANDARD]);
    for (field, (_, ttl_ns)) in fields.zip(table.stretches(watched)) {
        require(nearer.1 <= ttl_ns, nearer.0, allowed)?;
        nearer = (field, ttl_ns);
    }
    Ok(())
}
