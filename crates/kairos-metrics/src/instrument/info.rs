// Info, which has labels and nothing to count.
// Never knows: cells, threads.
// Read next: `instrument.rs`, what it is a kind of.

use super::instrument::{Activity, Handle, Instrument, Series, Stamp};
use crate::encode::{Encoder, Heads};
use crate::names::Kind;
use crate::shard::{Reader, Sum};
use crate::snapshot::Value;
use crate::sync::Shared;

/// The handle of info, which counts nothing.
pub(crate) struct Info;

/// Nothing but its labels.
#[derive(Debug)]
pub(crate) struct InfoCell;

impl Handle for Info {
    type Cells = InfoCell;

    fn new(_: Shared<Series<InfoCell>>) -> Info {
        Info
    }
}

impl Instrument for InfoCell {
    type Spec = ();

    const KIND: Kind = Kind::Info;

    fn make((): &()) -> InfoCell {
        InfoCell
    }

    fn heads((): &(), family: &str, labels: &str, _: &str) -> Heads {
        let mut heads = Heads::default();
        heads.push(family, "_info", labels, "");
        heads
    }

    fn activity(&self, _: &Reader<'_>) -> Activity {
        Activity::Held
    }

    fn value(&self, _: &Reader<'_>, _: &mut Sum) -> Value {
        Value::Info
    }

    fn encode(&self, _: &Reader<'_>, stamp: &Stamp, _: &mut Sum, encoder: &mut Encoder<'_>) {
        encoder.sample_u64(stamp.heads.iter().next().unwrap_or_default(), 1);
    }
}
