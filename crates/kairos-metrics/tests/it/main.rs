//! Claims about this crate's public surface that share a process; those about a process have their own.
// Never knows: how anything is counted.
// Read next: `threads.rs`, `families.rs`, `exposition.rs`.
#![cfg(not(kairos_loom))]

mod bounds;
mod described;
mod exposition;
#[cfg(feature = "facade")]
mod facade;
mod families;
mod gauges;
#[cfg(feature = "hdr-log")]
mod hdr_log;
#[cfg(feature = "hdr-log")]
mod interval_log;
#[cfg(feature = "facade")]
mod late;
mod merging;
#[cfg(feature = "facade")]
mod naming;
mod pages;
#[cfg(feature = "facade")]
mod recorder;
mod snapshots;
mod tasks;
mod threads;
