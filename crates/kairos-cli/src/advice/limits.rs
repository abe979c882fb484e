// Limits, zones and caps of a configuration that have no effect, or not the one that their names say.
// Never knows: a feed. Never checks a range: the cache does.
// Read next: `mod.rs`.

use std::time::Duration;

use kairos_cache::{Config, GoldenHourConfig, ZoneName};

use super::wording::{Advice, span};

/// Everything that never binds.
pub(super) fn of(config: &Config) -> Vec<Advice> {
    let ttls = Ttls::of(config);
    let mut advice = zones(&config.golden_hour);
    advice.extend(lineup(&config.golden_hour));
    advice.extend(warning(config, &ttls));
    advice.extend(stale(config, &ttls));
    advice.extend(on_error(config, &ttls));
    advice.extend(soft_timeout(config));
    advice
}

/// The shortest and the longest TTL that anything is stored with, before a cap.
struct Ttls {
    shortest: Duration,
    longest: Duration,
}

impl Ttls {
    fn of(config: &Config) -> Self {
        let golden_hour = &config.golden_hour;
        let zones = golden_hour.zones.iter().map(|zone| (takes_lineup(zone.name), zone.ttl));
        let all = zones.chain([
            (true, golden_hour.standard_ttl),
            (false, golden_hour.in_play_ttl),
            (false, config.cache.default_ttl),
        ]);
        let quiet = golden_hour.zones.iter().map(|zone| zone.quiet_ttl);
        let quiet = quiet.chain([golden_hour.standard_quiet_ttl, golden_hour.in_play_quiet_ttl]);
        let all: Vec<Duration> = all
            .flat_map(|(lineup, ttl)| {
                [ttl, if lineup { lengthened(golden_hour, ttl) } else { ttl }]
            })
            .chain(quiet)
            .filter(|ttl| !ttl.is_zero())
            .collect();
        let shortest = all.iter().min().copied().unwrap_or_default();
        Self {
            shortest: shortest.mul_f64(1.0 - config.cache.jitter),
            longest: all.into_iter().max().unwrap_or_default(),
        }
    }
}

/// The TTL of a zone that takes the bonus, once the line-up is confirmed.
fn lengthened(golden_hour: &GoldenHourConfig, ttl: Duration) -> Duration {
    times(ttl, golden_hour.lineup_multiplier).min(golden_hour.lineup_cap)
}

/// Whether a confirmed line-up lengthens the TTL of a zone.
fn takes_lineup(zone: ZoneName) -> bool {
    matches!(zone, ZoneName::Active | ZoneName::Prematch)
}

fn name(zone: ZoneName) -> &'static str {
    match zone {
        ZoneName::Warmup => "warmup",
        ZoneName::Golden => "golden",
        ZoneName::Active => "active",
        ZoneName::Prematch => "prematch",
    }
}

