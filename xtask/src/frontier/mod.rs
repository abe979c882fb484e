// What caches compute and risk on three recorded feeds: a table to print, and the picture in the docs.
// Never knows: how a feed is replayed; the command does. Its numbers are read from reports.
// Read next: `curve.rs` for the numbers, `figure.rs` for the picture.

mod curve;
mod figure;
mod table;

use std::fs;
use std::path::{Path, absolute};

use self::curve::Curve;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::target;

/// A feed as it is given on the command line.
struct Feed {
    title: &'static str,
    /// What the replay is told of it, and of its readers.
    options: &'static str,
}

/// The feeds, in the order of the arguments.
const FEEDS: [Feed; 3] = [
    Feed {
        title: "World Cup, to the first kickoff",
        options: "--to 1781204400000 --readers 50 --read-rate 0.5 --compute-ms 40",
    },
    Feed {
        title: "NBA, one match of an exchange",
        options: "--field ltp --readers 50 --read-rate 20 --compute-ms 40",
    },
    Feed {
        title: "Horses, one race of an exchange",
        options: "--field ltp --readers 50 --read-rate 20 --compute-ms 40",
    },
];

/// The caches that stand side by side. The recordings hold changes alone.
const CACHES: &str =
    "--preset default --config samples/desk-recorded.toml --ttl 1s,10s,1m,5m,15m,30m,1h,2h,6h";

/// Their names, where that of their column is a file's.
const NAMES: [(&str, &str); 1] = [("samples/desk-recorded.toml", "desk")];

const PICTURE: &str = "docs/frontier.svg";

/// Replays the three feeds, prints what the caches compute and risk as a table, and draws it.
///
/// # Errors
///
/// [`Failure::Usage`] unless the three feeds are named; [`Failure::Failed`] where a replay fails or the picture
/// cannot be written.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Failure> {
    if args.len() != FEEDS.len() {
        let message = format!("`frontier` takes three feeds, got {}", args.len());
        return Err(Failure::Usage(message));
    }
    Invocation::words("cargo build --release -p kairos-cli").run(root)?;
    let program = target::folder(root).join("release/kairos").display().to_string();
    let curves: Vec<Curve> = FEEDS
        .iter()
        .zip(args)
        .map(|(feed, file)| replay(root, &program, feed, file))
        .collect::<Result<_, Failure>>()?;
    print!("\n{}", table::of(&curves));
    let picture = figure::of(&curves)?;
    fs::write(root.join(PICTURE), picture)
        .map_err(|error| Failure::Failed(format!("{PICTURE}: {error}")))?;
    println!("\n{PICTURE}: written");
    Ok(())
}

fn replay(root: &Path, program: &str, feed: &Feed, file: &str) -> Result<Curve, Failure> {
    let file = absolute(file).map_err(|error| Failure::Failed(format!("{file}: {error}")))?;
    let words = |line: &'static str| line.split_whitespace();
    let line = Invocation::new(program, ["replay".to_owned(), file.display().to_string()])
        .args(words(feed.options))
        .args(words(CACHES))
        .args(["--report", "json"]);
    println!("{line}");
    let report = line.output(root)?;
    Curve::of(feed.title, &report, &NAMES).ok_or_else(|| {
        Failure::Failed(format!("`{line}` printed no report with computes and exposure"))
    })
}
