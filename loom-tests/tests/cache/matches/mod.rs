// Models of one match: its status, its prices and their feeds, and words that are published together.
// Never knows: keys of other matches.

mod feeds;
mod moves;
mod published;
mod suspension;
