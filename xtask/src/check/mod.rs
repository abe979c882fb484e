//! The checks that are run by cargo: each command of this room assembles command lines and runs them.
//! Never knows: what a check looks for.
//! Read next: `ci.rs`, the table of all of them.

mod ci;
mod clocks;
mod flood;
mod loom;
mod property;
mod tsan;

pub(crate) use ci::run as ci;
pub(crate) use clocks::run as clocks;
pub(crate) use flood::run as flood;
pub(crate) use loom::run as loom;
pub(crate) use property::run as property;
pub(crate) use tsan::run as tsan;
