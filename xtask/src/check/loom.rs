// Runs the models in `loom-tests/` with the loom shim switched on.
// Never knows: which models there are, or what they claim.
// Read next: `loom-tests/`, where the models are.

use std::path::Path;

use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::target;

/// How often a model may switch away from a thread that could go on, by default.
const PREEMPTIONS: u32 = 2;

/// The same for `--deep`: minutes instead of seconds per model.
const PREEMPTIONS_DEEP: u32 = 3;

/// Runs the models; what stands behind `--` goes to the test harness.
///
/// # Errors
///
/// [`Failure::Usage`] for unknown arguments, [`Failure::Failed`] if a model fails.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    let (preemptions, harness) = parse(args)?;
    invocation(root, preemptions, harness).run(root)
}

/// The command line that runs the models.
///
/// `--cfg` changes every crate's fingerprint, hence a target folder of its own: in the main one
/// each run would rebuild what the other left.
fn invocation(root: &Path, preemptions: u32, harness: &[String]) -> Invocation {
    let folder = target::shown(root, "loom");
    let line = Invocation::words("cargo test -p loom-tests --release --target-dir")
        .args([folder])
        .var("RUSTFLAGS", "--cfg kairos_loom")
        .var("LOOM_MAX_PREEMPTIONS", preemptions.to_string());
    if harness.is_empty() { line } else { line.args(["--"]).args(harness) }
}

fn parse(args: &[String]) -> Result<(u32, &[String]), Failure> {
    let split = args.iter().position(|arg| arg == "--");
    let (own, harness) = match split {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &[][..]),
    };
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let preemptions = match own[..] {
        [] => PREEMPTIONS,
        ["--deep"] => PREEMPTIONS_DEEP,
        ["--preemptions", count] => count.parse().map_err(|_| {
            Failure::Usage(format!("`--preemptions` takes a number, got `{count}`"))
        })?,
        _ => return Err(Failure::Usage(format!("`loom` does not take `{}`", own.join(" ")))),
    };
    Ok((preemptions, harness))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<(u32, String)> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args).ok().map(|(preemptions, harness)| (preemptions, harness.join(" ")))
    }

    #[test]
    fn arguments_choose_the_depth_and_the_rest_goes_to_the_harness() {
        assert_eq!(parsed(""), Some((2, String::new())));
        assert_eq!(parsed("--deep"), Some((3, String::new())));
        assert_eq!(parsed("--preemptions 5 -- slot --exact"), Some((5, "slot --exact".into())));
        assert_eq!(parsed("-- --deep"), Some((2, "--deep".into())));
        for bad in ["slot", "--deep --deep", "--preemptions", "--preemptions many"] {
            assert_eq!(parsed(bad), None, "`{bad}`");
        }
    }

    #[test]
    fn the_shim_is_switched_on_in_a_target_folder_of_its_own() {
        let shown = invocation(Path::new("."), 2, &[]).to_string();
        assert!(
            shown.starts_with(
                "RUSTFLAGS='--cfg kairos_loom' LOOM_MAX_PREEMPTIONS=2 cargo test -p loom-tests \
                 --release --target-dir "
            ),
            "{shown}"
        );
    }
}
