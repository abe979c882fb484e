// What a reader's closure brings into its compute: task-locals and the current span.
// Never knows: the insides of the cache.
// Read next: `runtimes.rs`, where computes run.

use kairos_cache::{Cache, Context};
use tracing::{Instrument, Span, info_span};

use crate::stage::{Failure, block_on};

tokio::task_local! {
    static REQUEST: u32;
}

/// What a closure brings along is current in its compute, wherever that runs; nothing else is.
#[test]
fn what_a_closure_brings_along_is_current_in_its_compute() {
    let cache: Cache<u8, u32> = Cache::builder().build().expect("in range");
    let current = || REQUEST.try_with(|request| *request).unwrap_or(0);
    let read = |key: u8, brings: bool| {
        let (cache, no) = (cache.clone(), Context::none());
        async move {
            let request = current();
            let compute = move || async move {
                let found = async {
                    tokio::task::yield_now().await;
                    Ok::<_, Failure>(current())
                };
                if brings { REQUEST.scope(request, found).await } else { found.await }
            };
            cache.get_or_compute(&key, &no, compute).await.map(|hit| *hit)
        }
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        assert_eq!(REQUEST.scope(7, read(1, true)).await.expect("a value"), 7);
        assert_eq!(REQUEST.scope(7, read(2, false)).await.expect("a value"), 0);
    });
    assert_eq!(block_on(REQUEST.scope(8, read(3, true))).expect("a value"), 8);
}

/// A span has the reader's as its parent where the closure carries it, and none where it does not.
#[test]
fn a_span_that_a_closure_carries_is_current_in_its_compute() {
    tracing::subscriber::with_default(tracing_subscriber::registry(), || {
        let cache: Cache<u8, Option<u64>> = Cache::builder().build().expect("in range");
        let current = || Span::current().id().map(|id| id.into_u64());
        let read = |key: u8, carries: bool| {
            let span = if carries { Span::current() } else { Span::none() };
            let compute = move || {
                let found = async move {
                    tokio::task::yield_now().await;
                    Ok::<_, Failure>(current())
                };
                found.instrument(span)
            };
            let (cache, no) = (cache.clone(), Context::none());
            async move { cache.get_or_compute(&key, &no, compute).await.map(|hit| *hit) }
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let span = info_span!("request");
            let id = span.id().map(|id| id.into_u64());
            assert!(id.is_some());
            let carried = span.in_scope(|| read(1, true)).instrument(span.clone()).await;
            assert_eq!(carried.expect("a value"), id);
            let left = span.in_scope(|| read(2, false)).instrument(span.clone()).await;
            assert_eq!(left.expect("a value"), None);
        });
    });
}
