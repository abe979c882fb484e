// How often prices that only scatter reach a threshold of volatility.
// Never knows: a feed.
// Read next: `feed.rs`, which counts how often a feed does.
//
// A price is scored against the n samples of a window that it is not in: z = |price − mean| / s. For normal, independent
// prices of one distribution, z ÷ √(1 + 1/n) is the absolute value of Student's t with n − 1 degrees of freedom.

use std::f64::consts::FRAC_2_PI;

use kairos_cache::VolatilityConfig;

use super::wording::{Advice, percent};

/// Noise that trips a threshold less often than this is not worth a word.
const RARE: f64 = 0.01;

/// What noise does to the threshold of a panic.
pub(super) fn of(config: &VolatilityConfig) -> Option<Advice> {
    let (least, most) = (f64::from(config.min_samples), config.max_samples as f64);
    let sigma = config.panic_sigma;
    let at_least = chance(sigma, least);
    if !config.enabled || at_least <= RARE {
        return None;
    }
    let (chances, thresholds) =
        ([least, most].map(|n| chance(sigma, n)), [least, most].map(threshold));
    let [of_least, of_most] = chances.map(percent);
    let [for_least, for_most] = thresholds.map(short);
    Some(Advice::new(
        "volatility.panic_sigma",
        format!(
            "of prices that only scatter about their mean, by more than min_relative_sigma, up to {of_least} reach {sigma} \
             with {least} samples in the window (min_samples), {of_most} with {most} (max_samples); for one in a hundred it \
             takes {for_least} and {for_most}"
        ),
    ))
}

/// The chance that noise has a score of at least `z` against `n` samples; `n` is whole and at least 2.
fn chance(z: f64, n: f64) -> f64 {
    beyond(z / (1.0 + 1.0 / n).sqrt(), n - 1.0)
}

/// The score that noise reaches once in a hundred times against `n` samples.
fn threshold(n: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e4);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if chance(middle, n) > RARE { low = middle } else { high = middle }
    }
    high
}

/// The chance that Student's t with so many degrees of freedom is at least `t` away from 0: Abramowitz and Stegun,
/// 26.7.3 and 26.7.4, exact for whole degrees. O(degrees).
fn beyond(t: f64, degrees: f64) -> f64 {
    let angle = (t / degrees.sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let is_odd = degrees % 2.0 != 0.0;
    let (mut term, mut step) = if is_odd { (cosine, 2.0) } else { (1.0, 1.0) };
    let mut sum = 0.0;
    while step < degrees {
        sum += term;
        // Each term is the one before it times cos² of the angle, and 2/3, 4/5, … or 1/2, 3/4, …
        term *= cosine * cosine * step / (step + 1.0);
        step += 2.0;
    }
    let within = if is_odd { FRAC_2_PI * (angle + sine * sum) } else { sine * sum };
    (1.0 - within).clamp(0.0, 1.0)
}

/// A threshold with as many digits as say something, rounded up: what is below would be too low.
fn short(x: f64) -> String {
    if x < 10.0 { format!("{:.2}", (x * 100.0).ceil() / 100.0) } else { format!("{:.0}", x.ceil()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_cache::Config;

    #[test]
    fn the_tails_are_those_of_the_tables() {
        // Two-sided critical values of Student's t.
        for (t, degrees, expected) in [
            (12.706, 1.0, 0.05),
            (9.925, 2.0, 0.01),
            (5.841, 3.0, 0.01),
            (2.776, 4.0, 0.05),
            (2.228, 10.0, 0.05),
            (2.626, 99.0, 0.01),
            (1.962, 1000.0, 0.05),
            (0.0, 7.0, 1.0),
        ] {
            assert!(
                (beyond(t, degrees) - expected).abs() < 1e-4,
                "{t}, {degrees}: {}",
                beyond(t, degrees)
            );
        }
    }

    #[test]
    fn the_threshold_is_where_one_in_a_hundred_reaches_it() {
        for n in [2.0, 3.0, 12.0, 100.0] {
            assert!((chance(threshold(n), n) - RARE).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn noise_is_advised_of_where_it_trips_the_threshold() {
        let mut config = Config::default().volatility;
        let advice = of(&config).unwrap().to_string();
        let expected = "volatility.panic_sigma: of prices that only scatter about their mean, by more than \
                        min_relative_sigma, up to 23 % reach 2 with 3 samples in the window (min_samples), 4.9 % with 100 \
                        (max_samples); for one in a hundred it takes 12 and 2.64";
        assert_eq!(advice, expected);
        config.panic_sigma = 12.0;
        assert_eq!(of(&config), None);
        (config.panic_sigma, config.min_samples) = (3.5, 12);
        assert_eq!(of(&config), None);
        (config.panic_sigma, config.enabled) = (2.0, false);
        assert_eq!(of(&config), None);
    }
}
