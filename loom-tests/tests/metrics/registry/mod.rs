// Models through the public handles, and of families.
// Never knows: shards.

mod handles;
mod series;
