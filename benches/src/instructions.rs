// Counts instructions an operation by running this program under valgrind, where there is one.
// Never knows: time; a count does not depend on how busy the machine is.
// Read next: `report.rs`, which asks for counts and obeys the command line that asks for them.

use std::process::Command;

use crate::race::Contestant;

/// Makes this program do one operation a number of times and nothing else.
const FLAG: &str = "--instructions";

/// An operation to be done for an instruction counter to watch.
pub(crate) struct Watched {
    group: String,
    contestant: String,
    n: u64,
}

impl Watched {
    /// The operation that a command line of [`FLAG`], group, contestant and number asks for.
    pub(crate) fn asked_for(args: &[String]) -> Option<Watched> {
        let [flag, group, contestant, n] = args else { return None };
        let n = (flag == FLAG).then(|| n.parse().expect("a number"))?;
        Some(Watched { group: group.clone(), contestant: contestant.clone(), n })
    }

    /// Whether the operation is one of this group.
    pub(crate) fn is_of(&self, group: &str) -> bool {
        self.group == group
    }

    /// Does the operation.
    pub(crate) fn operate(&self, contestants: &[Contestant]) {
        let named = |known: &&Contestant| known.name == self.contestant;
        let contestant = contestants.iter().find(named).expect("a contestant");
        // What is set up once stays outside of the count.
        contestant.go(64);
        watched_by_valgrind(contestant, self.n);
    }
}

/// The function that is counted: valgrind finds it by its name. Setting up, which differs by
/// millions of instructions from run to run (calibration, hash seeds), lies outside.
#[inline(never)]
fn watched_by_valgrind(contestant: &Contestant, n: u64) {
    contestant.go(n);
}

/// Instructions an operation.
pub(crate) fn count(group: &str, contestant: &Contestant) -> Option<f64> {
    let n = (4_000_000 / contestant.share).clamp(1_024, 1_000_000);
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
