// What promtool says of exposed metrics.
// Never knows: who exposes them, or where promtool comes from.
// Read next: `mod.rs`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::invocation::Invocation;

/// The program, by its path.
#[derive(Debug)]
pub(crate) struct Promtool(pub(crate) PathBuf);

impl Promtool {
    /// `promtool check metrics` on what `whose` registry exposes.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] when it finds fault; what it says about it is shown.
    pub(crate) fn lint(&self, whose: &str, text: &str) -> Result<(), Failure> {
        let shown = format!("{} check metrics", self.0.display());
        println!("{shown}  (on {} lines of {whose})", text.lines().count());
        let failed = |error: std::io::Error| Failure::Failed(format!("`{shown}`: {error}"));
        let mut child = Command::new(&self.0)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let written = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(text.as_bytes()),
            None => Ok(()),
        };
        let status = child.wait().map_err(failed)?;
        written.map_err(failed)?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Failed(format!("`{shown}` on {whose} ended with {status}")))
        }
    }

    /// Has promtool read `OpenMetrics`, which its linter does not know, as if to store it: that takes
    /// the text only where Prometheus would. `folder` is for what it reads and stores.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] when it does not take the text; what it says about it is shown.
    pub(crate) fn read_openmetrics(
        &self,
        whose: &str,
        text: &str,
        folder: &Path,
    ) -> Result<(), Failure> {
        let file = folder.join("openmetrics.txt");
        std::fs::write(&file, with_timestamps(text))
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        let line = ["tsdb", "create-blocks-from", "openmetrics"].map(String::from);
        let paths = [&file, &folder.join("openmetrics")].map(|path| path.display().to_string());
        let line = Invocation::new(self.0.display().to_string(), line).args(paths);
        line.run(folder)
            .map_err(|failure| Failure::Failed(format!("{} on {whose}", failure.into_reason())))
    }
}

/// The same samples, each with a time, which a scrape leaves to the scraper.
fn with_timestamps(text: &str) -> String {
    let stamped = |line: &str| match line.strip_suffix('\n') {
        Some(sample) if !sample.starts_with('#') => format!("{sample} 1700000000\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(stamped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_gets_a_time_and_no_other_line_does() {
        let text = "# TYPE a counter\na_total{b=\"c\\r#\"} 1\na_created 2\n# EOF\n";
        let expected =
            "# TYPE a counter\na_total{b=\"c\\r#\"} 1 1700000000\na_created 2 1700000000\n# EOF\n";
        assert_eq!(with_timestamps(text), expected);
    }
}
