// What a compute may say: its own TTL, tags that it has found, that the old value stands.
// Never knows: the insides of the cache.
// Read next: `tags.rs`, against invalidations; `drawn.rs`, the same in drawn orders.

mod checks;
mod drawn;
mod previous;
mod tags;
mod ttl;

use std::sync::{Arc, Mutex};

use kairos_cache::{Computed, Context};

use crate::stage::{Failure, Read, SECOND, Stage, Work};

/// A stage whose computes end when the test says so.
struct Said {
    stage: Stage,
    /// Holds every compute until it is let go.
    work: Arc<Work>,
    /// The old value that each compute was given.
    given: Arc<Mutex<Vec<Option<u64>>>>,
}

impl std::ops::Deref for Said {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl Said {
    /// Whose values are fresh for a minute and served for two.
    fn new() -> Said {
        Said::on(Stage::with(|builder| {
            builder.seed(1).xfetch_enabled(false).default_ttl(60 * SECOND)
        }))
    }

    fn on(stage: Stage) -> Said {
        Said { stage, work: Work::gated(), given: Arc::default() }
    }

    /// Starts a read of `k` whose compute says this once it is let go.
    fn read(&self, context: &Context, said: impl Into<Computed<u64>>) -> Read {
        let (cache, context) = (self.cache.clone(), context.clone());
        let (work, given, said) = (Arc::clone(&self.work), Arc::clone(&self.given), said.into());
        self.start(async move {
            let compute = move |previous: Option<Arc<u64>>| async move {
                given.lock().expect("no panic").push(previous.map(|value| *value));
                work.compute().await?;
                Ok::<_, Failure>(said)
            };
            cache.get_or_refresh("k", &context, compute).await
        })
    }

    /// Lets one compute end.
    fn go(&self) {
        self.open(&self.work, 1);
    }

    /// Reads `k` to the end of its compute.
    fn run(&self, context: &Context, said: impl Into<Computed<u64>>) -> Read {
        let read = self.read(context, said);
        self.go();
        assert!(read.has_ended());
        read
    }

    /// What the computes since the last call were given.
    fn given(&self) -> Vec<Option<u64>> {
        std::mem::take(&mut *self.given.lock().expect("no panic"))
    }

    fn stored(&self) -> Option<u64> {
        self.cache.peek("k").map(|value| *value)
    }

    /// A number of the metrics' page.
    fn number(&self, line: &str) -> u64 {
        let page = self.cache.registry().encode_prometheus();
        let value = page.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{line} is on the page")).parse().expect("a number")
    }
}

fn none() -> Context {
    Context::none()
}
