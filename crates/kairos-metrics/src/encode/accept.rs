// Which text format answers an `Accept` header: content negotiation between the two formats.
// Never knows: metrics, or the rest of HTTP.
// Read next: `text.rs`, the formats; `../registry/respond.rs`, the answer.

use super::text::Format;

/// The formats on offer; of two that a header wants equally, without an order, the first answers.
const OFFERS: [Format; 2] = [Format::Prometheus, Format::OpenMetrics];

/// Returns the format that the header's text asks for; without a part that wants either, the
/// Prometheus format. Allocates nothing; O(header).
///
/// Of the parts that cover a format the most exact one says how much it is wanted (RFC 9110, section
/// 12.5.1). A part with another version than the format's does not cover it. A part that cannot be
/// read is left out. Of formats wanted equally, one asked for by its name comes before one that a
/// wildcard covers, then the one named first.
pub(crate) fn negotiate(accept: &str) -> Format {
    let wanted = OFFERS.map(|format| Wanted::of(format, accept));
    let [prometheus, openmetrics] = wanted;
    match openmetrics {
        Some(other) if prometheus.is_none_or(|wanted| other.comes_before(wanted)) => {
            Format::OpenMetrics
        }
        _ => Format::Prometheus,
    }
}

/// How much a header wants a format.
#[derive(Clone, Copy)]
struct Wanted {
    exactness: Exactness,
    quality: f32,
    /// The place of the part that says so.
    place: usize,
}

/// How exactly a part names a format.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    Anything,
    MainType,
    Type,
    Version,
}

impl Wanted {
    /// What the most exact part says; `None` if no part covers the format or that one refuses it.
    fn of(format: Format, accept: &str) -> Option<Wanted> {
        let mut found: Option<Wanted> = None;
        for (place, part) in split(accept, ',').enumerate() {
            let Some((exactness, quality)) = read(part, format) else { continue };
            if found.is_none_or(|known| exactness > known.exactness) {
                found = Some(Wanted { exactness, quality, place });
            }
        }
        found.filter(|wanted| wanted.quality > 0.0)
    }

    fn comes_before(self, other: Wanted) -> bool {
        let is_named = |wanted: Wanted| wanted.exactness >= Exactness::Type;
        let ranked = self.quality.total_cmp(&other.quality);
        // A tie of one part with itself is left to the order of the offers.
        let ranked = ranked.then(is_named(self).cmp(&is_named(other)));
        ranked.then(other.place.cmp(&self.place)).is_gt()
    }
}

/// How exactly a part covers the format, and how much it wants it; `None` if it does not cover the
/// format or cannot be read.
fn read(part: &str, format: Format) -> Option<(Exactness, f32)> {
    let mut fields = split(part, ';').map(str::trim);
    let (main, sub) = fields.next()?.split_once('/')?;
    let (of_main, of_sub) = format.media_type();
    let mut exactness = match (main.trim(), sub.trim()) {
        ("*", "*") => Exactness::Anything,
        (main, "*") if main.eq_ignore_ascii_case(of_main) => Exactness::MainType,
        (main, sub) if main.eq_ignore_ascii_case(of_main) && sub.eq_ignore_ascii_case(of_sub) => {
            Exactness::Type
        }
        _ => return None,
    };
    let mut quality = 1.0;
    for field in fields.filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=')?;
        let (name, value) = (name.trim(), unquoted(value.trim()));
        if name.eq_ignore_ascii_case("q") {
            quality = value.parse().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
        } else if name.eq_ignore_ascii_case("version") && exactness == Exactness::Type {
            if value != format.version() {
                return None;
            }
            exactness = Exactness::Version;
        }
        // Other parameters change nothing: of `charset` and `escaping` there is one kind only.
    }
    Some((exactness, quality))
}

