// The names of the pages that a registry is on: which catalogues those are, and how a metric enters.
// Never knows: how a page is read.
// Read next: `page.rs`; `catalog.rs`, one registry's metrics.

use std::sync::{Arc, Weak};

use super::catalog::{Catalog, Face};
use crate::error::Error;
use crate::instrument::AnyMetric;
use crate::sync::{Mutex, MutexGuard, process_static};

process_static! {
    /// Keeps a name from being taken in two registries of a page at once. Whoever has it locks the
    /// metrics of one registry after another, never of two.
    static NAMES: Mutex<()> = Mutex::new(());
}

/// Lets nobody else take a name, or change which registries are on a page, for as long as it is kept.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    NAMES.lock()
}

/// Takes a metric in, if its names are free on every page that it would be on.
///
/// # Errors
/// [`Error::Duplicate`] when its name is taken, by whatever kind, or one of its samples' names.
pub(super) fn enter(
    catalog: &Arc<Catalog>,
    name: &str,
    metric: Arc<dyn AnyMetric>,
) -> Result<(), Error> {
    // Dropped after the lock: the last clone of another registry may go meanwhile.
    let around_it;
    let _alone = alone();
    around_it = around(catalog);
    let face = Face::of(&*metric);
    for known in &around_it {
        if let Some(sample) = known.taken(&face, catalog.constant()) {
            return Err(Error::Duplicate { name: name.to_owned(), sample });
        }
    }
    catalog.metrics().insert(name, &face, metric)
}

/// A registry and all that are attached to it, each once.
pub(super) fn page(catalog: &Arc<Catalog>) -> Vec<Arc<Catalog>> {
    let mut found = vec![Arc::clone(catalog)];
    let mut at = 0;
    while at < found.len() {
        let parts: Vec<_> = found[at].metrics().parts.iter().filter_map(Weak::upgrade).collect();
        add(&mut found, parts);
        at += 1;
    }
    found
}

/// The pages that a registry is on, as one.
pub(super) fn around(catalog: &Arc<Catalog>) -> Vec<Arc<Catalog>> {
    let mut wholes = vec![Arc::clone(catalog)];
    let mut at = 0;
    while at < wholes.len() {
        let above: Vec<_> = wholes[at].metrics().wholes.iter().filter_map(Weak::upgrade).collect();
        add(&mut wholes, above);
        at += 1;
    }
    let mut found = Vec::new();
    for whole in &wholes {
        add(&mut found, page(whole));
    }
    found
}

fn add(found: &mut Vec<Arc<Catalog>>, more: Vec<Arc<Catalog>>) {
    for catalog in more {
        if !found.iter().any(|known| Arc::ptr_eq(known, &catalog)) {
            found.push(catalog);
        }
    }
}
