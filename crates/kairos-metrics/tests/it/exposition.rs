// Claims about the two text formats: every line parses, and says what was counted.
// Never knows: how the text is written.
// Read next: `../../src/encode/mod.rs`.

use std::collections::BTreeMap;

use kairos_metrics::{Clock, HistogramConfig, Precision, Registry, Unit, Value};

const HOSTILE: &str = "a\\b\"c\nd{e}=é,\u{1f600}";

fn registry() -> Registry {
    let registry = Registry::new();
    registry.counter("orders", "Orders \\ \"accepted\"\nand filled").unwrap().add(12);
    registry.gauge("open_positions", "Open positions").unwrap().set(-4);
    registry.fraction_gauge("ratio", "Ratio").unwrap().set(f64::INFINITY);
    let venues = registry.counter_family("fills", "Fills", ["venue"]).unwrap();
    venues.with([HOSTILE]).add(3);
    let latency =
        registry.histogram_family("latency", "Latency", Precision::two_digits(), ["op"]).unwrap();
    for ns in [1, 900, 1_500, 2_000_000, 30_000_000_000] {
        latency.with(["read"]).record(ns);
    }
    let sizes = HistogramConfig::new(Precision::two_digits()).unit(Unit::Bytes).bounds([63, 1_023]);
    let body = registry.histogram("body", "Body", sizes).unwrap();
    body.record(64);
    registry
}

/// A sample: its name, its labels in order, its value as text.
type Sample = (String, Vec<(String, String)>, String);

/// Reads one sample line by the grammar that both formats share.
fn parse(line: &str) -> Sample {
    let name_end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            let (mut value, mut chars) = (String::new(), after.char_indices());
            let end = loop {
                match chars.next().expect("the value is closed") {
                    (_, '\\') => match chars.next().unwrap().1 {
                        'n' => value.push('\n'),
                        c @ ('\\' | '"') => value.push(c),
                        c => panic!("unknown escape {c}"),
                    },
                    (at, '"') => break at + 1,
                    (_, c) => value.push(c),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end..];
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            rest = rest.strip_prefix(',').unwrap();
        }
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').unwrap().to_owned())
}

fn samples(text: &str) -> BTreeMap<(String, Vec<(String, String)>), String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let samples: BTreeMap<_, _> = lines
        .iter()
        .map(|line| {
            let (name, labels, value) = parse(line);
            assert!(matches!(&*value, "+Inf" | "-Inf" | "NaN") || value.parse::<f64>().is_ok());
            ((name, labels), value)
        })
        .collect();
    assert_eq!(samples.len(), lines.len(), "a sample occurs twice");
    samples
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn both_formats_say_what_was_counted_and_keep_hostile_labels_intact() {
    let registry = registry();
    for text in [registry.encode_prometheus(), registry.encode_openmetrics()] {
        let samples = samples(&text);
        let check = |name: &str, pairs: &[(&str, &str)], expected: &str| {
            assert_eq!(samples.get(&(name.to_owned(), labels(pairs))).unwrap(), expected, "{name}");
        };
        check("orders_total", &[], "12");
        check("open_positions", &[], "-4");
        check("ratio", &[], "+Inf");
        check("fills_total", &[("venue", HOSTILE)], "3");
        let op = ("op", "read");
        check("latency_seconds_bucket", &[op, ("le", "1e-06")], "2");
        check("latency_seconds_bucket", &[op, ("le", "2.5e-06")], "3");
        check("latency_seconds_bucket", &[op, ("le", "0.0025")], "4");
        check("latency_seconds_bucket", &[op, ("le", "10.0")], "4");
        check("latency_seconds_bucket", &[op, ("le", "+Inf")], "5");
        check("latency_seconds_count", &[op], "5");
        check("latency_seconds_sum", &[op], "30.002002401");
        check("body_bytes_bucket", &[("le", "63.0")], "0");
        check("body_bytes_bucket", &[("le", "1023.0")], "1");
        check("body_bytes_sum", &[], "64");
    }
}

