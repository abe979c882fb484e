// The claims of `volatility.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `volatility.rs`.

use proptest::prelude::*;

use super::*;

const RULE: ScoreRule =
    ScoreRule { min_samples: 3, warning_sigma: 1.5, panic_sigma: 2.0, min_relative_sigma: 0.005 };

fn window(prices: &[f64]) -> Window {
    let mut window = Window::default();
    for (at, price) in (0i64..).zip(prices) {
        window.push(at, *price);
    }
    window
}

fn two_pass(prices: &[f64]) -> (f64, f64) {
    let n = prices.len() as f64;
    let mean = prices.iter().sum::<f64>() / n;
    let squares: f64 = prices.iter().map(|p| (p - mean).powi(2)).sum();
    (mean, if prices.len() < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() })
}

#[test]
fn too_few_samples_score_nothing() {
    assert_eq!(RULE.score(9.0, &window(&[2.0, 2.0]).moments()), (Volatility::Normal, 0.0));
}

#[test]
fn a_jump_out_of_a_flat_market_panics_by_the_floor_and_not_without_it() {
    let flat = window(&[2.0; 10]).moments();
    let (status, z) = RULE.score(2.1, &flat);
    assert_eq!(status, Volatility::Panic);
    assert!((z - 10.0).abs() < 1e-9);
    let baseline = ScoreRule { min_relative_sigma: 0.0, ..RULE };
    assert_eq!(baseline.score(2.1, &flat), (Volatility::Normal, 0.0));
}

#[test]
fn a_threshold_is_reached_within_its_tolerance() {
    for (z, expected) in [
        (2.0 - 2e-9, Volatility::Warning),
        (2.0 - 1e-10, Volatility::Panic),
        (1.5 - 2e-9, Volatility::Normal),
        (1.5 - 1e-10, Volatility::Warning),
    ] {
        assert_eq!(RULE.status(z), expected, "z {z}");
    }
}

#[test]
fn trimming_keeps_a_sample_exactly_as_old_as_the_window() {
    let mut window = window(&[2.0, 3.0, 4.0]);
    window.trim_before(1);
    assert_eq!(window.moments().count, 2);
    window.trim_to(1);
    assert_eq!(window.moments(), Moments::of(4.0));
    assert_eq!(window.newest(), Some(2));
}

#[test]
fn a_million_updates_stay_within_a_billionth_of_two_passes() {
    // Hostile: a huge level with a tiny spread, broken by spikes nine orders of magnitude away.
    let mut window = Window::default();
    let mut recent = std::collections::VecDeque::new();
    let mut state = 1u64;
    for at in 0..1_000_000i64 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (state >> 40) as f64 / f64::from(1u32 << 24);
        let price = match state >> 60 {
            0 => 1.000_001 + noise * 1e-6,
            1 => 1e9 + noise,
            _ => 1000.0 + noise * 1e-3,
        };
        window.push(at, price);
        recent.push_back(price);
        window.trim_to(100);
        if recent.len() > 100 {
            recent.pop_front();
        }
        if at % 9_973 == 0 || at > 999_900 {
            let prices: Vec<f64> = recent.iter().copied().collect();
            let (mean, sigma) = two_pass(&prices);
            let moments = window.moments();
            assert!((moments.mean - mean).abs() <= 1e-9 * mean.abs(), "mean at {at}");
            let got = moments.sample_sigma();
            assert!((got - sigma).abs() <= 1e-9 * sigma, "sigma {got} against {sigma} at {at}");
        }
    }
}

proptest! {
    #[test]
    fn a_window_agrees_with_two_passes_over_what_it_holds(
        steps in prop::collection::vec((0i64..40, 1.01f64..50.0), 1..300),
        length in 1i64..400,
        max in 2usize..40,
    ) {
        let mut window = Window::default();
        let mut model: Vec<(i64, f64)> = Vec::new();
        let mut at = 0;
        for (step, price) in steps {
            at += step;
            window.trim_before(at - length);
            model.retain(|(t, _)| *t >= at - length);
            window.push(at, price);
            model.push((at, price));
            window.trim_to(max);
            model.drain(..model.len().saturating_sub(max));
            let prices: Vec<f64> = model.iter().map(|s| s.1).collect();
            let (mean, sigma) = two_pass(&prices);
            let moments = window.moments();
            prop_assert_eq!(moments.count as usize, prices.len());
            prop_assert!((moments.mean - mean).abs() <= 1e-9 * mean);
            prop_assert!((moments.sample_sigma() - sigma).abs() <= 1e-9 * mean);
        }
    }
}
