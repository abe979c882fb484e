// Claims about several registries on one page: one header for a family, no sample twice, names that come
// and go with a registry.
// Never knows: how a metric counts.
// Read next: `../../src/registry/page.rs`.

use kairos_metrics::{Error, Precision, Registry, Snapshot, Unit, Value};

/// A registry of two metrics under a label, not attached yet.
fn part(page: &Registry, name: &str, hits: u64) -> Registry {
    let part = page.part([("cache", name)]);
    part.counter_family("hits", "Hits", ["op"]).unwrap().with(["get"]).add(hits);
    part.histogram("wait", "Waiting", Precision::one_digit()).unwrap().record(hits);
    part
}

#[test]
fn registries_on_one_page_share_headers_and_differ_in_a_label() {
    let page = Registry::new();
    page.counter("about", "First by name").unwrap().inc();
    page.counter("zeal", "Last by name").unwrap().inc();
    let parts = [part(&page, "odds", 3), part(&page, "a \"b\"", 4)];
    for part in &parts {
        page.attach(part).unwrap();
        page.attach(part).unwrap();
    }
    for text in [page.encode_prometheus(), page.encode_openmetrics()] {
        for header in ["# TYPE hits", "# HELP hits", "# TYPE wait_seconds", "# TYPE about"] {
            assert_eq!(text.matches(header).count(), 1, "{header} in {text}");
        }
        let lines = [
            "hits_total{cache=\"odds\",op=\"get\"} 3\nhits_total{cache=\"a \\\"b\\\"\",op=\"get\"} 4\n",
            "wait_seconds_count{cache=\"odds\"} 1\n",
            "wait_seconds_bucket{cache=\"odds\",le=\"+Inf\"} 1\n",
        ];
        if text.ends_with("# EOF\n") {
            assert_eq!(text.matches("# EOF").count(), 1);
        } else {
            assert!(text.contains(lines[0]), "{text}");
        }
        assert!(lines[1..].iter().all(|line| text.contains(line)), "{text}");
    }
    let snapshot = page.snapshot();
    assert_eq!(snapshot.value("hits", &["odds", "get"]), Some(&Value::Counter(3)));
    assert_eq!((snapshot.counter("hits"), snapshot.histogram("wait").count()), (7, 2));
    let (_, hits) = snapshot.metrics().find(|(name, _)| *name == "hits").unwrap();
    assert_eq!(hits.labels(), ["cache", "op"]);
    assert_eq!(page.snapshot().since(&snapshot).counter("hits"), 0);
    assert!(page.unregister("hits") && !page.unregister("hits"));
    assert_eq!(page.snapshot().counter("hits"), 0);
}

#[test]
fn a_registry_that_is_dropped_frees_its_names() {
    let page = Registry::new();
    let odds = part(&page, "odds", 3);
    page.attach(&odds).unwrap();
    assert!(page.attach(&part(&page, "odds", 5)).unwrap_err().is_duplicate());
    assert!(page.gauge("wait_seconds", "Taken").unwrap_err().is_duplicate());
    let counted = odds.counter("later", "Later").unwrap();
    drop(odds);
    counted.inc();
    assert!(page.encode_prometheus().is_empty());
    assert_eq!(page.snapshot(), Snapshot::default());
    page.attach(&part(&page, "odds", 5)).unwrap();
    assert!(page.gauge("wait_seconds", "Free").is_ok());
}

#[test]
fn what_the_labels_do_not_tell_apart_is_refused_on_whichever_side_it_comes() {
    let page = Registry::new();
    let (a, b) = (page.part([("part", "a")]), page.part([("part", "b")]));
    let same = page.part([("part", "a")]);
    page.attach(&a).unwrap();
    page.attach(&b).unwrap();
    page.attach(&same).unwrap();
    a.counter("hits", "Hits").unwrap();
    assert!(b.counter("hits", "Hits").is_ok(), "another label");
    assert!(same.counter("hits", "Hits").unwrap_err().is_duplicate(), "the same label");
    assert!(page.counter("hits", "Hits").is_ok(), "no label");
    // Of another kind or unit, a family cannot share the header.
    assert!(b.gauge("hits", "Hits").unwrap_err().is_duplicate());
    a.measured_in(Unit::Plain).counter("busy_bytes", "Busy").unwrap();
    let bytes = b.measured_in(Unit::Bytes).counter("busy", "Busy");
    assert!(bytes.unwrap_err().is_duplicate());
    // And none takes another's sample.
    a.histogram("wait", "Waiting", Precision::one_digit()).unwrap();
    assert!(page.gauge("wait_seconds", "Wait").unwrap_err().is_duplicate());
    let plain = Registry::new();
    plain.counter("hits", "Hits").unwrap();
    assert!(page.attach(&plain).unwrap_err().is_duplicate(), "both are without a label");
    let other = Registry::builder().label("part", "c").build();
    other.counter("hits", "Hits").unwrap();
    assert_eq!(page.attach(&other), Ok(()));
    let refused = other.counter_family("own", "Own", ["part"]).unwrap_err();
    assert!(refused.to_string().contains("occurs twice"), "{refused}");
}

#[test]
fn a_registry_is_not_put_on_its_own_page() {
    let [a, b, c] = [(); 3].map(|()| Registry::new());
    assert_eq!(a.attach(&a), Err(Error::Cycle));
    a.attach(&b).unwrap();
    b.attach(&c).unwrap();
    assert_eq!(c.attach(&a), Err(Error::Cycle));
    c.counter("deep", "Deep").unwrap().inc();
    a.attach(&c).unwrap();
    assert_eq!(a.encode_prometheus().matches("deep_total 1\n").count(), 1, "however it got there");
    assert!(a.counter("deep", "Deep").unwrap_err().is_duplicate());
}
