// Claims about the bridge: what a library emits through the facade is counted here.
// Never knows: how the bridge finds its series.
// Read next: `../../src/recorder/recorder.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use kairos_metrics::{OVERFLOW, Recorder, Registry, Snapshot, Value};
use metrics::{
    Unit, counter, describe_counter, describe_histogram, gauge, histogram, with_local_recorder,
};

/// What is exposed, in both formats, after `emit` ran with a recorder.
fn exposed(emit: impl Fn()) -> (Registry, Recorder, [String; 2]) {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, emit);
    let texts = [registry.encode_prometheus(), registry.encode_openmetrics()];
    (registry, recorder, texts)
}

#[track_caller]
fn check_lines(texts: &[String; 2], lines: &[&str]) {
    for text in texts {
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line}\nis not in\n{text}");
        }
    }
}

/// What was renamed, as `metric -> to` and `metric{label} -> to`.
fn renamed(recorder: &Recorder) -> Vec<String> {
    let arrow = |renamed: kairos_metrics::Renamed| match renamed.label {
        None => format!("{} -> {}", renamed.metric, renamed.to),
        Some(label) => format!("{}{{{label}}} -> {}", renamed.metric, renamed.to),
    };
    recorder.renamed().into_iter().map(arrow).collect()
}

#[test]
fn what_the_facade_emits_lands_in_the_registry() {
    let (registry, recorder, texts) = exposed(|| {
        describe_counter!("http.requests", "Requests");
        counter!("http.requests", "path" => "/", "status" => "200").increment(2);
        counter!("http.requests", "status" => "500", "path" => "/").increment(3);
        counter!("http.requests", "status" => "500", "path" => "/").increment(1);
        counter!("seen").absolute(7);
        counter!("seen").absolute(5);
        histogram!("latency").record(0.002);
        describe_histogram!("wait", Unit::Milliseconds, "Waiting");
        histogram!("wait").record_many(3.0, 2);
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("http_requests", &["/", "200"]), Some(&Value::Counter(2)));
    assert_eq!(snapshot.value("http_requests", &["/", "500"]), Some(&Value::Counter(4)));
    assert_eq!(snapshot.counter("seen"), 7);
    assert_eq!(snapshot.histogram("latency").sum(), 2_000_000);
    let wait = snapshot.histogram("wait");
    assert_eq!((wait.count(), wait.sum()), (2, 6_000_000));
    assert!(texts[0].contains("# HELP http_requests_total Requests\n"));
    assert!(recorder.refused().is_empty());
    let expected = [
        "http.requests -> http_requests_total",
        "seen -> seen_total",
        "latency -> latency_seconds",
        "wait -> wait_seconds",
    ];
    assert_eq!(renamed(&recorder), expected);
}

#[test]
fn a_gauge_is_set_raised_and_lowered() {
    let (registry, _, _) = exposed(|| {
        gauge!("load").set(4.0);
        gauge!("load").set(1.5);
        gauge!("load").decrement(0.75);
        gauge!("load").increment(0.5);
    });
    assert!((registry.snapshot().fraction("load") - 1.25).abs() < f64::EPSILON);
}

#[test]
fn names_that_end_like_a_sample_are_exposed_with_a_suffix_and_said_to_be() {
    let (_, recorder, texts) = exposed(|| {
        gauge!("tokio_workers_count").set(4);
        gauge!("build_info", "version" => "1.2").set(1);
        counter!("bytes_sum").increment(3);
        counter!("restarts_total").increment(2);
        gauge!("process_total").set(5);
        gauge!("9lives").set(9);
        gauge!("8lives").set(8);
        gauge!("").set(7);
    });
    let lines = [
        "tokio_workers_count_value 4.0",
        "build_info_value{version=\"1.2\"} 1.0",
        "bytes_sum_value_total 3",
        "restarts_total 2",
        "process_total_value 5.0",
        "_9lives 9.0",
        "_8lives 8.0",
        "unnamed 7.0",
    ];
    check_lines(&texts, &lines);
    assert!(recorder.refused().is_empty());
    let expected = [
        "tokio_workers_count -> tokio_workers_count_value",
        "build_info -> build_info_value",
        "bytes_sum -> bytes_sum_value_total",
        "process_total -> process_total_value",
        "9lives -> _9lives",
        "8lives -> _8lives",
        " -> unnamed",
    ];
    assert_eq!(renamed(&recorder), expected);
}

#[test]
fn labels_that_are_reserved_or_alike_keep_their_values_apart() {
    let (_, recorder, texts) = exposed(|| {
        counter!("a", "le" => "1", "quantile" => "2").increment(3);
        counter!("b", "k.x" => "1", "k_x" => "2").increment(4);
        counter!("b", "k_x" => "2").increment(5);
    });
    let lines = [
        "a_total{le_value=\"1\",quantile_value=\"2\"} 3",
        "b_total{k_x=\"2\",k_x_2=\"1\"} 4",
        "b_total{k_x=\"2\",k_x_2=\"\"} 5",
    ];
    check_lines(&texts, &lines);
    let expected = [
        "a -> a_total",
        "a{le} -> le_value",
        "a{quantile} -> quantile_value",
        "b -> b_total",
        "b{k.x} -> k_x_2",
    ];
    assert_eq!(renamed(&recorder), expected);
}

#[test]
fn a_name_takes_on_the_labels_of_each_of_its_uses() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let at = |emit: fn()| -> Snapshot {
        with_local_recorder(&recorder, emit);
        registry.snapshot()
    };
    let first = at(|| counter!("plain").increment(1));
    let second = at(|| {
        counter!("plain").increment(2);
        counter!("plain", "b" => "x").increment(10);
    });
    let third = at(|| {
        counter!("plain").increment(4);
        counter!("plain", "b" => "x").increment(20);
        counter!("plain", "a" => "y").increment(100);
        counter!("plain", "b" => "x", "a" => "y").increment(1_000);
    });
    assert_eq!(first.value("plain", &[]), Some(&Value::Counter(1)));
    assert_eq!(second.value("plain", &[""]), Some(&Value::Counter(3)));
    assert_eq!(second.value("plain", &["x"]), Some(&Value::Counter(10)));
    assert_eq!(second.since(&first).counter("plain"), 12);
    let delta = third.since(&second);
    let check = |values, expected| {
        assert_eq!(delta.value("plain", values), Some(&Value::Counter(expected)), "{values:?}");
    };
    check(&["", ""], 4);
    check(&["", "x"], 20);
    check(&["y", ""], 100);
    check(&["y", "x"], 1_000);
    let texts = [registry.encode_prometheus(), registry.encode_openmetrics()];
    let lines = [
        "plain_total 7",
        "plain_total{b=\"x\"} 30",
        "plain_total{a=\"y\",b=\"\"} 100",
        "plain_total{a=\"y\",b=\"x\"} 1000",
    ];
    check_lines(&texts, &lines);
    assert!(recorder.refused().is_empty());
    assert_eq!(renamed(&recorder), ["plain -> plain_total"]);
}

