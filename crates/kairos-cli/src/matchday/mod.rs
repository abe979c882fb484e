// A Saturday of football, made from a seed: prices, news, goals, suspensions and the reads beside them.
// Never reads a clock or a file. Never knows: what an engine makes of the day.
// Read next: `day.rs`, then `fixture.rs`, `timeline.rs` and `crowd.rs`.
//
// Nothing here is recorded: no team, person or price is real. What is modelled on real days is the rhythm. Most
// ticks change nothing; line-ups are confirmed an hour before kickoff; news moves prices in steps; goals suspend a
// match and reopen it at other prices; readers crowd around the next kickoff.

mod crowd;
mod day;
mod fixture;
mod hours;
mod news;
mod prices;
mod shape;
mod timeline;

pub(crate) use self::day::Day;
pub(crate) use self::shape::Shape;
