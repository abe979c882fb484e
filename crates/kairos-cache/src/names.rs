// How everything that has a name is written and read back: by its `name`, in text and with serde.
// Never knows: where a name stands, or what it means.
// Read next: `receipt/written.rs` for the receipts that hold most of the names.

use std::fmt;
use std::str::FromStr;

use crate::config::{EvaluateAt, Preset, ZoneName};
use crate::error::ErrorKind;
use crate::matches::TradingStatus;
use crate::policy::{
    BreakerLevel, DriftBound, DriftMeasure, FeedStatus, Reason, Strategy, Volatility, Zone,
};
use crate::receipt::Source;
use crate::stats::Category;

/// The error of a word that is no name of its kind. Says which are.
///
/// ```
/// use kairos_cache::{Strategy, Zone};
///
/// assert_eq!("serve_stale".parse(), Ok(Strategy::ServeStale));
/// let error = "silver".parse::<Zone>().unwrap_err().to_string();
/// assert!(error.starts_with("unknown zone `silver`, expected one of `match_started`, `warmup`,"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{found}`, expected one of {expected}")]
pub struct UnknownName {
    kind: &'static str,
    found: Box<str>,
    expected: Box<str>,
}

/// Reads a name of one kind.
fn read<T: Copy>(
    kind: &'static str,
    mut all: impl Iterator<Item = T> + Clone,
    name: fn(T) -> &'static str,
    found: &str,
) -> Result<T, UnknownName> {
    let known = all.clone();
    all.find(|value| name(*value) == found).ok_or_else(|| {
        let expected: Vec<String> = known.map(|value| format!("`{}`", name(value))).collect();
        UnknownName { kind, found: found.into(), expected: expected.join(", ").into() }
    })
}

/// `Display`, `FromStr` and serde by `name` and `ALL`, for types of which errors speak as `kind`.
macro_rules! named {
    ($($Type:ident: $kind:literal,)+) => {$(
        impl fmt::Display for $Type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $Type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<$Type, UnknownName> {
                read($kind, $Type::ALL.iter().copied(), $Type::name, name)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $Type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $Type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$Type, D::Error> {
                deserializer.deserialize_str(written::Word::new(concat!("the name of a ", $kind)))
            }
        }
    )+};
}

named! {
    BreakerLevel: "breaker level",
    Category: "category",
    ErrorKind: "kind of error",
    DriftBound: "bound on drift",
    DriftMeasure: "measure of drift",
    EvaluateAt: "moment",
    FeedStatus: "feed status",
    Preset: "preset",
    Reason: "reason",
    Source: "source",
    Strategy: "strategy",
    TradingStatus: "trading status",
    Volatility: "volatility status",
    Zone: "zone",
    ZoneName: "zone of the table",
}

#[cfg(feature = "serde")]
mod written {
    use std::fmt;
    use std::marker::PhantomData;
    use std::str::FromStr;

    use serde::de::{Deserialize, Deserializer, Error, Visitor};
    use serde::ser::{Serialize, Serializer};

    use super::UnknownName;
    use crate::policy::MarketName;

    /// Reads a name from whatever text a format has.
    pub(super) struct Word<T> {
        expected: &'static str,
        of: PhantomData<T>,
    }

    impl<T> Word<T> {
        pub(super) const fn new(expected: &'static str) -> Word<T> {
            Word { expected, of: PhantomData }
        }
    }

    impl<T: FromStr<Err = UnknownName>> Visitor<'_> for Word<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
            name.parse().map_err(E::custom)
        }
    }

    impl Serialize for MarketName {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(self)
        }
    }

    impl<'de> Deserialize<'de> for MarketName {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MarketName, D::Error> {
            let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            Ok(MarketName::from(&*name))
        }
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests {
    use super::*;

    fn check<T>(all: &[T], expected: &[&str])
    where
        T: Copy + PartialEq + fmt::Debug + fmt::Display + FromStr<Err = UnknownName>,
    {
        let shown: Vec<String> = all.iter().map(T::to_string).collect();
        assert_eq!(shown, expected);
        for (value, name) in all.iter().zip(expected) {
            assert_eq!(name.parse::<T>().as_ref(), Ok(value));
            for wrong in [name.to_uppercase(), format!(" {name}"), name[1..].to_owned()] {
                let error = wrong.parse::<T>().expect_err("another word").to_string();
                assert!(error.contains(&format!("`{wrong}`")), "{error}");
                assert!(
                    expected.iter().all(|name| error.contains(&format!("`{name}`"))),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn every_name_is_read_back_and_every_other_word_refused() {
        check(&Strategy::ALL, &["bypass", "compute", "serve_stale", "serve_fresh"]);
        check(Source::ALL, &["cache", "computed"]);
        check(&Volatility::ALL, &["normal", "warning", "panic"]);
        check(&BreakerLevel::ALL, &["normal", "high_volatility", "circuit_open"]);
        check(&TradingStatus::ALL, &["open", "suspended", "closed"]);
        check(EvaluateAt::ALL, &["read", "insert"]);
        check(&DriftBound::ALL, &["soft", "hard"]);
        check(DriftMeasure::ALL, &["price", "probability"]);
        check(FeedStatus::ALL, &["none", "alive", "silent"]);
        check(Preset::ALL, &["default", "desk"]);
        check(&ZoneName::ALL, &["warmup", "golden", "active", "prematch"]);
        let zones =
            ["match_started", "warmup", "golden", "active", "prematch", "standard", "unknown"];
        check(&Zone::ALL, &zones);
        let categories =
            ["base", "volatility", "golden_hour", "swr", "tags", "strategy", "performance"];
        check(&Category::ALL, &categories);
        let reasons = [
            "disabled",
            "over_bound",
            "suspended",
            "forced",
            "panic",
            "miss",
            "fresh",
            "stale",
            "too_stale",
            "stale_if_error",
            "soft_timeout",
        ];
        check(Reason::ALL, &reasons);
        let kinds = [
            "compute",
            "panicked",
            "timeout",
            "overloaded",
            "shut_down",
            "nothing",
            "aborted",
            "unknown_name",
            "misuse",
            "observation",
            "configuration",
            "system",
        ];
        check(ErrorKind::ALL, &kinds);
    }

    #[test]
    fn a_name_keeps_the_width_that_it_is_given() {
        assert_eq!(format!("[{:>8}] [{:<6}]", Zone::Golden, Source::Cache), "[  golden] [cache ]");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_writes_and_reads_the_same_names() {
        let names = serde_json::to_string(&(Reason::ALL, Zone::ALL, Category::ALL)).unwrap();
        assert!(names.starts_with(r#"[["disabled","over_bound","suspended","#), "{names}");
        let read: (Vec<Reason>, [Zone; 7], [Category; 7]) = serde_json::from_str(&names).unwrap();
        assert_eq!((&*read.0, read.1, read.2), (Reason::ALL, Zone::ALL, Category::ALL));

        let name = |text| serde_json::from_str::<TradingStatus>(text).map_err(|e| e.to_string());
        // A name may come with escapes, and then is no longer borrowed.
        assert_eq!(name(r#""op\u0065n""#), Ok(TradingStatus::Open));
        let unknown = name(r#""shut""#).unwrap_err();
        assert!(unknown.starts_with("unknown trading status `shut`, expected one of `open`,"));
        let wrong = name("3").unwrap_err();
        assert!(wrong.contains("expected the name of a trading status"), "{wrong}");
    }
}
