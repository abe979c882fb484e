//! A service with a scrape endpoint, on std alone: `GET /metrics` in either text format.
// Never knows: how metrics are counted or rendered.
// Read next: `library.rs`, for code that is embedded in such a service.
//
// `cargo run -p kairos-metrics --example service -- 127.0.0.1:9184`
#![allow(clippy::print_stdout)]

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use kairos_metrics::{CounterFamily, Histogram, HistogramConfig, Precision, Registry, Unit};

struct Service {
    registry: Registry,
    requests: CounterFamily<2>,
    latency: Histogram,
    size: Histogram,
    headers: Histogram,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let requests = registry.counter_family("http_requests", "Requests", ["path", "status"])?;
    let latency =
        registry.histogram("http_request_duration", "Time to answer", Precision::two_digits())?;
    let config = || HistogramConfig::new(Precision::two_digits());
    let size = registry.histogram("http_response", "Bytes answered", config().unit(Unit::Bytes))?;
    let headers =
        registry.histogram("http_request_headers", "Headers sent", config().unit(Unit::Plain))?;
    // Limits that nobody set, and a ratio of nothing yet, are numbers to a scraper as well.
    let limits = registry.fraction_gauge_family("http_limit_ratio", "Limits", ["limit"])?;
    limits.with(["lowest"]).set(f64::NEG_INFINITY);
    limits.with(["highest"]).set(f64::INFINITY);
    limits.with(["reached"]).set(f64::NAN);
    let service = Service { registry, requests, latency, size, headers };
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9184".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("http://{}/metrics", listener.local_addr()?);
    // The buffer is kept from scrape to scrape.
    let mut body = String::new();
    loop {
        let accepted = listener.accept();
        let _timer = service.latency.start();
        if let Err(error) = accepted.and_then(|(stream, _)| service.answer(&stream, &mut body)) {
            println!("a client left: {error}");
        }
    }
}

impl Service {
    fn answer(&self, mut stream: &TcpStream, body: &mut String) -> io::Result<()> {
        // One thread answers all: a client that says nothing must not keep the others waiting.
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.set_write_timeout(Some(Duration::from_secs(2)))?;
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let (mut accept, mut headers) = (None, 0);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            headers += 1;
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("accept")
            {
                accept = Some(value.to_owned());
            }
        }
        let path = request.split(' ').nth(1).unwrap_or("/");
        let found = path == "/metrics";
        let status = if found { "200" } else { "404" };
        // Paths come from outside: the family's bound keeps them from growing without end.
        self.requests.with([&decoded(path), status]).inc();
        self.headers.record(headers);
        body.clear();
        let content_type = if found {
            self.registry.respond_into(accept.as_deref(), body)
        } else {
            body.push_str("not found\n");
            "text/plain; charset=utf-8"
        };
        let length = body.len();
        self.size.record(length as u64);
        write!(
            stream,
            "HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )
    }
}

/// A path with its percent-encoded bytes as they are meant.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = if *first == b'%' { after.get(..2) } else { None };
        let byte = hex
            .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
