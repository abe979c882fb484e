// A distribution as a histogram of the crate hdrhistogram, and as the percentile table of the HDR tools.
// Never knows: registries, threads. It is compiled with the feature `hdrhistogram` only.
// Read next: `hdr.rs`; `hdr_log.rs` for the wire formats.

use std::fmt::Write as _;

use hdrhistogram::Histogram as HdrHistogram;

use super::hdr::HistogramSnapshot;

impl HistogramSnapshot {
    /// Returns a percentile table in the layout of the HDR tools, with `steps` lines for each
    /// halving of the distance to 100 %.
    ///
    /// The columns are value, percentile, number of values up to there, and `1 / (1 - percentile)`.
    /// Needs the feature `hdrhistogram`.
    pub fn percentile_table(&self, steps: u32) -> String {
        let hdr = self.to_hdr();
        let mut out = format!(
            "{:>16} {:>14} {:>12} {:>16}\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        );
        let mut total = 0_u64;
        for line in hdr.iter_quantiles(steps.max(1)) {
            total += line.count_since_last_iteration();
            let (value, q) = (line.value_iterated_to(), line.quantile_iterated_to());
            // Writing to a string does not fail.
            let _ = match q {
                1.0.. => writeln!(out, "{value:>16} {q:>14.12} {total:>12} {:>16}", "inf"),
                _ => writeln!(out, "{value:>16} {q:>14.12} {total:>12} {:>16.2}", 1.0 / (1.0 - q)),
            };
        }
        out
    }

    /// Returns the same distribution as an `hdrhistogram::Histogram`, bucket for bucket.
    ///
    /// Its bounds are 1 and the precision's highest value; its full range is allocated. Needs the feature
    /// `hdrhistogram`.
    ///
    /// ```
    /// use kairos_metrics::{Precision, Registry};
    ///
    /// let registry = Registry::new();
    /// let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
    /// fills.record(100);
    /// let snapshot = fills.snapshot();
    /// assert_eq!(snapshot.to_hdr().value_at_quantile(0.5), 100);
    /// assert!(snapshot.percentile_table(1).contains("Percentile"));
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    ///
    /// # Panics
    /// Never: a snapshot holds only what such a histogram can hold.
    pub fn to_hdr(&self) -> HdrHistogram<u64> {
        let (highest, digits) = (self.precision().highest(), self.precision().digits());
        let mut hdr = HdrHistogram::new_with_bounds(1, highest, digits)
            .expect("a precision has 1 to 3 digits and a highest value of 2 or more");
        for (low, _, count) in self.buckets() {
            hdr.record_n(low, count).expect("a bucket starts at or below the highest value");
        }
        hdr
    }
}
