// The first sentence of a report: what an engine computes and risks, measured by a plain cache on the same reads.
// Never judges: whether saved computes are worth an exposure is for those who pay for both.
// Read next: `rows.rs`, which has the numbers behind it.

use super::run::Run;
use super::text::grouped;

/// One sentence for each engine, which names it if there are several.
pub(super) fn sentences(runs: &[Run]) -> Vec<String> {
    let engines: Vec<&Run> = runs.iter().filter(|run| run.engine.is_some()).collect();
    let plain = runs.iter().find(|run| run.engine.is_none());
    let peer = plain.map(|run| (run.name.trim_start_matches("TTL "), figures(run)));
    let sentence = |run: &Run| {
        let sentence = compare(figures(run), peer);
        if engines.len() > 1 {
            return format!("{}: {sentence}", run.name);
        }
        let mut letters = sentence.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    engines.iter().map(|run| sentence(run)).collect()
}

/// What two caches are compared by.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    reads: u64,
    computes: u64,
    /// The sum of the exposures; `None` if no answered read had prices.
    exposure: Option<f64>,
}

fn figures(run: &Run) -> Figures {
    let exposure = run.exposure.all.spread().map(|spread| spread.sum);
    Figures { reads: run.reads, computes: run.computes, exposure }
}

fn compare(own: Figures, peer: Option<(&str, Figures)>) -> String {
    if own.reads == 0 && own.computes == 0 {
        return "no read has finished, so that there is nothing to compare.".into();
    }
    let Some((ttl, plain)) = peer else {
        let exposure = own.exposure.map_or_else(
            || "without a price to measure exposure by".into(),
            |sum| format!("at an exposure of {}", amount(sum)),
        );
        let (computes, reads) = (counted(own.computes, "compute"), counted(own.reads, "read"));
        return format!("{computes} for {reads}, {exposure}.");
    };
    let computes = computes(own.computes, plain.computes, &format!("a {ttl} cache"));
    format!("{computes} {}.", exposure(own.exposure, plain.exposure))
}

fn computes(own: u64, peer: u64, cache: &str) -> String {
    match (own, peer) {
        (own, peer) if own == peer => format!("as many computes as {cache}"),
        (own, 0) => format!("{}, where {cache} makes none,", counted(own, "compute")),
        (0, peer) => format!("no computes, where {cache} makes {},", grouped(peer as i64)),
        (own, peer) => match ratio(own as f64 / peer as f64) {
            Ratio::Same => format!("about as many computes as {cache}"),
            Ratio::Part(part) => format!("{part} the computes of {cache}"),
            Ratio::Tiny => format!("less than 1 % of the computes of {cache}"),
            Ratio::Less(percent) => format!("{percent} % fewer computes than {cache}"),
            Ratio::More(percent) => format!("{percent} % more computes than {cache}"),
            Ratio::Times(times) => format!("{times} the computes of {cache}"),
        },
    }
}

fn exposure(own: Option<f64>, peer: Option<f64>) -> String {
    let (Some(own), Some(peer)) = (own, peer) else {
        return "without a price to measure exposure by".into();
    };
    if own == 0.0 && peer == 0.0 {
        return "at no exposure, like that one".into();
    }
    if peer == 0.0 {
        return format!("at an exposure of {}, where that one has none", amount(own));
    }
    if own == 0.0 {
        return format!("at no exposure, where that one has {}", amount(peer));
    }
    match ratio(own / peer) {
        Ratio::Same => "at about the same exposure".into(),
        Ratio::Part(part) => format!("at {part} its exposure"),
        Ratio::Tiny => "at less than 1 % of its exposure".into(),
        Ratio::Less(percent) => format!("at {percent} % less exposure"),
        Ratio::More(percent) => format!("at {percent} % more exposure"),
        Ratio::Times(times) => format!("at {times} its exposure"),
    }
}

/// A ratio in the words of speech.
#[derive(Debug, PartialEq)]
enum Ratio {
    /// Within half a percent of 1.
    Same,
    /// A common fraction, give or take a twenty-fifth of it.
    Part(&'static str),
    /// Below one hundredth.
    Tiny,
    /// So many percent less.
    Less(u64),
    /// So many percent more, below twice.
    More(u64),
    /// Twice or more.
    Times(String),
}

const PARTS: [(f64, &str); 5] = [
    (0.25, "a quarter of"),
    (1.0 / 3.0, "a third of"),
    (0.5, "half"),
    (2.0 / 3.0, "two thirds of"),
    (0.75, "three quarters of"),
];

fn ratio(of: f64) -> Ratio {
    if let Some((_, part)) = PARTS.iter().find(|(part, _)| (of / part - 1.0).abs() <= 0.04) {
        return Ratio::Part(part);
    }
    let percent = (100.0 * (of - 1.0)).abs().round() as u64;
    match of {
        _ if percent == 0 => Ratio::Same,
        of if of < 0.01 => Ratio::Tiny,
        of if of < 1.0 => Ratio::Less(percent),
        of if of < 1.95 => Ratio::More(percent),
        of if of < 2.05 => Ratio::Times("twice".into()),
        of if of < 9.95 => Ratio::Times(format!("{of:.1} times")),
        of => Ratio::Times(format!("{} times", grouped(of.round() as i64))),
    }
}

fn counted(n: u64, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("one {what}"),
        n => format!("{} {what}s", grouped(n as i64)),
    }
}

