// The answer to a scrape: the format that the scraper asks for, and all metrics in it.
// Never knows: sockets, or any header but `Accept` and `Content-Type`.
// Read next: `../encode/accept.rs`, which chooses the format.

use super::registry::Registry;
use crate::encode::{Format, negotiate};

/// The answer to a scrape: what to send as `Content-Type`, and the metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The value of the header `Content-Type`.
    pub content_type: &'static str,
    /// All metrics, in the format that the content type names.
    pub body: String,
}

impl Registry {
    /// Returns all metrics in the format that a scraper asks for by its header `Accept`, with the
    /// content type to send: `OpenMetrics` 1.0 or the Prometheus text format 0.0.4.
    ///
    /// Content negotiation is that of HTTP, as Prometheus relies on it: the format with the highest
    /// quality (`q=`) answers, of equals the one asked for by name, then the one named first. A
    /// version that is not offered covers nothing, parts that cannot be read are left out, and names
    /// are the same whatever `escaping` says. Without a header, and where neither format is wanted,
    /// the Prometheus format answers. Of several `Accept` headers give the values with commas
    /// between them.
    ///
    /// ```
    /// # use kairos_metrics::Registry;
    /// # let registry = Registry::new();
    /// # let accept = Some("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
    /// let answer = registry.respond(accept);
    /// assert_eq!(answer.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    /// assert!(answer.body.ends_with("# EOF\n"));
    /// ```
    pub fn respond(&self, accept: Option<&str>) -> Response {
        let mut body = String::new();
        Response { content_type: self.respond_into(accept, &mut body), body }
    }

    /// Appends to `out` what [`respond`](Registry::respond) returns as the body, and returns the
    /// content type.
    ///
    /// With a buffer that is kept from scrape to scrape, nothing is allocated for a series.
    ///
    /// ```
    /// # use kairos_metrics::Registry;
    /// # let (registry, mut body) = (Registry::new(), String::new());
    /// let content_type = registry.respond_into(Some("*/*"), &mut body);
    /// assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    /// ```
    pub fn respond_into(&self, accept: Option<&str>, out: &mut String) -> &'static str {
        let format = accept.map_or(Format::Prometheus, negotiate);
        match format {
            Format::Prometheus => self.encode_prometheus_into(out),
            Format::OpenMetrics => self.encode_openmetrics_into(out),
        }
        format.content_type()
    }
}