#[test]
fn label_values_beyond_the_bound_share_the_overflow_series() {
    let registry = Registry::builder().family_limit(2).build();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || {
        counter!("hits").increment(1);
        for user in ["a", "b", "c"] {
            counter!("hits", "user" => user).increment(10);
        }
        counter!("hits", "user" => "c", "more" => "x").increment(100);
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("hits", &["", "a"]), Some(&Value::Counter(10)));
    assert_eq!(snapshot.value("hits", &[OVERFLOW, OVERFLOW]), Some(&Value::Counter(120)));
    assert_eq!(snapshot.counter("hits"), 131);
}

#[test]
fn a_name_of_several_kinds_is_exposed_once_for_each() {
    let (registry, recorder, texts) = exposed(|| {
        counter!("request").increment(3);
        histogram!("request").record(0.25);
        gauge!("request").set(2);
        counter!("request_time").increment(5);
        histogram!("request_time").record(0.5);
        counter!("a.b").increment(1);
        counter!("a_b").increment(2);
        counter!("a-b").increment(4);
    });
    let lines = [
        "request_total 3",
        "request_histogram_count 1",
        "request_histogram_sum 0.25",
        "request_gauge 2.0",
        "request_time_total 5",
        "request_time_histogram_seconds_sum 0.5",
        "a_b_total 2",
        "a_b_counter_total 4",
        "a_b_counter_2_total 1",
    ];
    check_lines(&texts, &lines);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.counter("request"), 3);
    assert_eq!(snapshot.histogram("request_histogram").count(), 1);
    assert!(recorder.refused().is_empty());
    let expected = [
        "request -> request_total",
        "request -> request_histogram",
        "request -> request_gauge",
        "request_time -> request_time_total",
        "request_time -> request_time_histogram_seconds",
        "a.b -> a_b_counter_2_total",
        "a_b -> a_b_total",
        "a-b -> a_b_counter_total",
    ];
    assert_eq!(renamed(&recorder), expected);
}

