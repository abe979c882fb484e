// Starts the benchmark programs of `benches/`, one per group, from a table.
// Never knows: what is measured, the targets, or the peers.
// Read next: `benches/`, where each group is a program that prints its own verdicts.

use std::path::Path;

use crate::failure::Failure;
use crate::invocation::Invocation;

/// Every group, in the order in which they run when none is named: each is the bench of that name in
/// the `benches` package.
const GROUPS: &[&str] = &[
    "counters",
    "histograms",
    "requests",
    "families",
    "facade",
    "scrape",
    "memory",
    "hit",
    "miss",
    "move",
];

/// Runs one group or all of them; what stands behind `--` goes to the program.
///
/// # Errors
///
/// [`Failure::Usage`] for an unknown group, [`Failure::Failed`] at the first program that fails.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    for invocation in parse(args)? {
        invocation.run(root)?;
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<Vec<Invocation>, Failure> {
    let split = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let (own, program_args) = args.split_at(split);
    let groups = match own {
        [] => GROUPS.to_vec(),
        [name] => GROUPS.iter().copied().filter(|group| group == name).collect(),
        _ => Vec::new(),
    };
    if groups.is_empty() {
        let known = GROUPS.join(", ");
        let given = own.join(" ");
        return Err(Failure::Usage(format!("`bench` takes one group of {known}; got `{given}`")));
    }
    let line = |group| {
        Invocation::words("cargo bench -p benches --bench").args([group]).args(program_args)
    };
    Ok(groups.into_iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<Vec<String>> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args).ok().map(|lines| lines.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn no_group_means_every_group_and_a_name_means_one() {
        let run = |group: &str| format!("cargo bench -p benches --bench {group}");
        assert_eq!(shown(""), Some(GROUPS.iter().map(|group| run(group)).collect()));
        assert_eq!(shown("hit"), Some(vec![run("hit")]));
        assert_eq!(shown("counters -- --quick"), Some(vec![run("counters") + " -- --quick"]));
        assert_eq!(shown("moon"), None);
        assert_eq!(shown("hit counters"), None);
    }
}
