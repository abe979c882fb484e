// Models of what the engine does beside reads and computes.
// Never knows: reads.

mod breaker;
