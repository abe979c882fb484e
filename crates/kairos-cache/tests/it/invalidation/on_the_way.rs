// Invalidation, expiry and suspension while a value is on its way: what is stored, what is not.
// Never knows: the insides of the cache.
// Read next: `../stress/staleness.rs`, the same promise under load.

use std::sync::Arc;
use std::time::Duration;

use kairos_cache::{Context, Reason, Scope, TradingStatus};

use crate::stage::{Read, Stage, Work};

/// The value that is on its way belongs to this market, and carries this tag of its own.
fn context(scope: &Scope) -> Context {
    Context::new(scope).market("btts").tag("team:arsenal")
}

type Invalidate = fn(&Stage, &Scope);

/// Every kind of invalidation that covers the value.
const KILLS: [(&str, Invalidate); 8] = [
    ("key", |stage, _| {
        stage.cache.invalidate("k");
    }),
    ("tag", |stage, _| stage.cache.invalidate_tag("team:arsenal")),
    ("tag of the market", |stage, _| stage.cache.invalidate_tag("goalkeeper_change")),
    ("event", |stage, scope| {
        stage.cache.invalidate_event(scope, "goalkeeper_change").expect("known");
    }),
    ("match", |stage, scope| {
        stage.cache.invalidate_match(scope);
    }),
    ("all", |stage, _| stage.cache.invalidate_all()),
    ("status of the market", |stage, scope| {
        set_status(stage, scope, Some("btts"));
    }),
    ("status of the match", |stage, scope| {
        set_status(stage, scope, None);
    }),
];

/// Suspends and opens again, so that nothing bars storing afterwards.
fn set_status(stage: &Stage, scope: &Scope, market: Option<&str>) {
    for status in [TradingStatus::Suspended, TradingStatus::Open] {
        stage.cache.set_status(scope, market, status).expect("known");
    }
}

/// How a value can be on its way.
#[derive(Debug, Clone, Copy)]
enum Way {
    Miss,
    Refresh,
    Bypass,
}

impl Way {
    /// Starts a compute that waits, and the read that asks for it.
    fn start(self, stage: &Stage, scope: &Scope, work: &Arc<Work>) -> Read {
        match self {
            Way::Miss => stage.read("k", &context(scope), work),
            Way::Refresh => {
                stage.read("k", &context(scope), &Work::at_once()).value().expect("stored");
                stage.seconds(60);
                let read = stage.read("k", &context(scope), work);
                assert!(read.hit().expect("served at once").receipt().refresh_started);
                read
            }
            Way::Bypass => stage.read("k", &context(scope).force_refresh(true), work),
        }
    }
}

#[test]
fn an_invalidation_during_a_compute_keeps_its_result_out() {
    for way in [Way::Miss, Way::Refresh, Way::Bypass] {
        for (kind, invalidate) in KILLS {
            let (stage, work) = (Stage::new(), Work::gated());
            let scope = stage.cache.scope("m");
            let read = way.start(&stage, &scope, &work);
            assert_eq!(work.running(), 1);
            invalidate(&stage, &scope);
            stage.open(&work, 1);
            assert_eq!(work.finished(), 1);
            assert_eq!(read.value(), Some(1), "{way:?}, {kind}: who arrived before may have it");
            assert!(stage.cache.peek("k").is_none(), "{way:?}, {kind}: it is not stored");
            assert!(stage.cache.pin("k").is_none(), "{way:?}, {kind}: nor pinned");
            let next = stage.read("k", &context(&scope), &Work::at_once()).hit();
            let next = next.expect("computed");
            assert_eq!(next.receipt().reason, Reason::Miss, "{way:?}, {kind}");
            assert!(stage.cache.peek("k").is_some(), "{way:?}, {kind}: the next one is stored");
        }
    }
}

#[test]
fn an_invalidation_during_a_fill_keeps_its_value_out() {
    for (kind, invalidate) in KILLS {
        let stage = Stage::new();
        let scope = stage.cache.scope("m");
        let fill = stage.cache.begin("k", &context(&scope)).expect("known");
        invalidate(&stage, &scope);
        assert!(!fill.insert(1), "{kind}");
        assert!(stage.cache.peek("k").is_none(), "{kind}");
        assert!(stage.cache.insert("k", &context(&scope), 2).expect("known"), "{kind}");
    }
}

