// What the cache says, in the words of the model.
// Never knows: whether it is right.
// Read next: `../answer.rs`, for the words.

use kairos_cache::{Answer, Error, Hit};

use crate::model::answer::{OfValue, Outcome, Receipt};

/// What a read has come to, and its value and receipt where the caller has them.
pub(super) type Said = (Outcome, Option<u64>, Option<Receipt>);

/// Of a read with a receipt in any case.
pub(super) fn explained(answer: Result<Answer<u64>, Error>) -> Said {
    let answer = answer.expect("contexts name what exists");
    let value = answer.outcome.as_ref().ok().map(|value| **value);
    let receipt = receipt_of(&answer.receipt, value.is_some());
    (outcome_of(answer.outcome.as_ref().err()), value, Some(receipt))
}

/// Of a read with a receipt if there is a hit.
pub(super) fn hit_or_error(hit: &Result<Hit<u64>, Error>) -> Said {
    match hit {
        Ok(hit) => {
            let (value, receipt) = served(hit);
            (Outcome::Value, Some(value), Some(receipt))
        }
        Err(error) => (outcome_of(Some(error)), None, None),
    }
}

pub(super) fn served(hit: &Hit<u64>) -> (u64, Receipt) {
    (**hit, receipt_of(hit.receipt(), true))
}

fn outcome_of(error: Option<&Error>) -> Outcome {
    match error {
        None => Outcome::Value,
        Some(Error::Nothing) => Outcome::Nothing,
        Some(Error::Compute(_)) => Outcome::Failed,
        Some(Error::Panicked(_)) => Outcome::Panicked,
        Some(Error::Timeout) => Outcome::TimedOut,
        Some(Error::Overloaded) => Outcome::Overloaded,
        Some(Error::ShutDown) => Outcome::ShutDown,
        Some(other) => panic!("no read of a sequence fails so: {other}"),
    }
}

fn receipt_of(receipt: &kairos_cache::Receipt, has_value: bool) -> Receipt {
    let of_value = OfValue {
        zone: receipt.zone,
        ttl: receipt.ttl.as_nanos() as u64,
        age: receipt.age.as_nanos() as u64,
        freshness: receipt.freshness,
    };
    Receipt {
        strategy: receipt.strategy,
        source: receipt.source,
        reason: receipt.reason,
        volatility: receipt.volatility,
        z: receipt.z,
        refresh_started: receipt.refresh_started,
        feed: receipt.feed,
        of_value: has_value.then_some(of_value),
    }
}
