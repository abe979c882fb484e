//! Claims about the bridge: what a library emits through the facade is counted here.
//! Never knows: how the bridge finds its series.
//! Read next: `../src/recorder.rs`.
#![cfg(all(feature = "facade", not(kairos_loom)))]

use kairos_metrics::{Recorder, Registry, Value};
use metrics::{
    Unit, counter, describe_counter, describe_histogram, gauge, histogram, with_local_recorder,
};

#[test]
fn what_the_facade_emits_lands_in_the_registry() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || {
        describe_counter!("http.requests", "Requests");
        counter!("http.requests", "path" => "/", "status" => "200").increment(2);
        counter!("http.requests", "status" => "500", "path" => "/").increment(3);
        counter!("http.requests", "status" => "500", "other" => "x").increment(4);
        counter!("seen").absolute(7);
        counter!("seen").absolute(5);
        gauge!("load").set(1.5);
        gauge!("load").decrement(0.25);
        histogram!("latency").record(0.002);
        describe_histogram!("wait", Unit::Milliseconds, "Waiting");
        histogram!("wait").record_many(3.0, 2);
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("http_requests", &["/", "200"]), Some(&Value::Counter(2)));
    assert_eq!(snapshot.value("http_requests", &["/", "500"]), Some(&Value::Counter(3)));
    assert_eq!(snapshot.counter("http_requests"), 9, "foreign labels count in the overflow");
    assert_eq!(snapshot.counter("seen"), 7);
    assert!((snapshot.fraction("load") - 1.25).abs() < f64::EPSILON);
    assert_eq!(snapshot.histogram("latency").sum(), 2_000_000);
    assert_eq!(
        (snapshot.histogram("wait").count(), snapshot.histogram("wait").sum()),
        (2, 6_000_000)
    );
    assert!(registry.encode_prometheus().contains("# HELP http_requests_total Requests\n"));
    assert!(recorder.refused().is_empty());
}

#[test]
fn a_name_that_is_taken_is_refused_and_said_to_be() {
    let registry = Registry::new();
    registry.gauge("busy", "Busy").unwrap();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || counter!("busy", "a" => "b").increment(1));
    assert!(recorder.refused()[0].is_duplicate());
    assert_eq!(registry.snapshot().counter("busy"), 0);
}
