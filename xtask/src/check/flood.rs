// Floods every bounded part of the cache with made-up names, each in a process of its own.
// Never knows: what a flood does, or what it must keep to.
// Read next: `crates/kairos-cache/examples/flood.rs`, the floods.

use std::path::Path;

use crate::failure::Failure;
use crate::invocation::Invocation;

/// Every flood, in the order in which they run when none is named.
const FLOODS: &[&str] =
    &["keys", "matches", "matches-held", "tags", "tags-held", "markets", "flights", "queue"];

/// Runs one flood or all of them: the peak of memory is a process's own.
///
/// # Errors
///
/// [`Failure::Usage`] for an unknown flood, [`Failure::Failed`] at the first that does not hold.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    parse(args)?.iter().try_for_each(|invocation| invocation.run(root))
}

fn parse(args: &[String]) -> Result<Vec<Invocation>, Failure> {
    let floods = match args {
        [] => FLOODS.to_vec(),
        [name] => FLOODS.iter().copied().filter(|flood| flood == name).collect(),
        _ => Vec::new(),
    };
    if floods.is_empty() {
        let (known, given) = (FLOODS.join(", "), args.join(" "));
        return Err(Failure::Usage(format!("`flood` takes one of {known}; got `{given}`")));
    }
    let line = |flood| {
        Invocation::words("cargo run --release -q -p kairos-cache --example flood --").args([flood])
    };
    Ok(floods.into_iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<Vec<String>> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args).ok().map(|lines| lines.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn no_name_means_every_flood_and_a_name_means_one() {
        let run =
            |flood| format!("cargo run --release -q -p kairos-cache --example flood -- {flood}");
        assert_eq!(shown(""), Some(FLOODS.iter().map(run).collect()));
        assert_eq!(shown("tags"), Some(vec![run(&"tags")]));
        assert_eq!(shown("rain"), None);
        assert_eq!(shown("tags keys"), None);
    }
}