#[test]
fn a_name_that_is_taken_is_exposed_under_another_and_refused_when_all_are() {
    let registry = Registry::new();
    registry.gauge("busy", "Busy").unwrap().set(5);
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || counter!("busy", "a" => "b").increment(1));
    assert_eq!(registry.snapshot().counter("busy_counter"), 1);
    assert_eq!((registry.snapshot().gauge("busy"), recorder.refused().len()), (5, 0));
    registry.gauge("full", "Full").unwrap();
    registry.gauge("full_counter", "Full").unwrap();
    for n in 2..10 {
        registry.gauge(&format!("full_counter_{n}"), "Full").unwrap();
    }
    with_local_recorder(&recorder, || {
        counter!("full").increment(1);
        counter!("full", "a" => "b").increment(1);
    });
    assert_eq!(recorder.refused().len(), 1);
    assert!(recorder.refused()[0].is_duplicate());
    assert!(recorder.refused()[0].to_string().contains("\"full\""));
}

#[test]
fn histograms_are_exposed_in_the_unit_of_their_description_or_their_name() {
    let (_, _, texts) = exposed(|| {
        describe_histogram!("gc", Unit::Microseconds, "Collecting");
        histogram!("gc").record(250.0);
        describe_histogram!("body", Unit::Kibibytes, "Bodies");
        histogram!("body").record(1.4);
        describe_histogram!("used", Unit::Percent, "Use");
        histogram!("used").record(0.3);
        describe_histogram!("rows", Unit::Count, "Rows");
        histogram!("rows").record(12);
        histogram!("batch_size").record(100.0);
        histogram!("batch_size").record(0.5);
        histogram!("request_duration").record(0.5);
        histogram!("frame_bytes").record(64);
        // Too late: what was recorded before would change its meaning.
        describe_histogram!("frame_bytes", Unit::Kibibytes, "Frames");
        histogram!("frame_bytes", "late" => "yes").record(64);
    });
    let lines = [
        "gc_seconds_sum 0.00025",
        "body_bytes_sum 1434",
        "used_sum 0.3",
        "used_bucket{le=\"0.25\"} 0",
        "used_bucket{le=\"0.5\"} 1",
        "rows_sum 12",
        "rows_bucket{le=\"15.0\"} 1",
        "batch_size_sum 100.5",
        "batch_size_bucket{le=\"1.0\"} 1",
        "batch_size_bucket{le=\"1e+06\"} 2",
        "request_duration_seconds_sum 0.5",
        "frame_bytes_sum 64",
        "frame_bytes_sum{late=\"yes\"} 64",
    ];
    check_lines(&texts, &lines);
}

#[test]
fn an_absolute_value_that_threads_set_at_once_is_reached_and_not_passed() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let counter = with_local_recorder(&recorder, || counter!("seen"));
    // The highest value that a thread is about to set; how often the other thread came between.
    let (highest, met, passed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let run = || {
        // Relaxed: the number alone matters; so for both numbers.
        while met.load(Ordering::Relaxed) < 300 && passed.load(Ordering::Relaxed) == 0 {
            // AcqRel: comes before the counter is raised; pairs with the Acquire below.
            let value = highest.fetch_add(1, Ordering::AcqRel) + 1;
            counter.absolute(value);
            let total = registry.snapshot().counter("seen");
            // Acquire: the limit is at least that of whoever raised the total.
            let limit = highest.load(Ordering::Acquire);
            // Relaxed: as above.
            met.fetch_add(u64::from(limit != value), Ordering::Relaxed);
            passed.fetch_add(u64::from(total < value || total > limit), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(run);
        scope.spawn(run);
    });
    assert_eq!(passed.into_inner(), 0);
    assert_eq!(registry.snapshot().counter("seen"), highest.into_inner());
}

#[test]
fn threads_that_look_their_keys_up_lose_no_count_and_make_no_series_twice() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let recorder = &recorder;
    std::thread::scope(|scope| {
        for thread in 0..20_u32 {
            scope.spawn(move || {
                with_local_recorder(recorder, || {
                    for n in 0..500_u32 {
                        let parity = if n % 2 == 0 { "even" } else { "odd" };
                        counter!("hits", "parity" => parity).increment(1);
                        gauge!("level", "thread" => thread.to_string()).increment(1);
                    }
                });
            });
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("hits", &["even"]), Some(&Value::Counter(5_000)));
    assert_eq!(snapshot.value("hits", &["odd"]), Some(&Value::Counter(5_000)));
    assert_eq!(snapshot.value("level", &["19"]), Some(&Value::Fraction(500.0)));
}

#[test]
fn a_recorder_that_is_installed_can_still_be_asked() {
    let registry = Registry::new();
    registry.gauge("taken", "Taken").unwrap();
    let recorder = Recorder::new(&registry);
    metrics::set_global_recorder(recorder.clone()).unwrap();
    std::thread::spawn(|| counter!("taken").increment(1)).join().unwrap();
    assert_eq!(recorder.renamed()[0].to, "taken_counter_total");
}
