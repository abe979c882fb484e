// Claims about the names that the facade's metrics have beside others: of a neighbour on a page, of a
// metric that was taken out.
// Never knows: how a name is found.
// Read next: `recorder.rs`, the names of one recorder; `../../src/recorder/claims.rs`.

use kairos_metrics::{Recorder, Registry};
use metrics::{counter, gauge, with_local_recorder};

/// Two registries of one page that differ in a label, and a recorder for each.
fn neighbours() -> (Registry, [Registry; 2], [Recorder; 2]) {
    let page = Registry::new();
    let parts = ["a", "b"].map(|app| page.part([("app", app)]));
    for part in &parts {
        page.attach(part).unwrap();
    }
    let recorders = [Recorder::new(&parts[0]), Recorder::new(&parts[1])];
    (page, parts, recorders)
}

/// The samples of a text, in the order of the alphabet.
fn samples(registry: &Registry) -> Vec<String> {
    let text = registry.encode_prometheus();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn names_on_a_page_are_the_same_whatever_the_order_of_first_use() {
    let uses: [(usize, fn()); 5] = [
        (0, || counter!("hits").increment(1)),
        (1, || counter!("hits").increment(2)),
        (0, || counter!("a.b").increment(4)),
        (0, || counter!("a_b").increment(8)),
        (1, || counter!("a.b").increment(16)),
    ];
    let expected = [
        "a_b_counter_total{app=\"a\"} 4",
        "a_b_total{app=\"a\"} 8",
        "a_b_total{app=\"b\"} 16",
        "hits_total{app=\"a\"} 1",
        "hits_total{app=\"b\"} 2",
    ];
    for first in 0..uses.len() {
        for is_reversed in [false, true] {
            let (page, parts, recorders) = neighbours();
            let mut order: Vec<_> = (0..uses.len()).map(|n| (first + n) % uses.len()).collect();
            if is_reversed {
                order.reverse();
            }
            for at in &order {
                let (who, emit) = uses[*at];
                with_local_recorder(&recorders[who], emit);
            }
            assert_eq!(samples(&page), expected, "{order:?}");
            assert_eq!(
                samples(&parts[1]),
                expected[2..].iter().step_by(2).copied().collect::<Vec<_>>()
            );
            assert!(recorders.iter().all(|recorder| recorder.refused().is_empty()));
        }
    }
}

#[test]
fn a_neighbour_takes_a_name_only_where_the_two_cannot_share_it() {
    let (page, parts, recorders) = neighbours();
    parts[1].gauge("level", "Whole").unwrap().set(1);
    parts[1].gauge("hits", "Hits").unwrap().set(2);
    // Of no label: all on the page differ from it.
    page.counter("reads", "Reads").unwrap().inc();
    let twin = page.part([("app", "a")]);
    page.attach(&twin).unwrap();
    twin.counter("writes", "Writes").unwrap().add(2);
    let emit = || {
        gauge!("level").set(3.0);
        counter!("hits").increment(4);
        counter!("reads").increment(5);
        counter!("writes").increment(6);
    };
    with_local_recorder(&recorders[0], emit);
    let expected = [
        "hits_counter_total{app=\"a\"} 4",
        "hits{app=\"b\"} 2",
        "level{app=\"a\"} 3.0",
        "level{app=\"b\"} 1",
        "reads_total 1",
        "reads_total{app=\"a\"} 5",
        "writes_counter_total{app=\"a\"} 6",
        "writes_total{app=\"a\"} 2",
    ];
    assert_eq!(samples(&page), expected);
    // A contested name has all of them judged anew, by the same rule.
    with_local_recorder(&recorders[0], || {
        counter!("a.b").increment(1);
        counter!("a_b").increment(1);
    });
    let after: Vec<_> =
        samples(&page).into_iter().filter(|line| !line.starts_with("a_b")).collect();
    assert_eq!(after, expected);
}

#[test]
fn a_metric_that_was_unregistered_does_not_come_back_when_others_are_named_anew() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || counter!("a.b").increment(1));
    assert!(registry.unregister("a_b"));
    with_local_recorder(&recorder, || {
        counter!("a_b").increment(2);
        counter!("a-b").increment(4);
    });
    assert_eq!(samples(&registry), ["a_b_counter_total 4", "a_b_total 2"]);
    assert_eq!(recorder.refused().len(), 1);
    with_local_recorder(&recorder, || counter!("a.b").increment(8));
    assert_eq!(samples(&registry), ["a_b_counter_2_total 8", "a_b_counter_total 4", "a_b_total 2"]);
    assert!(recorder.refused().is_empty());
}
