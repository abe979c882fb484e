// The words of a feed that are not data: statuses, and the separator that a spreadsheet says.
// Never knows: what a status does.
// Read next: `../csv.rs`, which reads them.

use kairos_cache::TradingStatus;

/// What the column `event` of a row without a price may hold, for messages.
pub(super) const STATUS_WORDS: &str = "OPEN, PRE, INPLAY, SUSPENDED, SUSPENDED_INPLAY, CLOSED or an event of the event graph in \
                            a row without a price";

/// The status of a word, in any case.
pub(super) fn status_of(word: &str) -> Option<TradingStatus> {
    let statuses = [
        (TradingStatus::Open, &["OPEN", "PRE", "INPLAY"][..]),
        (TradingStatus::Suspended, &["SUSPENDED", "SUSPENDED_INPLAY"]),
        (TradingStatus::Closed, &["CLOSED"]),
    ];
    let is_one = |words: &[&str]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    statuses.into_iter().find(|(_, words)| is_one(words)).map(|(status, _)| status)
}

/// The separator that a first line such as `sep=;` says, which spreadsheets write before the header.
pub(super) fn separator_line(line: &[u8]) -> Option<u8> {
    match line.trim_ascii_start() {
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            separator @ (b',' | b';' | b'\t'),
            rest @ ..,
        ] if rest.trim_ascii().is_empty() => Some(*separator),
        _ => None,
    }
}
