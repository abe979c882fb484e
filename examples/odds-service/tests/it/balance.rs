// 20 000 requests by many customers at once, some of whom leave: afterwards the accounts balance.
// Never knows: the insides of the cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kairos_cache::Notice;
use odds_service::{CACHE, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::bookmaker::Bookmaker;
use crate::client::Client;

const REQUESTS: u64 = 20_000;
const CUSTOMERS: u64 = 32;
const FIXTURES: u64 = 40;
const MARKETS: [&str; 4] = ["btts", "over_under_25", "match_result", "clean_sheet"];

/// What customers saw, all of them together.
#[derive(Default)]
struct Seen {
    begun: AtomicU64,
    prices: AtomicU64,
    held: AtomicU64,
    left: AtomicU64,
}

/// One customer: asks until all have asked often enough.
struct Customer {
    client: Client,
    bookmaker: Arc<Bookmaker>,
    seen: Arc<Seen>,
}

impl Customer {
    async fn run(mut self) {
        loop {
            // Relaxed, here and below: counts, read when the customers' tasks have been joined.
            let number = self.seen.begun.fetch_add(1, Ordering::Relaxed);
            if number >= REQUESTS {
                return;
            }
            // An odd factor without a divisor in common with the moduli walks through all of them.
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
            let line = format!("f{}/{}", mixed % FIXTURES, MARKETS[(number % 4) as usize]);
            match number % 40 {
                0 | 20 => self.leave_while_it_is_computed(number).await,
                10 | 30 => self.leave_at_once(&line).await,
                1 => {
                    self.expect("POST", &format!("/event/f{}/corner", mixed % FIXTURES), 404).await;
                }
                2 => {
                    let event = format!("/event/f{}/goalkeeper_change", mixed % FIXTURES);
                    self.expect("POST", &event, 200).await;
                }
                3 => self.expect("GET", "/price/down/btts", 502).await,
                4 => self.expect("GET", "/price/gone/btts", 404).await,
                5 => self.expect("GET", "/price/f1/corners_shown", 404).await,
                6 => self.expect("GET", "/metrics", 200).await,
                _ => {
                    self.expect("GET", &format!("/price/{line}"), 200).await;
                    self.seen.prices.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    async fn expect(&mut self, method: &str, path: &str, status: u16) {
        let answer = self.client.ask(method, path).await.expect("the service answers");
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }

    async fn leave_while_it_is_computed(&mut self, number: u64) {
        let fixture = format!("held-{number}");
        let asked_for = self.bookmaker.asked_for(&fixture);
        self.client.send("GET", &format!("/price/{fixture}/btts")).await.expect("it listens");
        asked_for.await.expect("the bookmaker is asked");
        self.client.leave();
        self.seen.held.fetch_add(1, Ordering::Relaxed);
        self.seen.left.fetch_add(1, Ordering::Relaxed);
    }

    async fn leave_at_once(&mut self, line: &str) {
        self.client.send("GET", &format!("/price/{line}")).await.expect("it listens");
        self.client.leave();
        self.seen.left.fetch_add(1, Ordering::Relaxed);
    }
}

/// The sum of a counter over its labels.
fn sum(name: &str) -> u64 {
    let text = CACHE.registry().encode_prometheus();
    let samples = text
        .lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    samples.map(|line| line.rsplit(' ').next().expect("a value").parse::<u64>().expect(line)).sum()
}

/// What has begun has ended, in one of the ways that there are, and nothing is left.
fn assert_balanced(seen: &Seen) {
    let [held, left, prices] =
        [&seen.held, &seen.left, &seen.prices].map(|count| count.load(Ordering::Relaxed));
    let waited = sum("kairos_cache_reads_waited_total");
    let answered = sum("kairos_cache_reads_answered_total");
    let cancelled = sum("kairos_cache_reads_cancelled_total");
    assert_eq!(waited, answered + cancelled, "reads: {answered}, {cancelled}");
    assert!((held..=left).contains(&cancelled), "{held} <= {cancelled} <= {left}");

    let begun = sum("kairos_cache_computes_total");
    let ended = [
        "kairos_cache_stored_total",
        "kairos_cache_refreshes_stored_total",
        "kairos_cache_computes_none_total",
        "kairos_cache_results_discarded_total",
        "kairos_cache_compute_failures_total",
        "kairos_cache_refreshes_failed_total",
        "kairos_cache_computes_aborted_total",
    ]
    .map(|name| (name, sum(name)));
    assert_eq!(begun, ended.iter().map(|(_, count)| count).sum::<u64>(), "computes: {ended:?}");
    assert!(sum("kairos_cache_computes_aborted_total") >= held, "{ended:?}");

    let stats = CACHE.stats();
    let strategies = [
        stats.strategy_compute,
        stats.strategy_serve_fresh,
        stats.strategy_serve_stale,
        stats.strategy_bypass,
    ];
    assert_eq!(stats.total_requests, strategies.iter().sum::<u64>(), "{strategies:?}");
    assert!(stats.total_requests >= prices, "{} >= {prices}", stats.total_requests);
    assert_eq!(CACHE.sizes().flights, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_20_000_requests_with_cancellations_the_accounts_balance_and_nothing_is_left() {
    let (bookmaker, address) = Bookmaker::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let service = listener.local_addr().expect("it is bound");
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, address, async { drop(ended.await) }));

    let seen = Arc::new(Seen::default());
    let customers = (0..CUSTOMERS).map(|_| {
        let (client, bookmaker) = (Client::new(service), Arc::clone(&bookmaker));
        tokio::spawn(Customer { client, bookmaker, seen: Arc::clone(&seen) }.run())
    });
    for customer in customers.collect::<Vec<_>>() {
        customer.await.expect("every answer is the expected one");
    }

    // The last news is obeyed after all others: the thread that blocks has done its part by then.
    let mut notices = CACHE.subscribe();
    bookmaker.close();
    let is_last =
        |notice: &Notice<_>| matches!(notice, Notice::Event { scope, .. } if **scope == *"last");
    while !is_last(&notices.next().await.expect("the service still runs")) {}

    end.send(()).expect("the service still runs");
    serving.await.expect("no panic").expect("a graceful end");
    assert_eq!(failures_left(&mut notices).await, 0, "no compute fails at the end");
    assert_balanced(&seen);
}

/// Failed computes among the notices up to the end of the cache.
async fn failures_left(notices: &mut kairos_cache::Subscription<odds_service::Line>) -> usize {
    let mut failed = 0;
    while let Some(notice) = notices.next().await {
        failed += usize::from(matches!(notice, Notice::ComputeFailed { .. }));
    }
    failed
}
