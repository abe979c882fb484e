// The claims of `clock.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `clock.rs`.

use super::*;

#[test]
fn a_wall_step_beyond_a_tenth_of_a_second_is_noticed_once() {
    let (clock, hand) = Clock::manual(UNIX_EPOCH + Duration::from_secs(1000));
    assert_eq!(clock.steps().current(), 0);
    hand.step_wall(UNIX_EPOCH + Duration::from_millis(1_000_100));
    clock.now();
    assert_eq!(clock.steps().current(), 0);
    hand.step_wall(UNIX_EPOCH + Duration::from_secs(10));
    clock.now();
    clock.now();
    assert_eq!(clock.steps().current(), 1);
    hand.advance(Duration::from_secs(3600));
    clock.now();
    assert_eq!(clock.steps().current(), 1);
}

#[test]
fn times_beyond_the_range_saturate() {
    let year_2500 = UNIX_EPOCH + Duration::from_secs(16_725_225_600);
    assert_eq!(wall_ns(year_2500), i64::MAX);
    assert_eq!(wall_ns(UNIX_EPOCH - Duration::from_secs(1)), -1_000_000_000);
    assert_eq!(wall_ns(UNIX_EPOCH - Duration::from_secs(16_725_225_600)), i64::MIN);
    assert_eq!(nanos(Duration::MAX), u64::MAX);
}
