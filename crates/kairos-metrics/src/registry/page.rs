// Several registries on one page: which names are taken on it, and how the page is read.
// Never knows: how a metric is made, and what it counts.
// Read next: `catalog.rs`, one registry's metrics.

use std::sync::{Arc, Weak};

use super::catalog::Catalog;
#[cfg(feature = "facade")]
use super::catalog::{Face, Taken};
use super::registry::Registry;
#[cfg(feature = "facade")]
use super::space::enter;
use super::space::{alone, around, page};
use crate::encode::{Encoder, Format};
use crate::error::Error;
#[cfg(feature = "facade")]
use crate::instrument::AnyMetric;
use crate::instrument::{Turns, View};
use crate::shard::Sum;
use crate::snapshot::Snapshot;

/// A view of a metric, with what is wanted of its name.
type Viewed<N> = (N, Arc<dyn View>);

/// The registries of a page, and what there is on it.
type Views<N> = (Vec<Arc<Catalog>>, Vec<Viewed<N>>);

impl Registry {
    /// Returns a new registry with this one's clocks and limit, whose metrics have these labels
    /// beside their own; [`attach`](Self::attach) puts it on this one's page.
    ///
    /// A label that a metric has itself is refused when that is registered.
    #[must_use]
    pub fn part<const N: usize>(&self, labels: [(&str, &str); N]) -> Registry {
        Registry(Arc::new(self.0.part(&labels)))
    }

    /// Exposes another registry's metrics with this one's: in its text, in its snapshots, and to
    /// [`unregister`](Self::unregister).
    ///
    /// A metric that both have is written once, with the series of both, if it is of one kind and
    /// unit and the registries differ in their constant labels. The other registry is not kept: with
    /// its last clone its metrics leave the page.
    ///
    /// ```
    /// use kairos_metrics::Registry;
    ///
    /// let page = Registry::new();
    /// let caches = ["odds", "teams"].map(|name| page.part([("cache", name)]));
    /// for cache in &caches {
    ///     cache.counter("hits", "Hits")?.inc();
    ///     page.attach(cache)?;
    /// }
    /// let text = page.encode_prometheus();
    /// assert!(text.contains("hits_total{cache=\"odds\"} 1\nhits_total{cache=\"teams\"} 1\n"));
    /// assert_eq!(text.matches("# TYPE hits_total counter\n").count(), 1);
    /// drop(caches);
    /// assert!(page.encode_prometheus().is_empty());
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Duplicate`] when a sample's name is taken on the page and the labels would not tell
    /// the two apart; [`Error::Cycle`] when this registry is on the other one's page already. Nothing
    /// is attached then.
    pub fn attach(&self, part: &Registry) -> Result<(), Error> {
        // Dropped after the lock: another registry's last clone may go meanwhile.
        let (parts, own, mut others);
        let _alone = alone();
        parts = page(&part.0);
        if parts.iter().any(|catalog| Arc::ptr_eq(catalog, &self.0)) {
            return Err(Error::Cycle);
        }
        own = page(&self.0);
        if own.iter().any(|catalog| Arc::ptr_eq(catalog, &part.0)) {
            // It is there already, by this way or another.
            return Ok(());
        }
        others = around(&self.0);
        others.retain(|known| !parts.iter().any(|part| Arc::ptr_eq(known, part)));
        for new in &parts {
            for (name, face) in new.faces() {
                let taken = others.iter().find_map(|known| known.taken(&face, new.constant()));
                if let Some(sample) = taken {
                    return Err(Error::Duplicate { name, sample });
                }
            }
        }
        adopt(&mut self.0.metrics().parts, &part.0);
        adopt(&mut part.0.metrics().wholes, &self.0);
        Ok(())
    }

    /// Removes a metric; returns `false` if there is none of that name.
    ///
    /// Its handles go on counting, but are no longer exposed, and the name can be registered again.
    /// Of attached registries that have the name, each loses it.
    ///
    /// ```
    /// use kairos_metrics::Registry;
    ///
    /// let registry = Registry::new();
    /// let orders = registry.counter("orders", "Orders accepted")?;
    /// assert!(registry.unregister("orders") && !registry.unregister("orders"));
    /// orders.inc();
    /// assert_eq!(registry.counter("orders", "Orders accepted")?.value(), 0);
    /// # Ok::<(), kairos_metrics::Error>(())
    /// ```
    pub fn unregister(&self, name: &str) -> bool {
        // Dropped after the locks.
        let (page_of_it, removed): (_, Vec<_>);
        let _alone = alone();
        let take = |catalog: &Arc<Catalog>| {
            let removed = catalog.metrics().remove(name);
            removed.inspect(|_| catalog.removed())
        };
        page_of_it = page(&self.0);
        removed = page_of_it.iter().filter_map(take).collect();
        !removed.is_empty()
    }

