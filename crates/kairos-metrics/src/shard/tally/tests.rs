// The claims of `tally.rs`, each as a test.
// Never knows: threads.
// Read next: `../tally.rs`.

use super::*;
use proptest::prelude::*;

use crate::buckets::Precision;

proptest! {
    /// What costs more than a plain add: which buckets that is must stay few, and exact.
    #[test]
    fn every_bucket_with_a_count_is_inside_but_wide_ones_of_the_smallest_and_largest_value(
        values in prop::collection::vec((0_u64..1 << 41, 0_u32..41), 1..60), fold_at in 0_usize..60,
    ) {
        let layout = Precision::two_digits().layout();
        let tally = Tally::leaked(layout, Writers::Owner);
        let shared = Tally::leaked(layout, Writers::Many);
        let mut kept: Vec<u64> = Vec::new();
        for (n, (value, shift)) in values.into_iter().enumerate() {
            if n == fold_at {
                tally.fold(shared);
                kept.clear();
            }
            kept.push(value >> shift);
            tally.make_room(value >> shift);
            prop_assert!(tally.record(value >> shift, 1).is_ok());
            let (min, max) = (*kept.iter().min().unwrap(), *kept.iter().max().unwrap());
            let edges = [min, max].map(|value| layout.index(value));
            for index in 0..layout.len() {
                let Some(cell) = tally.cell(index) else { continue };
                let wide = layout.lowest_of(index) < layout.highest_of(index);
                let inside = cell.load() != 0 && !(wide && edges.contains(&index));
                prop_assert_eq!(cell.after(1).is_some(), inside, "bucket {}", index);
            }
        }
    }
}

#[test]
fn memory_is_there_where_values_fall_and_is_given_back() {
    let layout = Precision::two_digits().layout();
    let tally = Tally::leaked(layout, Writers::Owner);
    let shared = Tally::leaked(layout, Writers::Many);
    let cells = || tally.narrow(&(0..layout.len())).map(|(_, cells)| cells.len());
    let record = |value: u64| {
        if tally.record(value, 1).is_err() {
            tally.make_room(value);
            assert!(tally.record(value, 1).is_ok(), "{value}");
        }
    };
    for round in 0..3 {
        assert_eq!(cells(), [0, 0], "round {round}");
        (0..1_000).for_each(|n| record(1_000_000 + 3_000 * n));
        assert_eq!(cells()[0], 0);
        assert!(cells()[1] <= 5 * 64, "{:?} within two octaves", cells());
        record(7);
        assert_eq!(cells()[0], 128);
        // Downwards and to the highest value; what is above it needs no bucket.
        let before = cells();
        record(crate::HOUR_NS + 1);
        assert_eq!(cells(), before);
        record(500);
        record(crate::HOUR_NS);
        assert!(cells()[1] > 4_000);
        let mut sum = crate::shard::Sum::default();
        sum.add_up(layout, [tally].into_iter());
        assert_eq!(sum.counts.iter().sum::<u64>() + sum.saturated, 1_004);
        tally.fold(shared);
        tally.shrink();
    }
    let mut sum = crate::shard::Sum::default();
    sum.add_up(layout, [tally, shared].into_iter());
    assert_eq!(sum.counts.iter().sum::<u64>() + sum.saturated, 3 * 1_004);
    shared.clear();
    sum.add_up(layout, [tally, shared].into_iter());
    assert!(sum.counts.is_empty() && shared.shared_cells.iter().all(|cell| cell.load() == 0));
}
