// Distributions in the wire formats of the HDR tools: V2 deflate and the interval log.
// Never knows: registries, threads. It is compiled with the feature `hdr-log` only.
// Read next: `hdr.rs`.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

use super::hdr::HistogramSnapshot;

/// One line of an interval log: what was recorded in one interval of time.
#[derive(Clone, Copy, Debug)]
pub struct Interval<'a> {
    /// The start of the interval, since the log's base time.
    pub start: Duration,
    /// The length of the interval.
    pub length: Duration,
    /// The tag of the line, without spaces, commas and line ends; an empty tag is none.
    pub tag: Option<&'a str>,
    /// The values of the interval: a difference between two snapshots.
    pub values: &'a HistogramSnapshot,
}

impl HistogramSnapshot {
    /// Returns the compressed V2 encoding of [`HistogramSnapshot::to_hdr`], as other HDR tools read
    /// it.
    ///
    /// O(index of the largest value's bucket).
    ///
    /// ```
    /// use kairos_metrics::{Precision, Registry};
    ///
    /// let registry = Registry::new();
    /// let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
    /// fills.record(1_500);
    /// assert!(!fills.snapshot().to_v2_deflate()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a count exceeds `i64::MAX`, which the encoding cannot hold.
    pub fn to_v2_deflate(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut serializer = V2DeflateSerializer::new();
        serializer
            .serialize(&self.to_hdr(), &mut out)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        Ok(out)
    }
}

/// Writes an interval log, version 1.2, as the HDR tools read it.
///
/// The maxima in the log are a millionth of the recorded values: milliseconds of nanoseconds.
///
/// ```
/// use kairos_metrics::{Interval, Precision, Registry, write_interval_log};
/// use std::time::{Duration, SystemTime};
///
/// let registry = Registry::new();
/// let fills = registry.histogram("fill_latency", "Fill latency", Precision::two_digits())?;
/// fills.record(1_500);
/// let (values, length) = (fills.snapshot(), Duration::from_secs(1));
/// let line = Interval { start: Duration::ZERO, length, tag: Some("xlon"), values: &values };
/// let mut log = Vec::new();
/// write_interval_log(&mut log, SystemTime::UNIX_EPOCH, [line])?;
/// assert!(String::from_utf8(log)?.contains("Tag=xlon,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When writing fails, a tag holds a space, a comma or a line end, or a count exceeds `i64::MAX`.
pub fn write_interval_log<'a>(
    out: &mut impl Write,
    base: SystemTime,
    intervals: impl IntoIterator<Item = Interval<'a>>,
) -> io::Result<()> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.2]")
        .with_start_time(base)
        .with_base_time(base)
        .with_max_value_divisor(1e6)
        .begin_log_with(out, &mut serializer)?;
    for Interval { start, length, tag, values } in intervals {
        let tag = match tag.filter(|tag| !tag.is_empty()) {
            Some(tag) => Some(Tag::new(tag).ok_or_else(|| invalid("the tag has a separator"))?),
            None => None,
        };
        log.write_histogram(&values.to_hdr(), start, length, tag).map_err(|error| match error {
            IntervalLogWriterError::IoError(error) => error,
            IntervalLogWriterError::SerializeError(error) => invalid(&error.to_string()),
        })?;
    }
    Ok(())
}
