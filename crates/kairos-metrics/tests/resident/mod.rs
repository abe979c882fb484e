// How much memory the process occupies, for tests that have a process of their own.
// Never knows: what the memory is used for.
// Read next: `../ids.rs`, `../short_threads.rs`.

/// KiB of this process that are in memory, as Linux tells.
pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
