// Claims about the facade's recorder: names that do not depend on the order of use, what is taken out, what is
// set by matcher.
// Never knows: how the bridge finds its series.
// Read next: `facade.rs`; `../../src/recorder/claims.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use kairos_metrics::{Clock, Matcher, OVERFLOW, Recorder, Registry, Value};
use metrics::{
    Unit, counter, describe_counter, describe_histogram, gauge, histogram, with_local_recorder,
};

/// All orders of the numbers below `n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1).into_iter();
    let with = |order: Vec<usize>, at: usize| {
        let mut order = order;
        order.insert(at, n - 1);
        order
    };
    shorter.flat_map(|order| (0..n).map(move |at| with(order.clone(), at))).collect()
}

#[test]
fn names_are_the_same_whatever_the_order_of_first_use() {
    let uses: [fn(); 6] = [
        || counter!("a.b").increment(1),
        || counter!("a_b").increment(2),
        || counter!("a-b").increment(4),
        || gauge!("a_b").set(8.0),
        || histogram!("a_b").record(16.0),
        || gauge!("a_b_counter").set(32.0),
    ];
    let lines = [
        "a_b_total 2",
        "a_b_gauge 8.0",
        "a_b_histogram_sum 16.0",
        "a_b_counter 32.0",
        "a_b_counter_2_total 4",
        "a_b_counter_3_total 1",
    ];
    let mut names = BTreeSet::new();
    for order in orders(uses.len()) {
        let registry = Registry::new();
        let recorder = Recorder::new(&registry);
        with_local_recorder(&recorder, || order.iter().for_each(|at| uses[*at]()));
        let text = registry.encode_prometheus();
        for line in lines {
            assert!(text.contains(&format!("\n{line}\n")), "{line} of {order:?} in {text}");
        }
        assert!(recorder.refused().is_empty());
        let mut renamed: Vec<_> =
            recorder.renamed().into_iter().map(|renamed| (renamed.metric, renamed.to)).collect();
        renamed.sort();
        names.insert(renamed);
        assert_eq!(registry.snapshot().since(&registry.snapshot()).counter("a_b"), 0);
    }
    assert_eq!(names.len(), 1);
}

#[test]
fn labels_are_the_same_whatever_the_order_of_first_use() {
    let uses: [fn(); 4] = [
        || counter!("hits", "k.x" => "1").increment(1),
        || counter!("hits", "k_x" => "2").increment(2),
        || counter!("hits", "k-x" => "3", "z" => "4").increment(3),
        || counter!("hits", "a" => "5", "le" => "6").increment(4),
    ];
    let mut exposed = BTreeSet::new();
    for order in orders(uses.len()) {
        let registry = Registry::new();
        let recorder = Recorder::new(&registry);
        let mut before = registry.snapshot();
        for at in order {
            with_local_recorder(&recorder, uses[at]);
            let now = registry.snapshot();
            assert_eq!(now.since(&before).counter("hits"), at as u64 + 1, "the others stay");
            before = now;
        }
        let snapshot = registry.snapshot();
        let (_, hits) = snapshot.metrics().next().unwrap();
        assert_eq!(hits.labels(), ["a", "k_x", "k_x_2", "k_x_3", "le_value", "z"]);
        for values in [
            ["", "", "", "1", "", ""],
            ["", "2", "", "", "", ""],
            ["", "", "3", "", "", "4"],
            ["5", "", "", "", "6", ""],
        ] {
            assert!(snapshot.value("hits", &values).is_some(), "{values:?}");
        }
        // What is empty is the same to Prometheus as what is not there.
        let text = registry.encode_prometheus();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.map(|line| {
            let (labels, count) = line.split_once('{').unwrap().1.split_once("} ").unwrap();
            let labels: BTreeSet<_> = labels.split(',').filter(|l| !l.ends_with("=\"\"")).collect();
            format!("{labels:?} {count}")
        });
        exposed.insert(samples.collect::<BTreeSet<_>>());
    }
    assert_eq!(exposed.len(), 1, "{exposed:?}");
}

