// Models of one match: its status, and words that are published together.
// Never knows: keys of other matches.

mod published;
mod suspension;
