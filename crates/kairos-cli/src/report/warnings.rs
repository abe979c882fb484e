// The first lines of a report where not all of a scenario has become what its writer meant.
// Never judges a cache.
// Read next: `operations.rs`, which has the counts as facts.

use kairos_cache::TradingStatus;

use super::run::Run;
use super::text::grouped;
use crate::scenario::Counts;

/// One sentence for each thing that was passed over, and for each engine that refused some.
pub(crate) fn warnings_of(counts: &Counts, runs: &[Run]) -> Vec<String> {
    let of_all = [lines(counts), statuses(counts), words(counts)];
    of_all.into_iter().flatten().chain(runs.iter().filter_map(over_bound)).collect()
}

fn over_bound(run: &Run) -> Option<String> {
    let refused = run.engine.as_ref()?.over_bound;
    (refused > 0).then(|| {
        format!(
            "Warning: {} refused {} of the prices, statuses and events, as it has no room for their matches: \
             bounds.matches says for how many it has.",
            run.name,
            grouped(refused as i64)
        )
    })
}

fn lines(counts: &Counts) -> Option<String> {
    let (most, first) = counts.skipped.most_frequent()?;
    let all = counts.skipped.lines();
    let lines = if all == 1 { "line" } else { "lines" };
    let (all, of) = (grouped(all as i64), all == most);
    let why = if of {
        "for this reason".into()
    } else {
        format!("{} of them for this reason", grouped(most as i64))
    };
    Some(format!("Warning: {all} {lines} skipped, {why}: {first}"))
}

fn statuses(counts: &Counts) -> Option<String> {
    let by_status = counts.feed?.not_applied;
    let all: u64 = by_status.iter().sum();
    (all > 0).then(|| {
        let told = TradingStatus::ALL.into_iter().zip(by_status).filter(|(_, n)| *n > 0);
        let told = told.map(|(status, n)| format!("{} {}", status.name(), grouped(n as i64)));
        let told = told.collect::<Vec<_>>().join(", ");
        let rows = if all == 1 { "row has" } else { "rows have" };
        format!(
            "Warning: {} {rows} a price and a status that its match does not have ({told}), which is not applied; \
             --status-beside-price applies it.",
            grouped(all as i64)
        )
    })
}

fn words(counts: &Counts) -> Option<String> {
    let all = counts.feed?.unknown_words;
    let word = counts.unknown_word.as_ref().filter(|_| all > 0)?;
    let rows = if all == 1 { "row has" } else { "rows have" };
    Some(format!(
        "Warning: {} {rows} a price and a word that is neither a status nor news, {word:?} for one, which is passed over; \
         --status suspended={word} or the like says which status it is.",
        grouped(all as i64)
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::error::{Error, Reason};

    #[test]
    fn what_was_passed_over_is_told_with_number_and_reason() {
        let mut counts = Counts::default();
        assert_eq!(warnings_of(&counts, &[]), [""; 0]);
        let file: Arc<Path> = Arc::from(Path::new("f.csv"));
        let quote = Error::line(&file, 3, Reason::OpenQuote);
        assert!(counts.skipped.add(&quote));
        assert_eq!(
            warnings_of(&counts, &[]),
            [format!("Warning: 1 line skipped, for this reason: {quote}")]
        );
        (0..1200).for_each(|_| assert!(counts.skipped.add(&quote)));
        assert!(counts.skipped.add(&Error::line(&file, 2, Reason::NotOneTarget)));
        let expected =
            format!("Warning: 1,202 lines skipped, 1,201 of them for this reason: {quote}");
        assert_eq!(warnings_of(&counts, &[]), [expected]);
        let mut counts = Counts::default();
        assert_eq!(counts.feed.get_or_insert_default().not_applied, [0; 3]);
        assert_eq!(warnings_of(&counts, &[]), [""; 0]);
        counts.feed.get_or_insert_default().not_applied = [0, 51, 1];
        let expected = "Warning: 52 rows have a price and a status that its match does not have (suspended 51, closed 1), \
                        which is not applied; --status-beside-price applies it.";
        assert_eq!(warnings_of(&counts, &[]), [expected]);
        let mut counts = Counts { unknown_word: Some("HALT".into()), ..Counts::default() };
        assert_eq!(warnings_of(&counts, &[]), [""; 0]);
        counts.feed.get_or_insert_default().unknown_words = 1000;
        let expected = "Warning: 1,000 rows have a price and a word that is neither a status nor news, \"HALT\" for one, which \
                        is passed over; --status suspended=HALT or the like says which status it is.";
        assert_eq!(warnings_of(&counts, &[]), [expected]);
    }
    #[test]
    fn what_an_engine_has_no_room_for_is_told_by_engine() {
        let mut runs = [Run { name: "a.toml".into(), ..Run::default() }, Run::default()];
        assert_eq!(warnings_of(&Counts::default(), &runs), [""; 0]);
        runs[0].engine.get_or_insert_default();
        assert_eq!(warnings_of(&Counts::default(), &runs), [""; 0]);
        runs[0].engine.get_or_insert_default().over_bound = 1000;
        let expected = "Warning: a.toml refused 1,000 of the prices, statuses and events, as it has no room for their matches: \
                        bounds.matches says for how many it has.";
        assert_eq!(warnings_of(&Counts::default(), &runs), [expected]);
    }
}