#[test]
fn a_read_after_the_invalidation_joins_nothing_that_started_before_it() {
    for (kind, invalidate) in KILLS {
        let (stage, work) = (Stage::new(), Work::gated());
        let scope = stage.cache.scope("m");
        let before = stage.read("k", &context(&scope), &work);
        invalidate(&stage, &scope);
        let after = stage.read("k", &context(&scope), &work);
        stage.open(&work, 1);
        assert_eq!((before.value(), after.value()), (Some(1), None), "{kind}");
        stage.open(&work, 1);
        assert_eq!(after.value(), Some(2), "{kind}");
        assert_eq!(stage.cache.peek("k").map(|hit| *hit), Some(2), "{kind}");
    }
}

#[test]
fn an_invalidation_of_something_else_lets_the_result_in() {
    let spares: [(&str, Invalidate); 6] = [
        ("another key", |stage, _| {
            stage.cache.invalidate("other");
        }),
        ("another tag", |stage, _| stage.cache.invalidate_tag("team:chelsea")),
        ("an event of other tags", |stage, scope| {
            let outcome = stage.cache.invalidate_event(scope, "odds_steam").expect("known");
            assert!(outcome.markets.iter().all(|market| *market != "btts"));
        }),
        ("another match", |stage, _| {
            stage.cache.invalidate_match(&stage.cache.scope("other"));
        }),
        ("the status of another market", |stage, scope| set_status(stage, scope, Some("penalty"))),
        ("the status that is set already", |stage, scope| {
            stage.cache.set_status(scope, None, TradingStatus::Open).expect("known");
        }),
    ];
    for (kind, invalidate) in spares {
        let (stage, work) = (Stage::new(), Work::gated());
        let scope = stage.cache.scope("m");
        let read = stage.read("k", &context(&scope), &work);
        invalidate(&stage, &scope);
        stage.open(&work, 1);
        assert_eq!(read.value(), Some(1));
        assert!(stage.cache.peek("k").is_some(), "{kind}");
    }
}

#[test]
fn nothing_is_stored_while_suspended_whenever_it_was_asked_for() {
    for market in [None, Some("btts")] {
        let stage = Stage::new();
        let scope = stage.cache.scope("m");
        let (before, during) = (Work::gated(), Work::gated());
        let early = stage.read("k", &context(&scope), &before);
        stage.cache.set_status(&scope, market, TradingStatus::Suspended).expect("known");
        let late = stage.read("k", &context(&scope), &during);
        stage.open(&before, 1);
        assert_eq!((early.value(), during.started()), (Some(1), 1), "it waits for one of its own");
        stage.open(&during, 1);
        let hit = late.hit().expect("finished");
        assert_eq!(hit.receipt().reason, Reason::Suspended);
        assert!(stage.cache.peek("k").is_none());
        stage.cache.set_status(&scope, market, TradingStatus::Open).expect("known");
        assert!(stage.cache.peek("k").is_none(), "{market:?}: not even once it is open again");
    }
}

#[test]
fn an_expiry_during_a_compute_stores_its_result_already_stale() {
    let expiries: [(&str, Invalidate); 4] = [
        ("key", |stage, _| stage.cache.expire("k")),
        ("tag", |stage, _| stage.cache.expire_tag("team:arsenal")),
        ("match", |stage, scope| stage.cache.expire_match(scope)),
        ("all", |stage, _| stage.cache.expire_all()),
    ];
    for (kind, expire) in expiries {
        let (stage, work) = (Stage::new(), Work::gated());
        let scope = stage.cache.scope("m");
        let read = stage.read("k", &context(&scope), &work);
        expire(&stage, &scope);
        stage.open(&work, 1);
        assert_eq!(read.value(), Some(1));
        let hit = stage.cache.get("k").expect("stored");
        assert_eq!((hit.receipt().reason, hit.receipt().age), (Reason::Stale, Duration::ZERO));
        let refreshed = stage.read("k", &context(&scope), &Work::at_once()).hit();
        assert!(refreshed.expect("served").receipt().refresh_started, "{kind}");
        stage.sim.run_until_idle();
        assert_eq!(stage.cache.get("k").expect("kept").receipt().reason, Reason::Fresh, "{kind}");
    }
}
