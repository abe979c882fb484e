// The latencies that every histogram here records, and the bounds that it exposes.
// Never knows: histograms.
// Read next: `../benches/histograms.rs`.

/// Latencies around 10 µs, spread over some octaves, the same in every run.
pub fn latencies() -> [u64; 1_024] {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    // A sum of twelve uniforms less six is near enough to a normal variable.
    let mut normal = move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    std::array::from_fn(|_| (10_000.0 * (0.7 * normal()).exp()) as u64)
}

/// The bounds that exposed histograms have here, in seconds: those of this workspace.
pub fn bounds() -> Vec<f64> {
    let steps = (-6..1).flat_map(|power| [1.0, 2.5, 5.0].map(|step| step * 10_f64.powi(power)));
    steps.chain([10.0]).collect()
}
