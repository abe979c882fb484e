// A metric as it is read: what is exposed of it is copied out at one moment, and read without a lock.
// Never knows: which kinds there are, and which registry has the metric.
// Read next: `registry/page.rs`, which reads; `series.rs`, the list that is copied.

use std::sync::Arc;

use super::description::Description;
use super::instrument::{Face, Instrument, Metric};
use super::series::Listed;
use crate::encode::Encoder;
use crate::names::{Kind, Unit};
use crate::shard::{Sum, process};
use crate::snapshot::{MetricSnapshot, SeriesSnapshot};

/// A metric of any kind, for a registry to hold.
pub(crate) trait AnyMetric: Send + Sync {
    /// What is exposed of it now. O(series that are new, or while another view is read, series).
    fn view(&self) -> Box<dyn View>;
    /// Changes the name that is exposed.
    #[cfg(feature = "facade")]
    fn rename(&self, family: &str);
    fn kind(&self) -> Kind;
    fn unit(&self) -> Unit;
    fn family(&self) -> String;
}

/// A metric at one moment, to be read.
pub(crate) trait View {
    fn family(&self) -> &str;
    fn header(&self, encoder: &mut Encoder<'_>);
    fn samples(&self, sum: &mut Sum, encoder: &mut Encoder<'_>);
    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot;
}

/// The names, labels and series of one moment; what the series have counted is read later.
struct Seen<T> {
    unit: Unit,
    description: Arc<Description>,
    listed: Arc<Listed<Face<T>>>,
}

impl<T: Instrument> AnyMetric for Metric<T> {
    fn view(&self) -> Box<dyn View> {
        // Under the list's lock, with which both change.
        let (listed, description) = self.series.list(|| Arc::clone(&self.description.lock()));
        Box::new(Seen { unit: self.unit, description, listed })
    }

    #[cfg(feature = "facade")]
    fn rename(&self, family: &str) {
        Metric::rename(self, family);
    }

    fn kind(&self) -> Kind {
        T::KIND
    }

    fn unit(&self) -> Unit {
        self.unit
    }

    fn family(&self) -> String {
        self.description.lock().family.clone()
    }
}

impl<T: Instrument> View for Seen<T> {
    fn family(&self) -> &str {
        &self.description.family
    }

    fn header(&self, encoder: &mut Encoder<'_>) {
        let Description { family, help, .. } = &*self.description;
        encoder.header(family, help, T::KIND, self.unit);
    }

    fn samples(&self, sum: &mut Sum, encoder: &mut Encoder<'_>) {
        // A reader for each series: an ending thread waits for one, not for a whole family.
        for (_, face) in self.listed.iter() {
            face.cells.encode(&process().reader(), &face.stamp, sum, encoder);
        }
    }

    fn snapshot(&self, sum: &mut Sum) -> MetricSnapshot {
        let Description { help, constant, labels, .. } = &*self.description;
        // A reader for each, as above.
        let series = self.listed.iter().map(|(values, face)| {
            let reader = process().reader();
            SeriesSnapshot {
                values: constant.values().chain(values).cloned().collect(),
                birth: reader.birth(face.stamp.number),
                value: face.cells.value(&reader, sum),
            }
        });
        let series = series.collect();
        let labels = constant.names().map(str::to_owned).chain(labels.iter().cloned()).collect();
        MetricSnapshot { help: help.clone(), kind: T::KIND, unit: self.unit, labels, series }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::instrument::{
        Counter, Gauge, Handle, Histogram, HistogramConfig, HistogramSpec, Metric,
    };
    use crate::sync::Shared;

    /// Looks up what is there and what is new while this thread reads: it would wait for itself.
    fn check<H: Handle>(spec: <H::Cells as Instrument>::Spec) {
        let labels = vec!["n".to_owned()];
        let (family, help, constant) = ("m".to_owned(), "M".to_owned(), Arc::default());
        let description = Description { family, help, constant, labels };
        let metric = Metric::<H::Cells>::new(description, Unit::Plain, spec, Clock::system(), 2);
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