/// The product, or the longest time there is.
fn times(of: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(of.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// Zones in which nothing is other than in the one that follows.
fn zones(golden_hour: &GoldenHourConfig) -> Vec<Advice> {
    let rows = golden_hour.zones.iter();
    let rows =
        rows.map(|zone| (name(zone.name), takes_lineup(zone.name), zone.ttl, zone.quiet_ttl));
    let GoldenHourConfig { standard_ttl, standard_quiet_ttl, .. } = *golden_hour;
    let rows: Vec<_> = rows.chain([("standard", true, standard_ttl, standard_quiet_ttl)]).collect();
    let same =
        |lineup: bool, other: bool, ttl| lineup == other || lengthened(golden_hour, ttl) == ttl;
    rows.windows(2)
        .filter(|pair| {
            (pair[0].2, pair[0].3) == (pair[1].2, pair[1].3)
                && same(pair[0].1, pair[1].1, pair[0].2)
        })
        .map(|pair| {
            let (zone, next, ttl) = (pair[0].0, pair[1].0, span(pair[0].2));
            let text = format!(
                "{zone} changes nothing: {next}, the zone before it, has the same TTL, {ttl}"
            );
            Advice::new("golden_hour.zones", text)
        })
        .collect()
}

/// A cap below the TTL that it is to let grow.
fn lineup(golden_hour: &GoldenHourConfig) -> Option<Advice> {
    let zones = golden_hour.zones.iter().filter(|zone| takes_lineup(zone.name));
    let ttls = zones.map(|zone| (name(zone.name), zone.ttl));
    let mut ttls = ttls.chain([("standard", golden_hour.standard_ttl)]);
    let cap = golden_hour.lineup_cap;
    let (zone, ttl) = ttls.find(|(_, ttl)| *ttl > cap)?;
    let (ttl, cap) = (span(ttl), span(cap));
    let text = format!("a confirmed line-up shortens the TTL of {zone}, from {ttl} to {cap}");
    Some(Advice::new("golden_hour.lineup_cap", text))
}

fn warning(config: &Config, ttls: &Ttls) -> Option<Advice> {
    let cap = config.volatility.warning_ttl;
    let binds = cap < ttls.longest || !config.volatility.enabled;
    (!binds).then(|| {
        let (cap, longest) = (span(cap), span(ttls.longest));
        let text = format!(
            "{cap} never binds: no TTL is longer than {longest}, so that a warning changes nothing"
        );
        Advice::new("volatility.warning_ttl", text)
    })
}

/// Of the two limits of staleness, the one that the other always undercuts.
fn stale(config: &Config, ttls: &Ttls) -> Option<Advice> {
    let (multiplier, max_stale) = (config.swr.stale_multiplier, config.swr.max_stale);
    let [least, most] = [ttls.shortest, ttls.longest].map(|ttl| times(ttl, multiplier - 1.0));
    let advice = |field, text| Some(Advice::new(field, text));
    if most.is_zero() && max_stale.is_zero() {
        return None;
    }
    if most <= max_stale {
        let (max_stale, most) = (span(max_stale), span(most));
        let text = format!(
            "{max_stale} never binds: stale_multiplier = {multiplier} adds at most {most} to a TTL"
        );
        return advice("swr.max_stale", text);
    }
    if least >= max_stale {
        let (max_stale, least) = (span(max_stale), span(least));
        let text = format!(
            "{multiplier} never binds: it adds at least {least} to a TTL, and max_stale = {max_stale} allows no more"
        );
        return advice("swr.stale_multiplier", text);
    }
    None
}

/// A value that is not older than its stale limit is served without an error, too.
fn on_error(config: &Config, ttls: &Ttls) -> Option<Advice> {
    let limit = config.fail_safe.max_stale_if_error;
    let stale = times(ttls.shortest, config.swr.stale_multiplier - 1.0).min(config.swr.max_stale);
    let shortest = ttls.shortest.saturating_add(stale);
    (!limit.is_zero() && limit <= shortest).then(|| {
        let (limit, shortest) = (span(limit), span(shortest));
        let text = format!(
            "{limit} never binds: every value is served stale up to an age of at least {shortest}"
        );
        Advice::new("fail_safe.max_stale_if_error", text)
    })
}

/// A read waits for one compute at most as long as it may wait for its turn and run.
fn soft_timeout(config: &Config) -> Option<Advice> {
    let computes = &config.computes;
    let turn = match computes.queue_timeout {
        _ if computes.max_concurrent == 0 => Duration::ZERO,
        limit if limit.is_zero() => computes.hard_timeout,
        limit => limit,
    };
    let longest = computes.hard_timeout.saturating_add(turn);
    (computes.soft_timeout >= longest).then(|| {
        let (limit, longest) = (span(computes.soft_timeout), span(longest));
        let text =
            format!("{limit} never binds: no read waits longer than {longest} for a compute");
        Advice::new("computes.soft_timeout", text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(toml: &str, expected: &[&str]) {
        let found = of(&Config::from_toml(toml).unwrap());
        assert_eq!(found.iter().map(Advice::to_string).collect::<Vec<_>>(), expected, "{toml}");
    }

    #[test]
    fn every_limit_of_the_default_binds() {
        check("", &[]);
    }

    #[test]
    fn a_zone_like_its_neighbour_changes_nothing() {
        let zones = |warmup, golden, active| {
            format!(
                "[golden_hour]\nstandard_ttl = \"6h\"\nzones = [{{ name = \"warmup\", below = \"15m\", ttl = \"{warmup}\" }}, \
                 {{ name = \"golden\", below = \"1h\", ttl = \"{golden}\" }}, {{ name = \"active\", below = \"6h\", ttl = \
                 \"{active}\" }}]\n"
            )
        };
        check(
            &zones("60s", "60s", "15m"),
            &[
                "golden_hour.zones: warmup changes nothing: golden, the zone before it, has the same TTL, 1m",
            ],
        );
        check(
            &zones("30s", "60s", "6h"),
            &[
                "golden_hour.zones: active changes nothing: standard, the zone before it, has the same TTL, 6h",
            ],
        );
        // A confirmed line-up tells active from golden.
        check(&zones("30s", "15m", "15m"), &[]);
        check(
            &(zones("30s", "15m", "15m") + "lineup_multiplier = 1.0\n"),
            &[
                "golden_hour.zones: golden changes nothing: active, the zone before it, has the same TTL, 15m",
            ],
        );
    }

    #[test]
    fn a_quiet_ttl_tells_a_zone_from_its_neighbour_and_is_capped_by_a_warning() {
        let watched = "preset = \"desk\"\n[golden_hour]\nstandard_ttl = \"6h\"\nzones = [\
                       { name = \"active\", below = \"6h\", ttl = \"6h\", quiet_ttl = \"7h\" }]\n";
        check(watched, &[]);
        check(&(watched.to_owned() + "[volatility]\nwarning_ttl = \"12h\"\n"), &[]);
        let never = "volatility.warning_ttl: 24h never binds: no TTL is longer than 24h, so that a warning changes nothing";
        check(&(watched.to_owned() + "[volatility]\nwarning_ttl = \"24h\"\n"), &[never]);
    }

    #[test]
    fn a_cap_of_the_line_up_below_a_ttl_shortens_it() {
        check(
            "[golden_hour]\nlineup_cap = \"30m\"\n",
            &[
                "golden_hour.lineup_cap: a confirmed line-up shortens the TTL of prematch, from 1h to 30m",
            ],
        );
    }

    #[test]
    fn a_warning_that_caps_no_ttl_changes_nothing() {
        check(
            "[volatility]\nwarning_ttl = \"12h\"\n",
            &[
                "volatility.warning_ttl: 12h never binds: no TTL is longer than 12h, so that a warning changes nothing",
            ],
        );
        check("[volatility]\nwarning_ttl = \"12h\"\nenabled = false\n", &[]);
    }

    #[test]
    fn of_two_stale_limits_one_may_always_undercut_the_other() {
        check(
            "[swr]\nmax_stale = \"12h\"\n",
            &["swr.max_stale: 12h never binds: stale_multiplier = 2 adds at most 12h to a TTL"],
        );
        check(
            "[swr]\nstale_multiplier = 1.0\n",
            &["swr.max_stale: 1h never binds: stale_multiplier = 1 adds at most 0s to a TTL"],
        );
        check(
            "[swr]\nmax_stale = \"30s\"\n",
            &[
                "swr.stale_multiplier: 2 never binds: it adds at least 30s to a TTL, and max_stale = 30s allows no more",
            ],
        );
        check("[swr]\nmax_stale = \"31s\"\n", &[]);
        // Jitter may shorten the TTL of 30 s.
        check("[swr]\nmax_stale = \"30s\"\n[cache]\njitter = 0.1\n", &[]);
        check("[swr]\nmax_stale = \"0s\"\nstale_multiplier = 1.0\n", &[]);
    }

    #[test]
    fn what_is_served_stale_anyway_needs_no_error() {
        check(
            "[fail_safe]\nmax_stale_if_error = \"1m\"\n",
            &[
                "fail_safe.max_stale_if_error: 1m never binds: every value is served stale up to an age of at least 1m",
            ],
        );
        check("[fail_safe]\nmax_stale_if_error = \"61s\"\n", &[]);
    }

    #[test]
    fn a_read_never_waits_for_a_soft_timeout_beyond_the_hard_one() {
        check(
            "[computes]\nsoft_timeout = \"30s\"\n",
            &[
                "computes.soft_timeout: 30s never binds: no read waits longer than 30s for a compute",
            ],
        );
        check("[computes]\nsoft_timeout = \"30s\"\nmax_concurrent = 4\n", &[]);
        check("[computes]\nsoft_timeout = \"29s\"\n", &[]);
    }
}