#[test]
fn every_metric_is_described_before_its_samples() {
    let registry = registry();
    let text = registry.encode_prometheus();
    assert!(text.contains("# HELP orders_total Orders \\\\ \"accepted\"\\nand filled\n"));
    assert!(text.contains("# TYPE orders_total counter\n"));
    assert!(text.contains("# TYPE latency_seconds histogram\n"));
    assert!(!text.contains("_created") && !text.contains("# UNIT") && !text.contains("# EOF"));
    let text = registry.encode_openmetrics();
    assert!(text.contains("# HELP orders Orders \\\\ \\\"accepted\\\"\\nand filled\n"));
    assert!(text.contains("# TYPE orders counter\n"));
    assert!(text.contains("# UNIT latency_seconds seconds\n"));
    assert!(text.contains("# UNIT body_bytes bytes\n"));
    assert!(text.contains("orders_created ") && text.contains("latency_seconds_created{op="));
    assert_eq!(text.matches("# EOF\n").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn exposed_buckets_are_cumulative_and_end_at_the_count() {
    let registry = Registry::new();
    let histogram = registry.histogram("h", "H", Precision::one_digit()).unwrap();
    (0..40).for_each(|power| histogram.record_n(3 << power, 2));
    let text = registry.encode_prometheus();
    let counts: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with("h_seconds_bucket"))
        .map(|line| parse(line).2.parse().unwrap())
        .collect();
    assert!(counts.is_sorted());
    assert_eq!(counts.last(), Some(&80));
    assert!(text.contains("\nh_seconds_count 80\n"));
}

#[test]
fn a_kept_buffer_is_appended_to() {
    let registry = Registry::new();
    registry.counter("orders", "Orders").unwrap();
    let mut out = registry.encode_prometheus();
    let once = out.len();
    registry.encode_prometheus_into(&mut out);
    assert_eq!(out.len(), 2 * once);
}

#[test]
fn a_scraper_is_answered_in_the_format_that_it_asks_for() {
    let registry = registry();
    let openmetrics = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    let mut kept = "kept\n".to_owned();
    for (accept, content_type, body) in [
        (None, "text/plain; version=0.0.4; charset=utf-8", registry.encode_prometheus()),
        (Some("*/*"), "text/plain; version=0.0.4; charset=utf-8", registry.encode_prometheus()),
        (
            Some(openmetrics),
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            registry.encode_openmetrics(),
        ),
    ] {
        let answer = registry.respond(accept);
        assert_eq!((answer.content_type, &answer.body), (content_type, &body), "{accept:?}");
        kept.truncate("kept\n".len());
        assert_eq!(registry.respond_into(accept, &mut kept), content_type);
        assert_eq!(kept.strip_prefix("kept\n"), Some(&*body));
    }
}

#[test]
fn no_bound_claims_a_value_that_lies_above_it() {
    let registry = Registry::new();
    let low = Precision::two_digits().up_to(1_000).unwrap();
    let short = registry.histogram("short", "Up to a microsecond", low).unwrap();
    let sizes = HistogramConfig::new(low).bounds([15, 999]).unit(Unit::Bytes);
    let small = registry.histogram("small", "Up to a kilobyte", sizes).unwrap();
    for value in [1, 5_000_000, 900_000_000] {
        short.record(value);
        small.record(value);
    }
    let powers = HistogramConfig::new(Precision::two_digits()).unit(Unit::Bytes);
    registry.histogram("powers", "Default bounds", powers).unwrap().record_n(4_095, 10);
    let text = registry.encode_prometheus();
    let line = |head: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(head));
        found.unwrap_or_else(|| panic!("{head} is not in {text}")).trim()
    };
    assert!(!text.contains("short_seconds_bucket{le=\"1e-06"), "not told apart from more");
    assert_eq!(line("short_seconds_bucket{le=\"+Inf\"}"), "3");
    assert_eq!(line("small_bytes_bucket{le=\"999.0\"}"), "1", "explicit bounds outlast a unit");
    assert_eq!(line("small_bytes_sum"), "905000001", "of the values as they were recorded");
    assert_eq!(line("powers_bytes_bucket{le=\"1023.0\"}"), "0");
    assert_eq!(line("powers_bytes_bucket{le=\"4095.0\"}"), "10", "powers of two are exact bounds");
}

#[test]
fn a_series_tells_when_it_was_made() {
    let (clock, hand) = Clock::manual();
    let registry = Registry::builder().clock(clock).build();
    let fills = registry.counter_family("fills", "Fills", ["venue"]).unwrap();
    hand.advance(1_500_000_000);
    fills.with(["a"]).inc();
    hand.advance(2_000_000_000);
    fills.with(["b"]).inc();
    registry.histogram("wait", "Wait", Precision::one_digit()).unwrap();
    hand.advance(1_000_000_000);
    fills.with(["a"]).inc();
    let text = registry.encode_openmetrics();
    let check = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    check("fills_created{venue=\"a\"} 1.5");
    check("fills_created{venue=\"b\"} 3.5");
    check("wait_seconds_created 3.5");
    fills.remove(["a"]);
    fills.with(["a"]).inc();
    let text = registry.encode_openmetrics();
    assert!(text.contains("\nfills_created{venue=\"a\"} 4.5\n"), "{text}");
}