#[test]
fn a_metric_keeps_counting_when_another_takes_its_name() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let held = with_local_recorder(&recorder, || {
        let held = counter!("a.b", "x" => "1");
        held.increment(1);
        held
    });
    let before = registry.snapshot();
    with_local_recorder(&recorder, || counter!("a_b").increment(10));
    held.increment(2);
    with_local_recorder(&recorder, || counter!("a.b", "x" => "1").increment(4));
    let text = registry.encode_openmetrics();
    assert!(text.contains("a_b_total 10\n") && text.contains("a_b_counter_total{x=\"1\"} 7\n"));
    assert!(text.contains("# TYPE a_b_counter counter\n"), "{text}");
    let delta = registry.snapshot().since(&before);
    assert_eq!((delta.counter("a_b"), delta.counter("a_b_counter")), (10, 6));
}

#[test]
fn suffixes_are_told_as_other_names() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || {
        counter!("goals").increment(1);
        counter!("fouls_total").increment(1);
        describe_histogram!("wait", Unit::Milliseconds, "Waiting");
        histogram!("wait").record(1.0);
        histogram!("latency").record(1.0);
        histogram!("age_seconds").record(1.0);
        describe_histogram!("body", Unit::Kibibytes, "Bodies");
        histogram!("body").record(1.0);
        gauge!("open").set(1.0);
    });
    let renamed: Vec<_> =
        recorder.renamed().into_iter().map(|renamed| (renamed.metric, renamed.to)).collect();
    let expected = [
        ("goals", "goals_total"),
        ("wait", "wait_seconds"),
        ("latency", "latency_seconds"),
        ("body", "body_bytes"),
    ];
    assert_eq!(renamed, expected.map(|(emitted, to)| (emitted.to_owned(), to.to_owned())));
    let text = registry.encode_prometheus();
    for (_, to) in expected {
        assert!(text.contains(&format!("# TYPE {to} ")), "{to} in {text}");
    }
}

#[test]
fn an_unregistered_name_comes_back_or_is_refused() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let uses: [(&str, &str, fn()); 3] = [
        ("goals", "goals_total{half=\"1\"} 1", || counter!("goals", "half" => "1").increment(1)),
        ("level", "level 1.0", || gauge!("level").increment(1.0)),
        ("wait", "wait_count 1", || histogram!("wait").record(1.0)),
    ];
    for (name, line, emit) in uses {
        with_local_recorder(&recorder, emit);
        for _ in 0..3 {
            assert!(registry.unregister(name));
            assert_eq!(recorder.refused().len(), 1, "nothing was counted since");
            with_local_recorder(&recorder, emit);
            let text = registry.encode_prometheus();
            assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
            assert!(recorder.refused().is_empty());
        }
    }
}

#[test]
fn what_a_held_handle_counts_after_its_metric_was_unregistered_is_refused() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let held = with_local_recorder(&recorder, || counter!("goals"));
    assert!(registry.unregister("goals"));
    held.increment(1);
    assert!(recorder.refused()[0].to_string().contains("\"goals\" was unregistered"));
    registry.gauge("goals", "Another's").unwrap();
    with_local_recorder(&recorder, || counter!("goals").increment(5));
    assert!(registry.encode_prometheus().contains("goals_counter_total 5\n"));
    assert!(recorder.refused().is_empty());
    assert!(!registry.unregister("none") && registry.unregister("goals"));
    with_local_recorder(&recorder, || counter!("goals").increment(1));
    assert!(registry.encode_prometheus().contains("goals_counter_total 6\n"));
}

