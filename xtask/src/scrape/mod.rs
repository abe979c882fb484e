// Has a real Prometheus scrape the service example in both text formats, and promtool judge them.
// Never knows: how metrics are counted or rendered.
// Read next: `promtool.rs`, the judge; `relay.rs`, how a format is forced.

mod http;
mod process;
mod promtool;
mod relay;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, no_arguments};
use crate::invocation::Invocation;
use crate::{target, tools};
use http::{get, percent_encoded};
use process::Process;
use promtool::Promtool;
use relay::Relay;

/// A label value with everything that the formats escape, that separates things in them, or that
/// controls something elsewhere.
const HOSTILE: &str = "a\\b\"c\nd{e}=é,\u{1f600}\0\t\r\u{b}\u{1}\u{1b}\u{7f}\u{85}\u{2028} f\\";

/// How often the hostile path is asked for: the value that is to come back.
const REQUESTS: u32 = 3;

/// How long Prometheus may take to start and to scrape both formats: so many looks, so far apart.
const LOOKS: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// The formats: a scrape job's name, what it accepts, and the content type that answers it.
const FORMATS: [(&str, &str, &str); 2] = [
    ("text", "text/plain;version=0.0.4", "text/plain; version=0.0.4"),
    (
        "openmetrics",
        "application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text; version=1.0.0",
    ),
];

/// Checks what the crates expose against the programs that read it.
///
/// # Errors
///
/// [`Failure::Usage`] for arguments, [`Failure::Failed`] when a program is missing and cannot be
/// had, when promtool finds fault, or when Prometheus does not return what was counted.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    no_arguments("scrape", args)?;
    let [prometheus, promtool] = tools::find(&target::folder(root), &tools::PROMETHEUS)?;
    let promtool = Promtool(promtool);
    examples().run(root)?;
    let built = target::folder(root).join("debug/examples");

    let mut service = Process::start(Command::new(built.join("service")).arg("127.0.0.1:0"))?;
    let address = service_address(&service.next_line()?)?;
    let path = format!("/{}", percent_encoded(HOSTILE));
    for _ in 0..REQUESTS {
        get(address, &path, "*/*")?;
    }
    let [text, openmetrics] = FORMATS.map(|(_, accept, _)| get(address, "/metrics", accept));
    promtool.lint("the service", &text?.body)?;
    let folder = Folder::new()?;
    promtool.read_openmetrics("the service", &openmetrics?.body, &folder.0)?;
    promtool.lint("the cache", &tour_metrics(&built.join("tour"))?)?;
    scrape(&prometheus, address, &folder.0)
}

/// With the features of the other steps, so that nothing is built twice.
fn examples() -> Invocation {
    Invocation::words(
        "cargo build --workspace --exclude benches --all-features --example service --example tour",
    )
}

/// The address in the line that the service prints, `http://ADDRESS/metrics`.
fn service_address(line: &str) -> Result<SocketAddr, Failure> {
    let address =
        line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix("/metrics"));
    address.and_then(|address| address.parse().ok()).ok_or_else(|| {
        Failure::Failed(format!("the service did not say where it listens: {line:?}"))
    })
}

/// The text that the cache's tour ends with.
fn tour_metrics(tour: &Path) -> Result<String, Failure> {
    let failed = |reason: String| Failure::Failed(format!("`{}` {reason}", tour.display()));
    let output = Command::new(tour).output().map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.find("# HELP ") {
        Some(start) if output.status.success() => Ok(text[start..].trim_end().to_owned() + "\n"),
        _ => Err(failed(format!("ended with {} and printed no metrics", output.status))),
    }
}

/// Has Prometheus scrape the service in each format, and asks it for what it read.
fn scrape(prometheus: &Path, service: SocketAddr, folder: &Path) -> Result<(), Failure> {
    let relays = FORMATS.map(|(_, accept, _)| Relay::start(service, accept));
    let relays: Vec<Relay> = relays.into_iter().collect::<Result<_, _>>()?;
    let config = folder.join("prometheus.yml");
    fs::write(&config, configuration(&relays))
        .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", config.display())))?;
    let address = free_address()?;
    let mut command = Command::new(prometheus);
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--log.level=warn")
        .current_dir(folder);
    println!("{command:?}");
    let mut process = Process::start(&mut command)?;
    let mut missing = String::new();
    for _ in 0..LOOKS {
        if let Some(status) = process.ended()? {
            return Err(Failure::Failed(format!("prometheus ended with {status}")));
        }
        let query = format!("/api/v1/query?query={}", percent_encoded(ASKED));
        match get(address, &query, "application/json") {
            Ok(answer) => missing = missing_series(&answer.body)?,
            Err(failure) => missing = failure.into_reason(),
        }
        if missing.is_empty() {
            return check_formats(&relays);
        }
        #[expect(clippy::disallowed_methods, reason = "Prometheus scrapes when it likes")]
        thread::sleep(PAUSE);
    }
    Err(Failure::Failed(format!("prometheus did not return what was counted: {missing}")))
}

/// What Prometheus is asked for: every sample of the service's own metrics.
const ASKED: &str = "{__name__=~\"http_.*\"}";

