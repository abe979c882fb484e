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
    watched_by_valgrind(contestant, n.parse().expect("a number"));
}

/// What is counted: valgrind finds it by its name. Setting up, which differs by millions of
/// instructions from run to run (calibration, hash seeds), lies outside.
#[inline(never)]
fn watched_by_valgrind(contestant: &Contestant, n: u64) {
    contestant.go(n);
}

/// Instructions an operation.
pub(crate) fn count(group: &str, contestant: &Contestant) -> Option<f64> {
    let n = 1_000_000;
    let instructions = total(group, contestant.name, n)?;
    (instructions > 0).then(|| instructions as f64 / n as f64)
}

fn total(group: &str, name: &str, n: u64) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*watched_by_valgrind*")
        .arg(std::env::current_exe().ok()?)
        .args([FLAG, group, name, &n.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.replace(',', "").parse().ok()
}