#[test]
fn limits_bounds_and_ages_are_set_by_matcher() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let recorder = Recorder::builder(&registry)
        .limit(Matcher::Prefix("http_".to_owned()), 2)
        .bounds(Matcher::Suffix("_duration".to_owned()), [0.1, 0.25, 1e9])
        .bounds(Matcher::Full("rows".to_owned()), [10.0, 1_000.0])
        .expire_idle(Matcher::Prefix("session".to_owned()), Duration::from_nanos(100))
        .build()
        .unwrap();
    let emit = || {
        for id in ["a", "b", "c", "d"] {
            counter!("http_hits", "id" => id).increment(1);
            counter!("hits", "id" => id).increment(1);
            gauge!("session_level", "id" => id).set(if id == "a" { 1.0 } else { 0.0 });
            counter!("session_reads", "id" => id).increment(1);
        }
        describe_histogram!("poll_duration", Unit::Milliseconds, "Polls");
        histogram!("poll_duration").record(0.25);
        histogram!("rows").record(11.0);
    };
    with_local_recorder(&recorder, emit);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("http_hits", &[OVERFLOW]), Some(&Value::Counter(2)));
    assert_eq!(snapshot.value("hits", &["d"]), Some(&Value::Counter(1)));
    let text = registry.encode_prometheus();
    for line in [
        "poll_duration_seconds_bucket{le=\"0.0001\"} 0",
        "poll_duration_seconds_bucket{le=\"0.00025\"} 1",
        "poll_duration_seconds_bucket{le=\"+Inf\"} 1",
        "rows_bucket{le=\"10.0\"} 0",
        "rows_bucket{le=\"1000.0\"} 1",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
    }
    assert_eq!(text.matches("poll_duration_seconds_bucket").count(), 3, "one is beyond an hour");
    // The first sweep sees the writes; after it all are idle but the level that is held.
    assert_eq!(recorder.expire_idle(), 0);
    hand.advance(100);
    let held = with_local_recorder(&recorder, || counter!("session_reads", "id" => "b"));
    with_local_recorder(&recorder, || counter!("session_reads", "id" => "c").increment(1));
    assert_eq!(recorder.expire_idle(), 3 + 2);
    held.increment(1);
    with_local_recorder(&recorder, || counter!("session_reads", "id" => "d").increment(7));
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.value("session_reads", &["b"]), Some(&Value::Counter(2)));
    assert_eq!(snapshot.value("session_reads", &["d"]), Some(&Value::Counter(7)), "made anew");
    assert_eq!(snapshot.value("session_reads", &["a"]), None);
    assert_eq!(snapshot.value("session_level", &["a"]), Some(&Value::Fraction(1.0)));
    assert_eq!(snapshot.counter("hits"), 4, "no age was set for these");
    let unsound = Recorder::builder(&registry).bounds(Matcher::Prefix(String::new()), []);
    assert!(unsound.build().unwrap_err().to_string().contains("bounds"));
}

#[test]
fn a_late_description_gives_the_help() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    with_local_recorder(&recorder, || {
        counter!("orders").increment(1);
        gauge!("open").set(1.0);
        histogram!("wait_seconds").record(1.0);
        describe_counter!("orders", "Orders accepted");
        metrics::describe_gauge!("open", "Orders open");
        describe_histogram!("wait_seconds", "Time to fill");
        describe_histogram!("wait_seconds", " ");
    });
    for (name, help) in [
        ("orders_total", "Orders accepted"),
        ("open", "Orders open"),
        ("wait_seconds", "Time to fill"),
    ] {
        let text = registry.encode_prometheus();
        assert!(text.contains(&format!("# HELP {name} {help}\n")), "{text}");
    }
    with_local_recorder(&recorder, || describe_counter!("orders", "Orders taken"));
    assert!(registry.encode_openmetrics().contains("# HELP orders Orders taken\n"));
    let snapshot = registry.snapshot();
    let (_, orders) = snapshot.metrics().find(|(name, _)| *name == "orders").unwrap();
    assert_eq!(orders.help(), "Orders taken");
}

#[test]
fn a_sum_of_fractions_of_any_size_does_not_fall() {
    let registry = Registry::new();
    let recorder = Recorder::new(&registry);
    let mut last = 0.0;
    for (value, expected) in [
        (1e13, 1e13),
        (1e13, 2e13),
        (1e16, 1.002e16),
        (1e300, 1e300),
        (-5.0, 1e300),
        (f64::NAN, 1e300),
        (f64::INFINITY, f64::INFINITY),
        (3.0, f64::INFINITY),
    ] {
        with_local_recorder(&recorder, || histogram!("batch").record(value));
        let text = registry.encode_prometheus();
        let sum = text.lines().find_map(|line| line.strip_prefix("batch_sum ")).unwrap();
        let sum: f64 = sum.parse().unwrap();
        assert!(
            sum >= last && sum <= expected * (1.0 + 1e-12) && expected <= sum * (1.0 + 1e-12),
            "{sum}"
        );
        last = sum;
    }
    with_local_recorder(&recorder, || histogram!("many").record_many(1e20, 3));
    assert!(registry.encode_prometheus().contains("\nmany_sum 3e20\n"));
}
