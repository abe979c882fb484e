// Models of counting in shards that threads lease.
// Never knows: thread-locals.

mod counts;
mod histogram;