    /// Reads all metrics as plain data.
    ///
    /// Allocates; O(series × live threads), for histograms also × the buckets between their
    /// smallest and largest values.
    pub fn snapshot(&self) -> Snapshot {
        let mut sum = Sum::default();
        let mut snapshot = Snapshot::default();
        let (_page, views) = self.views(str::to_owned);
        for (name, view) in views {
            snapshot.add(&name, view.snapshot(&mut sum));
        }
        snapshot
    }

    pub(super) fn encode(&self, out: &mut String, format: Format) {
        let (mut sum, mut encoder) = (Sum::default(), Encoder::new(out, format));
        let (page, mut views) = self.views(|_| ());
        let mut turns = Turns::default();
        if page.len() > 1 {
            // Stable: the series of one family in the order of the registries.
            views.sort_by(|((), a), ((), b)| a.family().cmp(b.family()));
        }
        // Within one registry no two metrics are of one family.
        let is_shared = page.len() > 1;
        let alike = |a: &Viewed<()>, b: &Viewed<()>| is_shared && a.1.family() == b.1.family();
        for same in views.chunk_by(alike) {
            same[0].1.header(&mut encoder);
            for ((), view) in same {
                view.samples(&mut turns, &mut sum, &mut encoder);
            }
        }
    }

    /// What there is on the page at one moment, by registry and then by name. It is read without a
    /// lock: nobody who registers or looks up waits for a reader.
    fn views<N>(&self, name_of: impl Fn(&str) -> N) -> Views<N> {
        // No name moves from one registry to another meanwhile.
        let _alone = alone();
        let page = page(&self.0);
        let mut views = Vec::new();
        for catalog in &page {
            let metrics = catalog.metrics();
            views.reserve(metrics.len());
            views.extend(metrics.iter().map(|(name, metric)| (name_of(name), metric.view())));
        }
        (page, views)
    }
}

/// What the facade's recorder does beside: its names are not fixed.
#[cfg(feature = "facade")]
impl Registry {
    /// Takes a metric in.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when its name is taken.
    pub(crate) fn enter(&self, name: &str, metric: Arc<dyn AnyMetric>) -> Result<(), Error> {
        enter(&self.0, name, metric)
    }

    /// Whether the metric of that name is this one.
    pub(crate) fn holds(&self, name: &str, metric: &Arc<dyn AnyMetric>) -> bool {
        self.0.metrics().get(name).is_some_and(|known| Arc::ptr_eq(known, metric))
    }

    /// How often metrics were taken out.
    pub(crate) fn removals(&self) -> u64 {
        self.0.removals()
    }

    /// Has kept handles asked for anew, as if a metric was taken out.
    pub(crate) fn removed(&self) {
        self.0.removed();
    }

    /// Gives metrics other names: `own` are those they have, and `choose` gives each a name and a
    /// family, by what others have taken and which of `own` were unregistered. Whoever reads sees all
    /// names before or all after.
    pub(crate) fn reassign(
        &self,
        own: &[(String, Arc<dyn AnyMetric>)],
        choose: impl FnOnce(&mut Taken, &[&Arc<dyn AnyMetric>]) -> Vec<NewName>,
    ) {
        // Dropped after the lock.
        let around_it;
        let _alone = alone();
        around_it = around(&self.0);
        let mut taken = Taken::default();
        for other in around_it.iter().filter(|other| !Arc::ptr_eq(other, &self.0)) {
            other.metrics().add_taken(&mut taken, false, other.constant() == self.0.constant());
        }
        let mut metrics = self.0.metrics();
        let mut gone = Vec::new();
        for (name, metric) in own {
            if metrics.get(name).is_some_and(|known| Arc::ptr_eq(known, metric)) {
                metrics.remove(name);
            } else {
                gone.push(metric);
            }
        }
        metrics.add_taken(&mut taken, true, true);
        for NewName { name, family, metric } in choose(&mut taken, &gone) {
            metric.rename(&family);
            let entered = metrics.insert(&name, &Face::of(&*metric), metric);
            debug_assert!(entered.is_ok(), "the names were free");
        }
    }
}

/// A metric and what it is to be named from now on.
#[cfg(feature = "facade")]
pub(crate) struct NewName {
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) metric: Arc<dyn AnyMetric>,
}

/// Keeps a registry in a list of those that are there.
fn adopt(list: &mut Vec<Weak<Catalog>>, catalog: &Arc<Catalog>) {
    list.retain(|known| known.strong_count() > 0);
    list.push(Arc::downgrade(catalog));
}
