// What is told to subscribers.
// Never knows: what a notice says.

mod ring;
