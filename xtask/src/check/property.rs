// The property test of the cache at length: its sequences of operations, run against the model.
// Never knows: what a sequence does, or what the model says.
// Read next: `crates/kairos-cache/tests/it/model/mod.rs`.

use std::path::Path;

use crate::failure::Failure;
use crate::invocation::Invocation;

/// How many sequences the whole check runs; a plain `cargo test` runs a few of them.
const SEQUENCES: u64 = 10_000;

/// `property [SEQUENCES [SEED]]`: so many sequences, the first of them with this seed.
///
/// # Errors
///
/// [`Failure::Usage`] for what is not a number, [`Failure::Failed`] where cache and model part.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    parse(args)?.run(root)
}

fn parse(args: &[String]) -> Result<Invocation, Failure> {
    let number = |text: &String| {
        text.parse().map_err(|_| Failure::Usage(format!("`property` takes numbers, got `{text}`")))
    };
    match args {
        [] => Ok(invocation(SEQUENCES, 0)),
        [sequences] => Ok(invocation(number(sequences)?, 0)),
        [sequences, seed] => Ok(invocation(number(sequences)?, number(seed)?)),
        [_, _, unknown, ..] => Err(Failure::Usage(format!(
            "`property` takes two numbers, got `{unknown}` beside them"
        ))),
    }
}

/// The features are those of the other steps, so that nothing is built twice.
fn invocation(sequences: u64, seed: u64) -> Invocation {
    Invocation::words(
        "cargo test --workspace --exclude benches --all-features --test it -- model:: --nocapture",
    )
    .var("KAIROS_MODEL_SEQUENCES", sequences.to_string())
    .var("KAIROS_MODEL_SEED", seed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<String> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args).ok().map(|invocation| invocation.to_string())
    }

    #[test]
    fn sequences_and_seed_are_numbers_with_defaults() {
        let run = |sequences: u64, seed: u64| {
            Some(format!(
                "KAIROS_MODEL_SEQUENCES={sequences} KAIROS_MODEL_SEED={seed} \
                 cargo test --workspace --exclude benches --all-features --test it -- model:: --nocapture"
            ))
        };
        assert_eq!(shown(""), run(10_000, 0));
        assert_eq!(shown("500"), run(500, 0));
        assert_eq!(shown("1 812"), run(1, 812));
        assert_eq!(shown("many"), None);
        assert_eq!(shown("1 2 3"), None);
    }
}