/// Three significant digits, and no fewer before the point.
fn amount(x: f64) -> String {
    if x >= 100.0 {
        return grouped(x.round() as i64);
    }
    let decimals = (2 - x.log10().floor() as i32).clamp(1, 12) as usize;
    format!("{x:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: (u64, Option<f64>), peer: (u64, Option<f64>), expected: &str) {
        let figures = |(computes, exposure)| Figures { reads: 1000, computes, exposure };
        assert_eq!(compare(figures(own), Some(("60 s", figures(peer)))), expected);
    }

    #[test]
    fn computes_and_exposure_are_measured_by_those_of_the_plain_cache() {
        check(
            (39_779, Some(89.5)),
            (76_511, Some(106.2)),
            "half the computes of a 60 s cache at 16 % less exposure.",
        );
        check(
            (450, Some(84.0)),
            (1000, Some(100.0)),
            "55 % fewer computes than a 60 s cache at 16 % less exposure.",
        );
        check(
            (330, Some(250.0)),
            (1000, Some(100.0)),
            "a third of the computes of a 60 s cache at 2.5 times its exposure.",
        );
        check(
            (250, Some(200.0)),
            (1000, Some(100.0)),
            "a quarter of the computes of a 60 s cache at twice its exposure.",
        );
        check(
            (660, Some(116.0)),
            (1000, Some(100.0)),
            "two thirds of the computes of a 60 s cache at 16 % more exposure.",
        );
        check(
            (750, Some(6868.0)),
            (1000, Some(100.0)),
            "three quarters of the computes of a 60 s cache at 69 times its exposure.",
        );
        check(
            (1160, Some(50.0)),
            (1000, Some(100.0)),
            "16 % more computes than a 60 s cache at half its exposure.",
        );
        check(
            (2000, Some(100.2)),
            (1000, Some(100.0)),
            "twice the computes of a 60 s cache at about the same exposure.",
        );
        check(
            (12_345_000, Some(99.8)),
            (1000, Some(100.0)),
            "12,345 times the computes of a 60 s cache at about the same exposure.",
        );
        check(
            (1001, Some(0.5)),
            (1000, Some(100.0)),
            "about as many computes as a 60 s cache at less than 1 % of its exposure.",
        );
        check(
            (9, Some(1.1)),
            (1000, Some(100.0)),
            "less than 1 % of the computes of a 60 s cache at 99 % less exposure.",
        );
        check(
            (12, Some(1.0)),
            (1000, Some(100.0)),
            "99 % fewer computes than a 60 s cache at 99 % less exposure.",
        );
    }

    #[test]
    fn what_is_zero_or_missing_is_said_and_not_divided_by() {
        check(
            (7, Some(0.0)),
            (7, Some(0.0)),
            "as many computes as a 60 s cache at no exposure, like that one.",
        );
        check(
            (1, Some(0.75)),
            (0, Some(0.0)),
            "one compute, where a 60 s cache makes none, at an exposure of 0.750, where that one has none.",
        );
        check(
            (0, Some(0.0)),
            (1234, Some(0.0123)),
            "no computes, where a 60 s cache makes 1,234, at no exposure, where that one has 0.0123.",
        );
        check(
            (5, None),
            (10, None),
            "half the computes of a 60 s cache without a price to measure exposure by.",
        );
        check(
            (5, Some(1.0)),
            (10, None),
            "half the computes of a 60 s cache without a price to measure exposure by.",
        );
        let none = Figures { reads: 0, computes: 0, exposure: None };
        let some = Figures { reads: 0, computes: 3, exposure: None };
        let nothing = "no read has finished, so that there is nothing to compare.";
        assert_eq!(compare(none, Some(("60 s", none))), nothing);
        assert_eq!(compare(none, None), nothing);
        let alone = "3 computes for no reads, without a price to measure exposure by.";
        assert_eq!(compare(some, None), alone);
        let priced = Figures { reads: 1, computes: 1, exposure: Some(1234.5) };
        assert_eq!(compare(priced, None), "one compute for one read, at an exposure of 1,235.");
    }

    #[test]
    fn fractions_are_told_give_or_take_a_twenty_fifth_and_percents_in_whole_ones() {
        for (of, expected) in [
            (0.481, Ratio::Part("half")),
            (0.479, Ratio::Less(52)),
            (0.521, Ratio::Less(48)),
            (0.01, Ratio::Less(99)),
            (0.0099, Ratio::Tiny),
            (0.9949, Ratio::Less(1)),
            (0.9951, Ratio::Same),
            (1.0049, Ratio::Same),
            (1.94, Ratio::More(94)),
            (1.95, Ratio::Times("twice".into())),
            (2.06, Ratio::Times("2.1 times".into())),
            (9.94, Ratio::Times("9.9 times".into())),
            (9.96, Ratio::Times("10 times".into())),
        ] {
            assert_eq!(ratio(of), expected, "{of}");
        }
    }

    #[test]
    fn a_report_begins_with_a_capital_and_several_engines_are_named() {
        let run = |name: &str, computes, engine| Run {
            name: name.into(),
            reads: 10,
            computes,
            engine,
            ..Run::default()
        };
        let engine = || Some(super::super::run::EngineRun::default());
        let plain = || run("TTL 60 s", 10, None);
        let expected = "Half the computes of a 60 s cache without a price to measure exposure by.";
        assert_eq!(sentences(&[run("default", 5, engine()), plain()]), [expected]);
        let both = sentences(&[run("a.toml", 5, engine()), run("b.toml", 20, engine()), plain()]);
        assert!(both[0].starts_with("a.toml: half the computes of"), "{both:?}");
        assert!(both[1].starts_with("b.toml: twice the computes of"), "{both:?}");
        assert_eq!(sentences(&[plain()]), [""; 0]);
    }
}
