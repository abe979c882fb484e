// Receipts, hits and answers with serde, field by field as `kairos replay --decisions` writes them.
// Never knows: a format, or what a value looks like in it.
// Read next: `../names.rs` for the names among the fields.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Answer, Guard, Hit, Receipt, Source, outcome};
use crate::policy::{FeedStatus, Reason, Strategy, Volatility, Zone};

/// How many fields say something of the value, and how many of the read.
const OF_VALUE: usize = 4;
const OF_READ: usize = 7;

/// Durations are written in whole milliseconds.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn of_value<S: SerializeStruct>(to: &mut S, receipt: &Receipt) -> Result<(), S::Error> {
    to.serialize_field("zone", &receipt.zone)?;
    to.serialize_field("ttl_ms", &milliseconds(receipt.ttl))?;
    to.serialize_field("age_ms", &milliseconds(receipt.age))?;
    to.serialize_field("freshness", &receipt.freshness)
}

fn of_read<S: SerializeStruct>(to: &mut S, receipt: &Receipt) -> Result<(), S::Error> {
    to.serialize_field("strategy", &receipt.strategy)?;
    to.serialize_field("source", &receipt.source)?;
    to.serialize_field("vix", &receipt.volatility)?;
    to.serialize_field("z", &receipt.z)?;
    to.serialize_field("refresh_started", &receipt.refresh_started)?;
    to.serialize_field("reason", &receipt.reason)?;
    // Of feeds that nobody listens to a decision says nothing.
    match receipt.feed {
        FeedStatus::None => to.skip_field("feed"),
        feed => to.serialize_field("feed", &feed),
    }
}

impl Serialize for Receipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut to = serializer.serialize_struct("Receipt", OF_VALUE + OF_READ)?;
        of_value(&mut to, self)?;
        of_read(&mut to, self)?;
        to.end()
    }
}

impl<V: Serialize> Serialize for Guard<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hit(self.value(), self.receipt(), serializer)
    }
}

impl<V: Serialize> Serialize for Hit<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hit(self.value(), self.receipt(), serializer)
    }
}

fn hit<S: Serializer>(
    value: &impl Serialize,
    receipt: &Receipt,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut to = serializer.serialize_struct("Hit", 1 + OF_VALUE + OF_READ)?;
    to.serialize_field("value", value)?;
    of_value(&mut to, receipt)?;
    of_read(&mut to, receipt)?;
    to.end()
}

impl<V: Serialize> Serialize for Answer<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.outcome.as_ref().ok();
        let fields = 1 + value.map_or(0, |_| 1 + OF_VALUE) + OF_READ;
        let mut to = serializer.serialize_struct("Answer", fields)?;
        to.serialize_field("outcome", outcome(self.outcome.as_ref().err()))?;
        // Of a value that is not there a decision says nothing.
        if let Some(value) = value {
            to.serialize_field("value", &**value)?;
            of_value(&mut to, &self.receipt)?;
        }
        of_read(&mut to, &self.receipt)?;
        to.end()
    }
}

/// What a receipt is read from.
#[derive(serde::Deserialize)]
struct Fields {
    zone: Zone,
    ttl_ms: u64,
    age_ms: u64,
    freshness: f64,
    strategy: Strategy,
    source: Source,
    vix: Volatility,
    z: f64,
    refresh_started: bool,
    reason: Reason,
    #[serde(default)]
    feed: FeedStatus,
}

impl<'de> Deserialize<'de> for Receipt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Receipt, D::Error> {
        let read = Fields::deserialize(deserializer)?;
        Ok(Receipt {
            strategy: read.strategy,
            source: read.source,
            zone: read.zone,
            ttl: Duration::from_millis(read.ttl_ms),
            age: Duration::from_millis(read.age_ms),
            freshness: read.freshness,
            volatility: read.vix,
            z: read.z,
            refresh_started: read.refresh_started,
            reason: read.reason,
            feed: read.feed,
        })
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use std::sync::Arc;

    use serde_json::{from_str, to_string};

    use super::*;
    use crate::error::Error;

    const RECEIPT: Receipt = Receipt {
        strategy: Strategy::ServeStale,
        source: Source::Cache,
        zone: Zone::Golden,
        ttl: Duration::from_millis(60_000),
        age: Duration::from_millis(75_500),
        freshness: 0.25,
        volatility: Volatility::Warning,
        z: 1.5,
        refresh_started: true,
        reason: Reason::Stale,
        feed: FeedStatus::None,
    };

    const OF_VALUE: &str = r#""zone":"golden","ttl_ms":60000,"age_ms":75500,"freshness":0.25,"#;
    const OF_READ: &str = r#""strategy":"serve_stale","source":"cache","vix":"warning","z":1.5,"refresh_started":true,"reason":"stale"}"#;

    #[test]
    fn a_receipt_is_read_back_from_what_it_is_written_as() {
        let text = to_string(&RECEIPT).unwrap();
        assert_eq!(text, format!("{{{OF_VALUE}{OF_READ}"));
        assert_eq!(from_str::<Receipt>(&text).unwrap(), RECEIPT);
        // A line of decisions has more fields than its receipt.
        let line = format!(r#"{{"id":"g1","t":5,"outcome":"ok","value":"v1",{OF_VALUE}{OF_READ}"#);
        assert_eq!(from_str::<Receipt>(&line).unwrap(), RECEIPT);
    }

    #[test]
    fn parts_of_a_millisecond_are_not_written() {
        let ttl = Duration::from_nanos(60_000_999_999);
        let text = to_string(&Receipt { ttl, ..RECEIPT }).unwrap();
        assert_eq!(from_str::<Receipt>(&text).unwrap(), RECEIPT);
        let text = to_string(&Receipt { ttl: Duration::MAX, ..RECEIPT }).unwrap();
        assert!(text.contains(r#""ttl_ms":18446744073709551615"#), "{text}");
    }

    #[test]
    fn a_receipt_without_a_field_or_with_an_unknown_name_is_refused() {
        let text = to_string(&RECEIPT).unwrap();
        let error = |text: &str| from_str::<Receipt>(text).unwrap_err().to_string();
        assert!(error(&text.replace(r#""z":1.5,"#, "")).contains("missing field `z`"));
        assert!(error(&text.replace("golden", "silver")).contains("unknown zone `silver`"));
    }

    #[test]
    fn a_hit_is_its_value_and_the_fields_of_its_receipt() {
        let hit = Hit::new(Arc::new("v1"), RECEIPT);
        assert_eq!(to_string(&hit).unwrap(), format!(r#"{{"value":"v1",{OF_VALUE}{OF_READ}"#));
    }

    #[test]
    fn an_answer_without_a_value_says_nothing_of_one() {
        let of = |outcome| to_string(&Answer { receipt: RECEIPT, outcome }).unwrap();
        let line = format!(r#"{{"outcome":"ok","value":"v1",{OF_VALUE}{OF_READ}"#);
        assert_eq!(of(Ok(Arc::new("v1"))), line);
        for (error, outcome) in [
            (Error::Nothing, "none"),
            (Error::Panicked("no".into()), "panic"),
            (Error::Timeout, "timeout"),
            (Error::Overloaded, "error"),
            (Error::Compute(Arc::new(std::fmt::Error)), "error"),
        ] {
            assert_eq!(of(Err(error)), format!(r#"{{"outcome":"{outcome}",{OF_READ}"#));
        }
    }
}
