// The checks but for the house rules: each command of this room assembles command lines and runs
// them, or reads what cargo says of the packages.
// Never knows: what a model, a test or a program finds.
// Read next: `ci.rs`, the table of all of them.

mod asan;
mod ci;
mod clocks;
mod compilers;
mod examples;
mod features;
mod flood;
mod licence;
mod loom;
mod packages;
mod property;
mod prose;
mod tsan;

pub(crate) use asan::run as asan;
pub(crate) use ci::run as ci;
pub(crate) use clocks::run as clocks;
pub(crate) use examples::run as examples;
pub(crate) use features::run as features;
pub(crate) use flood::run as flood;
pub(crate) use loom::run as loom;
pub(crate) use packages::run as packages;
pub(crate) use property::run as property;
pub(crate) use prose::{links, spelling};
pub(crate) use tsan::run as tsan;
