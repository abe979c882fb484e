//! The command: what can be asked, one file a subcommand, and the progress that is shown meanwhile.
//! Never knows: how a cache answers or a report looks.
//! Read next: `args.rs` for what can be asked.

pub mod args;
pub mod config;
pub mod matchday;
pub mod progress;
pub mod replay;