#[test]
fn counters_and_gauges_have_a_unit_in_their_name_and_in_openmetrics() {
    let registry = Registry::new();
    let seconds = registry.measured_in(Unit::Seconds);
    seconds.counter("busy_total", "Busy").unwrap().add(2_500_000);
    seconds.gauge("skew", "Skew").unwrap().set(-1_500_000_000);
    seconds.fraction_gauge("uptime_seconds", "Uptime").unwrap().set(0.25);
    let bytes = registry.measured_in(Unit::Bytes);
    bytes.counter_family("sent", "Sent", ["peer"]).unwrap().with(["a"]).add(64);
    bytes.gauge_family("held", "Held", ["pool"]).unwrap().with(["b"]).set(7);
    let ratio = registry.measured_in(Unit::Millionths);
    ratio.gauge("share", "Share").unwrap().set(-300_000);
    assert_eq!(registry.snapshot().counter("busy_total"), 2_500_000);
    let openmetrics = registry.encode_openmetrics();
    for text in [&registry.encode_prometheus(), &openmetrics] {
        for line in [
            "busy_seconds_total 0.0025",
            "skew_seconds -1.5",
            "uptime_seconds 0.25",
            "sent_bytes_total{peer=\"a\"} 64",
            "held_bytes{pool=\"b\"} 7",
            "share -0.3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
    let units = [
        "# TYPE busy_seconds counter\n# UNIT busy_seconds seconds\n",
        "# TYPE skew_seconds gauge\n# UNIT skew_seconds seconds\n",
        "# TYPE uptime_seconds gauge\n# UNIT uptime_seconds seconds\n",
        "# TYPE sent_bytes counter\n# UNIT sent_bytes bytes\n",
        "# TYPE held_bytes gauge\n# UNIT held_bytes bytes\n",
        "# TYPE share gauge\n# HELP share ",
    ];
    for unit in units {
        assert!(openmetrics.contains(unit), "{unit}\n{openmetrics}");
    }
    assert!(registry.encode_prometheus().contains("# TYPE busy_seconds_total counter\n"));
    assert!(registry.gauge("skew_seconds", "Taken").unwrap_err().is_duplicate());
}

#[test]
fn info_is_a_gauge_of_one_in_prometheus_and_info_in_openmetrics() {
    let registry = Registry::builder().family_limit(0).build();
    registry.info("build", "Build", [("version", HOSTILE), ("commit", "abc")]).unwrap();
    registry.info("target_info", "Target", [("os", "linux")]).unwrap();
    let texts = [registry.encode_prometheus(), registry.encode_openmetrics()];
    for text in &texts {
        let samples = samples(text);
        let build = labels(&[("version", HOSTILE), ("commit", "abc")]);
        assert_eq!(samples.get(&("build_info".to_owned(), build)).unwrap(), "1");
        let target = labels(&[("os", "linux")]);
        assert_eq!(samples.get(&("target_info".to_owned(), target)).unwrap(), "1");
        assert_eq!(samples.len(), 2);
    }
    assert!(texts[0].contains("# TYPE build_info gauge\n# HELP build_info Build\n"));
    assert!(texts[1].contains("# TYPE build info\n# HELP build Build\n"));
    assert!(texts[1].contains("# TYPE target info\n"));
    assert!(registry.info("build_info", "Build", []).unwrap_err().is_duplicate());
    assert!(registry.gauge("build", "Build").unwrap_err().is_duplicate());
    assert!(registry.info("x_info_info", "X", []).unwrap_err().is_invalid_name());
    assert!(registry.info("x", "X", [("le", "1")]).unwrap_err().is_invalid_name());
    let snapshot = registry.snapshot();
    let twice = snapshot.merge(&registry.snapshot());
    assert_eq!(twice.value("build", &[HOSTILE, "abc"]), Some(&Value::Info));
    assert!(registry.unregister("build"));
    assert!(!registry.encode_prometheus().contains("build"));
}
