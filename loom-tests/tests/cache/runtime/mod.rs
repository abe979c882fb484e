// Models of time.
// Never knows: what is worked out from a reading.

mod clock;
mod coarse;
