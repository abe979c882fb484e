// Claims about descriptions that come after a name's first use: they count until there is a value.
// Never knows: how a histogram gets another unit.
// Read next: `naming.rs`; `../../src/recorder/settling.rs`.

use std::sync::Barrier;

use kairos_metrics::{Clock, Recorder, Registry};
use metrics::{Unit, counter, describe_histogram, gauge, histogram, with_local_recorder};

/// A registry in which all series are made at one moment, and its recorder.
fn recorder() -> (Registry, Recorder) {
    let registry = Registry::builder().clock(Clock::manual().0).build();
    let recorder = Recorder::new(&registry);
    (registry, recorder)
}

#[track_caller]
fn check_lines(registry: &Registry, lines: &[&str]) {
    let text = registry.encode_prometheus();
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "{line} in {text}");
    }
}

#[test]
fn a_description_counts_whenever_it_comes_before_the_first_value() {
    let uses: [fn(); 5] = [
        || describe_histogram!("wait", Unit::Milliseconds, "Waiting"),
        || describe_histogram!("wait", "Waiting"),
        || drop(histogram!("wait")),
        || drop(histogram!("wait", "k.x" => "1", "k_x" => "2")),
        // Of the same name.
        || gauge!("wait").set(1.0),
    ];
    let mut texts = std::collections::BTreeSet::new();
    for first in 0..uses.len() {
        for second in (0..uses.len()).filter(|second| *second != first) {
            let (registry, recorder) = recorder();
            with_local_recorder(&recorder, || {
                let rest = (0..uses.len()).filter(|at| ![first, second].contains(at));
                [first, second].into_iter().chain(rest).for_each(|at| uses[at]());
                histogram!("wait").record(1.0);
            });
            assert_eq!(recorder.refused(), []);
            // What is empty is the same to Prometheus as what is not there.
            let empty = "k_x=\"\",k_x_2=\"\"";
            let text = registry.encode_openmetrics().replace(&format!("{{{empty}}}"), "");
            texts.insert(text.replace(&format!("{empty},"), ""));
        }
    }
    for line in [
        "# HELP wait_histogram_seconds Waiting",
        "wait_histogram_seconds_sum 0.001",
        "wait_histogram_seconds_count{k_x=\"2\",k_x_2=\"1\"} 0",
        "wait 1.0",
    ] {
        assert!(texts.iter().all(|text| text.lines().any(|found| found == line)), "{line}");
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
}

#[test]
fn a_handle_from_before_its_description_records_in_the_described_unit() {
    let (registry, recorder) = recorder();
    let handles = with_local_recorder(&recorder, || {
        let handles = [
            histogram!("wait"),
            histogram!("wait", "op" => "read"),
            histogram!("wait", "op" => "write"),
        ];
        handles[0].record_many(5.0, 0);
        describe_histogram!("wait", Unit::Seconds, "Waiting");
        describe_histogram!("wait", Unit::Kibibytes, "Not settled yet");
        describe_histogram!("wait", Unit::Milliseconds, "Waiting");
        handles
    });
    for _ in 0..2 {
        for handle in &handles {
            handle.record(2.0);
        }
    }
    with_local_recorder(&recorder, || histogram!("wait", "op" => "read").record_many(3.0, 2));
    check_lines(
        &registry,
        &[
            "# HELP wait_seconds Waiting",
            "wait_seconds_sum{op=\"\"} 0.004",
            "wait_seconds_sum{op=\"read\"} 0.01",
            "wait_seconds_count{op=\"read\"} 4",
            "wait_seconds_sum{op=\"write\"} 0.004",
        ],
    );
    assert_eq!(registry.encode_prometheus().matches("# TYPE").count(), 1);
    assert_eq!(recorder.refused(), []);
    assert_eq!(recorder.renamed().len(), 1);
}

#[test]
fn a_unit_that_comes_after_a_value_is_told_and_the_text_counts() {
    let (registry, recorder) = recorder();
    with_local_recorder(&recorder, || {
        histogram!("wait").record(1.0);
        describe_histogram!("wait", Unit::Milliseconds, "Waiting");
        // Of one unit, and yet another scale.
        histogram!("latency").record(1.0);
        describe_histogram!("latency", Unit::Milliseconds, "Latency");
        histogram!("frame_bytes").record(64.0);
        describe_histogram!("frame_bytes", Unit::Bytes, "Frames");
        histogram!("body_bytes").record(64.0);
        describe_histogram!("body_bytes", "Bodies");
    });
    check_lines(
        &registry,
        &["# HELP wait Waiting", "wait_sum 1.0", "latency_seconds_sum 1.0", "frame_bytes_sum 64"],
    );
    let refused: Vec<_> = recorder.refused().iter().map(ToString::to_string).collect();
    let late =
        |name| format!("metric {name:?} was described in another unit after its first value");
    assert_eq!(refused, [late("latency"), late("wait")]);
    // Registered again, it is measured as described.
    assert!(registry.unregister("wait"));
    with_local_recorder(&recorder, || histogram!("wait").record(1.0));
    check_lines(&registry, &["wait_seconds_sum 0.001"]);
    assert_eq!(recorder.refused().len(), 1);
    // So it is if it was taken out before any value.
    with_local_recorder(&recorder, || drop(histogram!("gone")));
    assert!(registry.unregister("gone"));
    with_local_recorder(&recorder, || {
        describe_histogram!("gone", Unit::Milliseconds, "Gone");
        assert!(!registry.encode_prometheus().contains("gone"));
        histogram!("gone").record(1.0);
    });
    check_lines(&registry, &["gone_seconds_sum 0.001"]);
}

#[test]
fn a_name_that_a_late_unit_sets_free_or_takes_is_judged_with_all_others() {
    let (registry, recorder) = recorder();
    with_local_recorder(&recorder, || {
        drop(histogram!("wait"));
        counter!("wait.seconds").increment(1);
        counter!("wait").increment(2);
    });
    check_lines(&registry, &["wait_histogram_count 0", "wait_seconds_total 1", "wait_total 2"]);
    with_local_recorder(&recorder, || describe_histogram!("wait", Unit::Milliseconds, "Waiting"));
    check_lines(
        &registry,
        &["wait_histogram_seconds_count 0", "wait_seconds_total 1", "wait_total 2"],
    );
    assert_eq!(recorder.refused(), []);
}

#[test]
fn no_value_is_lost_or_of_two_units_when_a_description_comes_beside_it() {
    for round in 0..400 {
        let (registry, recorder) = recorder();
        let held = with_local_recorder(&recorder, || histogram!("wait", "held" => "yes"));
        let start = Barrier::new(3);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                (0..round % 20).for_each(|_| std::hint::spin_loop());
                held.record(1.0);
                held.record(1.0);
            });
            scope.spawn(|| {
                start.wait();
                with_local_recorder(&recorder, || histogram!("wait", "held" => "no").record(1.0));
            });
            start.wait();
            with_local_recorder(&recorder, || {
                describe_histogram!("wait", Unit::Milliseconds, "Waiting");
            });
        });
        let unit = if recorder.refused().is_empty() { "_seconds" } else { "" };
        let [yes, no] = if unit.is_empty() { ["2.0", "1.0"] } else { ["0.002", "0.001"] };
        check_lines(
            &registry,
            &[
                &format!("wait{unit}_sum{{held=\"yes\"}} {yes}"),
                &format!("wait{unit}_sum{{held=\"no\"}} {no}"),
                &format!("wait{unit}_count{{held=\"yes\"}} 2"),
            ],
        );
    }
}
