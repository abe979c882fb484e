// The serde form of a fraction: a number, or its name in formats that have no number for it.
// Never knows: what the fraction measures.
// Read next: `snapshot.rs`, the only user.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Readable {
    Number(f64),
    Name(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) fn serialize<S: Serializer>(fraction: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if fraction.is_finite() || !serializer.is_human_readable() {
        return fraction.serialize(serializer);
    }
    // `NaN`, `inf` or `-inf`, which is what parsing takes.
    serializer.collect_str(fraction)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    if !deserializer.is_human_readable() {
        return f64::deserialize(deserializer);
    }
    match Readable::deserialize(deserializer)? {
        Readable::Number(number) => Ok(number),
        Readable::Name(name) => name.parse().map_err(D::Error::custom),
    }
}
