// Kickoff and line-up of a match: what was given later stands, whoever reads last.
// Never knows: the insides of the cache.
// Read next: `recorded.rs`, what a kickoff decides.

use kairos_cache::Context;

use crate::stage::{HOUR, Stage, Work, start};

#[test]
fn a_kept_context_brings_no_old_kickoff_back() {
    let stage = Stage::new();
    let scope = stage.cache.scope("m");
    let kickoff = |hours: u32| start() + HOUR * hours;
    let zone = |context: &Context| {
        let hit = stage.read("k", context, &Work::at_once()).hit().expect("a value");
        hit.receipt().zone.name()
    };
    let kept = Context::new(&scope).kickoff(kickoff(2)).lineup_confirmed(false);
    let (clone, force) = (kept.clone(), kept.clone().force_refresh(true));
    assert_eq!(zone(&kept), "active");
    stage.cache.set_kickoff(&scope, kickoff(30)).expect("known");
    for context in [&kept, &clone, &force] {
        assert_eq!(zone(context), "standard", "what was set later stands");
    }
    assert_eq!(zone(&Context::new(&scope).kickoff(kickoff(2))), "active", "given later still");
    let (early, late) =
        (Context::new(&scope).kickoff(kickoff(20)), Context::new(&scope).kickoff(kickoff(30)));
    assert_eq!(zone(&late), "standard");
    assert_eq!(zone(&early), "standard", "whichever is read last");
    // An insert and a fill publish as a read does.
    stage.cache.insert("x", &early, 1).expect("room");
    assert_eq!(zone(&Context::new(&scope)), "standard");
    // A line-up is another thing than a kickoff, and as old as it is given.
    stage.cache.set_lineup_confirmed(&scope, true).expect("known");
    let ttl = |context: &Context| {
        let force = context.clone().force_refresh(true);
        let hit = stage.read("k", &force, &Work::at_once()).hit().expect("a value");
        hit.receipt().ttl
    };
    assert_eq!(ttl(&kept), 12 * HOUR);
    assert_eq!(ttl(&Context::new(&scope).lineup_confirmed(false)), 6 * HOUR);
}
