// What a measurement was made on, and when.
// Never knows: what was measured.
// Read next: `page.rs`, which states it.

use std::path::Path;

use crate::invocation::Invocation;

/// The processor, how many cores of it there are, the system and the compiler.
pub(super) fn described(root: &Path) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let fields = |name: &str| {
        let values = cpu.lines().filter_map(move |line| line.strip_prefix(name)?.split_once(": "));
        values.map(|(_, value)| value.trim().to_owned()).next()
    };
    let model = fields("model name").unwrap_or_else(|| "an unknown processor".into());
    let number = |name| fields(name).unwrap_or_else(|| "?".into());
    let (family, kind) = (number("cpu family"), number("model\t"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = first_line(root, "rustc --version");
    let system = std::env::consts::OS;
    format!("{model} (family {family}, model {kind}), {cores} cores, {system}, {rustc}")
}

/// The day, in Greenwich.
pub(super) fn today(root: &Path) -> String {
    first_line(root, "date -u +%Y-%m-%d")
}

fn first_line(root: &Path, line: &str) -> String {
    let text = Invocation::words(line).output(root).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}
