// The claims of `clock.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `clock.rs`.

use std::time::UNIX_EPOCH;

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

#[test]
fn a_manual_clock_is_exact_for_hits_and_notices_steps_by_them() {
    for coarse in [true, false] {
        let (clock, hand) = Clock::manual(UNIX_EPOCH);
        for ns in 1..100 {
            hand.advance_ns(1);
            assert_eq!(clock.of_hit(coarse), ns);
        }
        hand.step_wall(UNIX_EPOCH + Duration::from_secs(1));
        clock.of_hit(coarse);
        assert_eq!(clock.steps().current(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_of_tokio_is_exact_for_hits() {
    let clock = Clock::tokio();
    for coarse in [true, false] {
        let before = clock.now().mono;
        tokio::time::advance(Duration::from_micros(1)).await;
        assert_eq!(clock.of_hit(coarse), before + 1000);
    }
}

#[test]
fn a_hit_without_coarse_time_reads_precisely() {
    let clock = Clock::system();
    for _ in 0..1000 {
        let before = clock.mono();
        let hit = clock.of_hit(false);
        assert!(before <= hit && hit <= clock.mono());
    }
}

#[test]
fn clocks_of_one_process_begin_at_zero_each_and_share_what_they_notice() {
    let first = Clock::system();
    let second = Clock::system();
    assert!(second.of_hit(true) <= first.now().mono, "the younger one has the smaller reading");
    assert!(std::ptr::eq(first.steps(), second.steps()));
    let deadline = second.instant(0);
    assert!(first.instant(0) <= deadline && deadline <= Instant::now());
}