/// What is to come back in each format but for the series with the hostile label: a sample, one of
/// its labels, and its value where that does not depend on how often Prometheus has scraped.
const EXPECTED: [(&str, &str, &str, Option<&str>); 9] = [
    ("http_limit_ratio", "limit", "lowest", Some("-Inf")),
    ("http_limit_ratio", "limit", "highest", Some("+Inf")),
    ("http_limit_ratio", "limit", "reached", Some("NaN")),
    ("http_response_bytes_bucket", "le", "3.0", Some("0")),
    ("http_response_bytes_bucket", "le", "1.099511627775e+12", None),
    ("http_response_bytes_bucket", "le", "+Inf", None),
    ("http_request_headers_bucket", "le", "3.0", None),
    ("http_request_headers_bucket", "le", "+Inf", None),
    ("http_request_duration_seconds_bucket", "le", "10.0", None),
];

/// Which job's series is not there, or not right; nothing when all are.
fn missing_series(answer: &str) -> Result<String, Failure> {
    let answer: Value = serde_json::from_str(answer)
        .map_err(|error| Failure::Failed(format!("prometheus answered no JSON: {error}")))?;
    let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let (path, requests) = (format!("/{HOSTILE}"), REQUESTS.to_string());
    let hostile = ("http_requests_total", "path", path.as_str(), Some(requests.as_str()));
    for (job, _, _) in FORMATS {
        for (name, label, labelled, value) in EXPECTED.into_iter().chain([hostile]) {
            let found = series.iter().any(|series| {
                series["metric"]["job"] == job
                    && series["metric"]["__name__"] == name
                    && series["metric"][label] == labelled
                    && value.is_none_or(|value| series["value"][1] == value)
            });
            if !found {
                return Ok(format!(
                    "no {name} with {label} {labelled:?} of value {value:?} from job {job} in {answer}"
                ));
            }
        }
    }
    Ok(String::new())
}

/// Each relay was answered in the format that it had asked for.
fn check_formats(relays: &[Relay]) -> Result<(), Failure> {
    for (relay, (job, _, expected)) in relays.iter().zip(FORMATS) {
        let answered = relay.content_type();
        if !answered.starts_with(expected) {
            return Err(Failure::Failed(format!("job {job} was answered {answered:?}")));
        }
        println!("prometheus read {HOSTILE:?} intact from {answered:?}");
    }
    Ok(())
}

fn configuration(relays: &[Relay]) -> String {
    let jobs = FORMATS.iter().zip(relays).map(|((job, _, _), relay)| {
        let address = relay.address();
        format!("- {{job_name: {job}, static_configs: [{{targets: ['{address}']}}]}}\n")
    });
    let global = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n";
    jobs.fold(global.to_owned(), |text, job| text + &job)
}

/// A port that is free now; nothing keeps it free until Prometheus takes it.
fn free_address() -> Result<SocketAddr, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::Failed(format!("no free port: {error}")))
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, Failure> {
        let path = std::env::temp_dir().join(format!("kairos-scrape-{}", std::process::id()));
        fs::create_dir_all(&path)
            .map_err(|error| Failure::Failed(format!("cannot make {}: {error}", path.display())))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_built_with_the_features_of_the_other_steps() {
        assert_eq!(
            examples().to_string(),
            "cargo build --workspace --exclude benches --all-features --example service --example tour"
        );
    }

    #[test]
    fn the_service_says_where_it_listens() {
        let address = service_address("http://127.0.0.1:81/metrics\n");
        assert_eq!(address, Ok("127.0.0.1:81".parse().expect("an address")));
        for line in ["", "127.0.0.1:81", "http://127.0.0.1:81/", "http://x/metrics"] {
            assert!(service_address(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn an_answer_lacks_what_is_absent_altered_or_miscounted() {
        let path = format!("/{HOSTILE}");
        let hostile = ("http_requests_total", "path", path.as_str(), Some("3"));
        let answer = |jobs: [&str; 2], alter: &dyn Fn(&str) -> Option<String>| {
            let expected = EXPECTED.into_iter().chain([hostile]);
            let series = expected.flat_map(|(name, label, labelled, value)| {
                let kept = [labelled, value.unwrap_or("7")].map(alter);
                let metric =
                    |job| serde_json::json!({"job": job, "__name__": name, label: kept[0]});
                jobs.map(|job| serde_json::json!({"metric": metric(job), "value": [0.5, kept[1]]}))
            });
            let series: Vec<Value> = series.collect();
            missing_series(&serde_json::json!({"data": {"result": series}}).to_string())
        };
        let both = ["text", "openmetrics"];
        let same = |text: &str| Some(text.to_owned());
        assert_eq!(answer(both, &same), Ok(String::new()));
        let replaced = |from: &'static str, to: &'static str| {
            move |text: &str| Some(if text == from { to.to_owned() } else { text.to_owned() })
        };
        for wrong in [
            answer(["text", "text"], &same),
            answer(both, &|text| Some(text.replace('\u{1}', ""))),
            answer(both, &replaced("3", "2")),
            answer(both, &replaced("NaN", "0")),
            answer(both, &replaced("+Inf", "-Inf")),
            answer(both, &replaced("10.0", "10")),
            answer(both, &|_| None),
            missing_series("{}"),
        ] {
            assert!(wrong.is_ok_and(|missing| missing.contains("job")));
        }
        assert!(missing_series("<html>").is_err());
    }
}
