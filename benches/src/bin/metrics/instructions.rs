//! Counts instructions an operation by running this program under valgrind, where there is one.
//! Never knows: time; a count does not depend on how busy the machine is.
//! Read next: `main.rs`.

use std::process::Command;

use crate::Group;
use crate::race::Contestant;

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
pub(crate) fn count(group: &str, contestant: &Contestant) -> Option<f64> {
    // Setting up (calibration, hash seeds) differs from run to run by up to a million instructions:
    // the shorter the operation, the more of them.
    let n = (16_000_000 / contestant.share()).max(1_000_000);
    let once = total(group, contestant.name, n)?;
    let twice = total(group, contestant.name, 2 * n)?;
    Some(twice.checked_sub(once)? as f64 / n as f64)
}

fn total(group: &str, name: &str, n: u64) -> Option<u64> {
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
