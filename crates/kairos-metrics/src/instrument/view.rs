// A metric as it is read: what is exposed of it is copied out at one moment, and read without a lock.
// Never knows: which kinds there are, and which registry has the metric.
// Read next: `registry/page.rs`, which reads; `series.rs`, the list that is copied.

use std::sync::Arc;

use super::instrument::{Face, Instrument, Metric};
use super::series::Listed;
use crate::encode::Encoder;
use crate::names::{Kind, Unit};
use crate::shard::{Reader, Sum, process};
use crate::snapshot::{MetricSnapshot, SeriesSnapshot};

/// A metric of any kind, for a registry to hold.
pub(crate) trait AnyMetric: Send + Sync {
    /// What is exposed of it now. O(series that are new, or while another view is read, series).
    fn view(&self) -> Arc<dyn View>;
    /// Changes the name that is exposed.
    #[cfg(feature = "facade")]
    fn rename(&self, family: &str);
    fn kind(&self) -> Kind;
    fn unit(&self) -> Unit;
    fn family(&self) -> String;
}

/// A metric at one moment, to be read: the names, labels and series of that moment. What the series
/// have counted is read later.
pub(crate) trait View {
    fn family(&self) -> &str;
    fn header(&self, encoder: &mut Encoder<'_>);
    fn samples(&self, turns: &mut Turns, sum: &mut Sum, encoder: &mut Encoder<'_>);
    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot;
}

impl<T: Instrument> AnyMetric for Metric<T> {
    fn view(&self) -> Arc<dyn View> {
        // It changes under the list's lock only, with the description.
        self.series.list()
    }

    #[cfg(feature = "facade")]
    fn rename(&self, family: &str) {
        Metric::rename(self, family);
    }

    fn kind(&self) -> Kind {
        T::KIND
    }

    fn unit(&self) -> Unit {
        Metric::unit(self)
    }

    fn family(&self) -> String {
        self.description().family().to_owned()
    }
}

impl<T: Instrument> View for Listed<Face<T>> {
    fn family(&self) -> &str {
        self.description.family()
    }

    fn header(&self, encoder: &mut Encoder<'_>) {
        encoder.header(&self.description.header);
    }

    fn samples(&self, turns: &mut Turns, sum: &mut Sum, encoder: &mut Encoder<'_>) {
        for (_, face) in self.iter() {
            face.cells.encode(turns.reader(), &face.stamp, sum, encoder);
        }
    }

    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot {
        // A reader for each series: what is made of one allocates.
        let series = self.iter().map(|(values, face)| {
            let reader = process().reader();
            SeriesSnapshot {
                values: self.description.all_values(values),
                birth: reader.birth(face.stamp.number),
                value: face.cells.value(&reader, sum),
            }
        });
        let (series, labels) = (series.collect(), self.description.all_labels());
        let (help, unit) = (self.description.help().to_owned(), self.description.unit);
        MetricSnapshot { help, kind: T::KIND, unit, labels, series }
    }
}

/// The readers of a scrape, one for a few series: for less each the lock costs as much as a count, and
/// an ending thread waits for that few, not for a page.
#[derive(Default)]
pub(crate) struct Turns {
    reader: Option<Reader<'static>>,
    /// How many series it is there for, beside the next one.
    left: usize,
}

/// How many series a reader is there for.
const TURN: usize = 12;

impl Turns {
    /// The reader for one series more.
    #[inline]
    fn reader(&mut self) -> &Reader<'static> {
        if self.left == 0 {
            // Given back before the next one is waited for.
            self.reader = None;
            self.left = TURN;
        }
        self.left -= 1;
        self.reader.get_or_insert_with(next_reader)
    }
}

/// Out of line, as most series find a reader there.
#[cold]
fn next_reader() -> Reader<'static> {
    process().reader()
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::instrument::description::Description;
    use crate::instrument::{
        Counter, Gauge, Handle, Histogram, HistogramConfig, HistogramSpec, Metric,
    };
    use crate::sync::Shared;

    /// Looks up what is there and what is new while this thread reads: it would wait for itself.
    fn check<H: Handle>(spec: <H::Cells as Instrument>::Spec) {
        let kind = <H::Cells as Instrument>::KIND;
        let (unit, constant) = (Unit::Plain, Arc::default());
        let description = Description::new(kind, "m".to_owned(), "M", unit, &constant, &["n"]);
        let metric = Metric::<H::Cells>::new(description, spec, Clock::system(), 2);
        let known = metric.series(&["known"]);
        let view = metric.view();
        let reader = process().reader();
        assert!(Shared::ptr_eq(&known, &metric.series(&["known"])));
        let made = [metric.series(&["new"]), metric.series(&["over"])];
        drop((reader, made));
        let values = |view: &dyn View| -> Vec<_> {
            let series = view.snapshot(&mut Sum::default()).series;
            series.into_iter().map(|series| series.values.concat()).collect()
        };
        assert_eq!((metric.len(), values(&*view)), (3, vec!["known".to_owned()]));
        assert_eq!(values(&*metric.view()), ["known", "new", "_overflow_"]);
    }

    #[test]
    fn a_lookup_waits_for_no_reader() {
        check::<Counter>(());
        check::<Gauge>(());
        let config = HistogramConfig::new(crate::Precision::one_digit());
        check::<Histogram>(HistogramSpec::new("m", &config, Clock::system()).unwrap());
    }
}
