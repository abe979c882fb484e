// Where a refreshed value belongs: where its reader says, or else where it has belonged before.
// Never knows: the insides of the cache.
// Read next: `other_matches.rs`, reads that name other matches than computes do.

use kairos_cache::Context;

use crate::stage::{Desk, SECOND, Stage, Work, start};

fn stage() -> Stage {
    Stage::with(|builder| builder.default_ttl(60 * SECOND).xfetch_enabled(false))
}

#[test]
fn a_refresh_by_a_read_that_names_no_match_leaves_the_value_where_it_belongs() {
    type Kill = fn(&Stage);
    let kills: [(&str, Kill); 5] = [
        ("event", |s| {
            let scope = s.cache.scope("m");
            assert_eq!(
                s.cache.invalidate_event(&scope, "goalkeeper_change").expect("known").died,
                1
            );
        }),
        ("match", |s| assert_eq!(s.cache.invalidate_match(&s.cache.scope("m")), 1)),
        ("tag of the context", |s| s.cache.invalidate_tag("own")),
        ("tag of the market", |s| s.cache.invalidate_tag("goals")),
        ("kickoff", |s| {
            s.cache.set_kickoff(&s.cache.scope("m"), start()).expect("known");
        }),
    ];
    for (name, kill) in kills {
        let stage = stage();
        let scope = stage.cache.scope("m");
        let named = Context::new(&scope).market("btts").tag("own");
        assert_eq!(stage.read("k", &named, &Work::at_once()).value(), Some(1));
        stage.seconds(70);
        let plain = Context::none().tag("of the reader");
        let hit = stage.read("k", &plain, &Work::at_once()).hit().expect("stale");
        assert!(hit.receipt().refresh_started, "{name}");
        assert_eq!(stage.cache.stats().swr_background_success, 1);
        stage.cache.invalidate_tag("of the reader");
        assert!(stage.cache.get("k").is_some(), "{name}: the reader's tags are not the value's");
        assert!(stage.read("k", &named, &Work::at_once()).value().is_some(), "it is the match's");
        assert_eq!(stage.cache.stats().cache_miss, 1);
        kill(&stage);
        assert!(stage.cache.get("k").is_none(), "{name}");
    }
}

#[test]
fn an_early_refresh_leaves_it_there_too() {
    let stage = Stage::with(|builder| builder.default_ttl(60 * SECOND).xfetch_beta(1e6));
    let scope = stage.cache.scope("m");
    let work = Work::gated();
    let read = stage.read("k", &Context::new(&scope).market("btts"), &work);
    stage.seconds(1);
    stage.open(&work, 1);
    assert_eq!(read.value(), Some(1));
    stage.seconds(1);
    let hit = stage.read("k", &Context::none(), &Work::at_once()).hit().expect("fresh");
    assert!(hit.receipt().refresh_started);
    assert_eq!(stage.cache.invalidate_match(&scope), 1);
    assert!(stage.cache.get("k").is_none());
}

#[test]
fn a_refresh_by_a_read_that_names_a_match_says_all_of_it() {
    let stage = stage();
    let scope = stage.cache.scope("m");
    let named = Context::new(&scope).market("btts").tag("own");
    assert!(stage.read("k", &named, &Work::at_once()).value().is_some());
    stage.seconds(70);
    let hit = stage.read("k", &Context::new(&scope), &Work::at_once()).hit().expect("stale");
    assert!(hit.receipt().refresh_started);
    stage.cache.invalidate_tag("own");
    stage.cache.invalidate_tag("goals");
    assert!(stage.cache.get("k").is_some());
    assert_eq!(stage.cache.invalidate_match(&scope), 1);
}

#[test]
fn a_refresh_among_many_leaves_each_value_where_it_belongs() {
    let desk = Desk::with(|builder| builder.default_ttl(60 * SECOND));
    let scope = desk.cache.scope("m");
    desk.store("a", &Context::new(&scope).market("btts"), 7);
    desk.store("b", &Context::none(), 8);
    desk.seconds(70);
    let many = desk.many("a b");
    desk.open(1);
    assert_eq!(many.values(), [7, 8]);
    assert_eq!(desk.cache.stats().swr_background_success, 2);
    assert_eq!(desk.cache.invalidate_match(&scope), 1);
    assert!(desk.cache.get("a").is_none() && desk.cache.get("b").is_some());
}
