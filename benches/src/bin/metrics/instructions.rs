//! Counts instructions an operation by running this program under valgrind, where there is one.
//! Never knows: time; a count does not depend on how busy the machine is.
//! Read next: `main.rs`.

use std::process::Command;

use crate::Group;

/// Makes this program do one operation a number of times and nothing else.
pub(crate) const FLAG: &str = "--instructions";

/// Does the operation, for an instruction counter to watch.
pub(crate) fn operate(groups: &[Group], group: &str, name: &str, n: &str) {
    let (_, contestants) = groups.iter().find(|(known, _)| *known == group).expect("a group");
    let contestants = contestants();
    let contestant = contestants.iter().find(|known| known.name == name).expect("a contestant");
    contestant.go(n.parse().expect("a number"));
}

/// Instructions an operation: the difference between many operations and twice as many.
pub(crate) fn count(group: &str, name: &str) -> Option<f64> {
    // Setting up (calibration, hash seeds) differs from run to run by fewer than that.
    const N: u32 = 1_000_000;
    let once = total(group, name, N)?;
    let twice = total(group, name, 2 * N)?;
    Some(twice.checked_sub(once)? as f64 / f64::from(N))
}

fn total(group: &str, name: &str, n: u32) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args([FLAG, group, name, &n.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    let line = text.lines().find(|line| line.contains("I   refs:"))?;
    line.rsplit(' ').next()?.replace(',', "").parse().ok()
}