/// The stretches between separators, of which those in quotes are none.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    fn check(accept: &str, expected: Format) {
        assert_eq!(negotiate(accept), expected, "{accept:?}");
    }

    #[test]
    fn scrapers_get_the_format_that_they_want_most() {
        use Format::{OpenMetrics, Prometheus};
        for (accept, expected) in [
            // Prometheus 2.4 and older.
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", Prometheus),
            // Prometheus 2.5 to 2.33: a version of OpenMetrics that is not offered.
            (
                "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Prometheus,
            ),
            // Prometheus 2.34 to 2.55.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
                 version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            // Prometheus 3.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;\
                 escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                OpenMetrics,
            ),
            // Prometheus 3 with native histograms: the binary format is not offered.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;escaping=allow-utf-8;q=0.6,application/openmetrics-text;\
                 version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                OpenMetrics,
            ),
            // Prometheus 3 whose scrape_protocols list the text format alone.
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;\
                 q=0.5,*/*;q=0.4",
                Prometheus,
            ),
            // curl; a browser; a script that asks for JSON; nothing.
            ("*/*", Prometheus),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
                Prometheus,
            ),
            ("application/json", Prometheus),
            ("", Prometheus),
        ] {
            check(accept, expected);
        }
    }

    #[test]
    fn quality_decides_before_exactness_and_exactness_before_order() {
        use Format::{OpenMetrics, Prometheus};
        for (accept, expected) in [
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Prometheus),
            ("text/plain;q=0.5, application/openmetrics-text;q=0.501", OpenMetrics),
            ("application/openmetrics-text, text/plain", OpenMetrics),
            ("text/plain, application/openmetrics-text", Prometheus),
            ("text/plain, application/openmetrics-text;version=1.0.0", Prometheus),
            ("*/*, application/openmetrics-text", OpenMetrics),
            ("text/*, application/openmetrics-text", OpenMetrics),
            ("application/*, text/*", OpenMetrics),
            ("text/*, application/*", Prometheus),
            ("application/*", OpenMetrics),
            ("application/*;q=0.2, text/*;q=0.1", OpenMetrics),
            // What is named has its own quality, whatever a wildcard says.
            ("application/openmetrics-text;q=0.1, */*;q=0.9", Prometheus),
            ("text/plain;q=0.1, */*;q=0.9", OpenMetrics),
            ("text/plain;q=0.9, text/plain;version=0.0.4;q=0.1, application/*;q=0.5", OpenMetrics),
        ] {
            check(accept, expected);
        }
    }

    #[test]
    fn a_quality_of_zero_refuses() {
        use Format::{OpenMetrics, Prometheus};
        for (accept, expected) in [
            ("application/openmetrics-text;q=0", Prometheus),
            ("application/openmetrics-text;version=1.0.0;q=0.000,*/*", Prometheus),
            ("text/plain;q=0, */*;q=0.1", OpenMetrics),
            ("text/*;q=0, */*", OpenMetrics),
            // Something has to answer.
            ("*/*;q=0", Prometheus),
        ] {
            check(accept, expected);
        }
    }

    #[test]
    fn case_space_quotes_and_other_parameters_change_nothing() {
        for accept in [
            "APPLICATION/OpenMetrics-Text; Version=1.0.0; Q=0.9, TEXT/PLAIN; q=0.8",
            "  application / openmetrics-text ;\tversion = 1.0.0 ; q = 1 , text/plain ; q = 0.9 ",
            "application/openmetrics-text;version=\"1.0.0\";q=0.9,text/plain;q=0.8",
            "application/openmetrics-text;note=\"a,b;c\";q=0.9,text/plain;q=0.8",
            "application/openmetrics-text;version=1.0.0;escaping=underscores;charset=utf-8",
            "application/openmetrics-text;version=1.0.0;escaping=values,text/plain;q=0.5",
            "application/openmetrics-text;;q=0.9;,text/plain;q=0.8",
        ] {
            check(accept, Format::OpenMetrics);
        }
    }

    #[test]
    fn a_part_that_cannot_be_read_is_left_out() {
        use Format::{OpenMetrics, Prometheus};
        for (accept, expected) in [
            (",,;,/,*,text,=;=", Prometheus),
            ("nonsense, application/openmetrics-text;q=0.1", OpenMetrics),
            ("application/openmetrics-text;q=much, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=1.1, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=-1, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=NaN, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;version, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;version=2.0.0, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text-2, openmetrics-text", Prometheus),
            ("\"application/openmetrics-text, text/plain", Prometheus),
        ] {
            check(accept, expected);
        }
    }
}
