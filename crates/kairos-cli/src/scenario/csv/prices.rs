// A price in a feed as decimal odds: decimal, American or fractional ones; and prices that look like another kind.
// Never takes one kind for another in silence. Never drops a price: the feed does.
// Read next: `../csv.rs`, which hands over the cells.

use clap::ValueEnum;

use crate::error::Reason;

/// How prices are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OddsFormat {
    /// What comes back for one that is staked: 3.5
    Decimal,
    /// What is won with 100, or the negative stake that wins 100: +250
    American,
    /// What is won for what is staked: 5/2
    Fractional,
}

/// The prices of a feed so far, as far as they say how they are written.
#[derive(Debug, Default)]
pub(super) struct Prices {
    format: Option<OddsFormat>,
    /// The first decimal mark, and its line.
    mark: Option<(u8, u64)>,
    /// Whether all prices above 1.0 were whole and at least 100; none before the first.
    like_american: Option<bool>,
}

impl Prices {
    /// No prices yet; those to come are written as `format` says, else decimal.
    pub(super) fn new(format: Option<OddsFormat>) -> Self {
        Self { format, ..Self::default() }
    }

    /// The price in `text` as decimal odds.
    ///
    /// # Errors
    /// A text that is no number, a number that is not finite, and odds of another kind than the feed's.
    pub(super) fn parse(&mut self, text: &str, line: u64) -> Result<f64, Reason> {
        if self.format == Some(OddsFormat::Fractional) {
            let won = fraction(text).ok_or_else(|| shown("a fraction such as 5/2", text))?;
            return Ok(1.0 + won);
        }
        if self.format == Some(OddsFormat::American) && is_even(text) {
            return Ok(2.0);
        }
        let number = match self.number(text, line)? {
            Some(number) => number,
            None if fraction(text).is_some() => {
                let kind = OddsFormat::Fractional;
                return Err(Reason::OtherOdds { price: text.to_owned(), kind: kind.name() });
            }
            None => return Err(shown("a number", text)),
        };
        if !number.is_finite() {
            return Err(Reason::wrong_type("price", "a finite number", text));
        }
        match self.format {
            Some(OddsFormat::American) if number.abs() < 100.0 => {
                Err(shown("at least 100, or at most -100, as American odds are", text))
            }
            Some(OddsFormat::American) if number < 0.0 => Ok(1.0 - 100.0 / number),
            Some(OddsFormat::American) => Ok(1.0 + number / 100.0),
            None if number <= -100.0 || (text.starts_with('+') && number >= 100.0) => {
                let kind = OddsFormat::American;
                Err(Reason::OtherOdds { price: text.to_owned(), kind: kind.name() })
            }
            _ => {
                if number > 1.0 {
                    let is_like = number >= 100.0 && number.fract() == 0.0;
                    self.like_american = Some(is_like && self.like_american != Some(false));
                }
                Ok(number)
            }
        }
    }

    /// Whether every price was whole and at least 100, as American odds of outsiders are, and nobody has said that they
    /// are decimal.
    pub(super) fn are_like_american(&self) -> bool {
        self.format.is_none() && self.like_american == Some(true)
    }

    /// The number in `text`, whose decimal mark is that of the numbers before it; none if it is none.
    fn number(&mut self, text: &str, line: u64) -> Result<Option<f64>, Reason> {
        let mut marks = text.bytes().filter(|byte| matches!(byte, b'.' | b','));
        let (mark, second) = (marks.next(), marks.next());
        let parsed = match mark {
            Some(b',') => text.replacen(',', ".", 1).parse(),
            _ => text.parse(),
        };
        let (Ok(number), None) = (parsed, second) else { return Ok(None) };
        if let Some(mark) = mark {
            let (first, of) = *self.mark.get_or_insert((mark, line));
            if first != mark {
                return Err(Reason::OtherMark { price: text.to_owned(), line: of });
            }
        }
        Ok(Some(number))
    }
}

impl OddsFormat {
    /// The format's word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decimal => "decimal",
            Self::American => "american",
            Self::Fractional => "fractional",
        }
    }
}

/// What is won for one that is staked.
fn fraction(text: &str) -> Option<f64> {
    if is_even(text) {
        return Some(1.0);
    }
    let (won, staked) = text.split_once('/')?;
    let part = |text: &str| text.trim().parse::<f64>().ok().filter(|part| part.is_finite());
    let (won, staked) = (part(won)?, part(staked)?);
    (won >= 0.0 && staked > 0.0).then(|| won / staked)
}

fn is_even(text: &str) -> bool {
    ["even", "evens", "evs", "ev"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn shown(expected: &'static str, text: &str) -> Reason {
    Reason::wrong_type("price", expected, &format!("{text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Option<OddsFormat>, text: &str, expected: Result<f64, &str>) {
        match (Prices::new(format).parse(text, 2), expected) {
            (Ok(found), Ok(expected)) => {
                assert!((found - expected).abs() < 1e-12, "{text}: {found}");
            }
            (Err(found), Err(expected)) => assert_eq!(found.to_string(), expected),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn odds_are_converted_where_their_kind_is_said() {
        let american = Some(OddsFormat::American);
        check(american, "+150", Ok(2.5));
        check(american, "150", Ok(2.5));
        check(american, "-110", Ok(1.0 + 100.0 / 110.0));
        check(american, "-100", Ok(2.0));
        check(american, "100", Ok(2.0));
        check(american, "EVEN", Ok(2.0));
        let few = "price must be at least 100, or at most -100, as American odds are, not \"1.85\"";
        check(american, "1.85", Err(few));
        check(american, "5/2", Err("price \"5/2\" is fractional: --odds fractional reads it"));
        let fractional = Some(OddsFormat::Fractional);
        check(fractional, "5/2", Ok(3.5));
        check(fractional, " 1 / 4", Ok(1.25));
        check(fractional, "evs", Ok(2.0));
        check(fractional, "0/1", Ok(1.0));
        for text in ["5", "5/0", "5/x", "-1/2", "1/2/3", "inf/1"] {
            let expected = format!("price must be a fraction such as 5/2, not {text:?}");
            check(fractional, text, Err(&expected));
        }
        let decimal = Some(OddsFormat::Decimal);
        check(decimal, "-110", Ok(-110.0));
        check(decimal, "+150", Ok(150.0));
        check(decimal, "1.85", Ok(1.85));
    }

    #[test]
    fn odds_of_another_kind_and_numbers_that_are_none_are_named() {
        check(None, "1.85", Ok(1.85));
        check(None, "1,85", Ok(1.85));
        check(None, "-3", Ok(-3.0));
        check(None, "-110", Err("price \"-110\" is american: --odds american reads it"));
        check(None, "+150", Err("price \"+150\" is american: --odds american reads it"));
        check(None, "5/2", Err("price \"5/2\" is fractional: --odds fractional reads it"));
        check(None, "evens", Err("price \"evens\" is fractional: --odds fractional reads it"));
        for format in [None, Some(OddsFormat::Decimal), Some(OddsFormat::American)] {
            check(format, "NaN", Err("price must be a finite number, not NaN"));
            check(format, "-inf", Err("price must be a finite number, not -inf"));
            check(format, "1.234,5", Err("price must be a number, not \"1.234,5\""));
            check(format, "two", Err("price must be a number, not \"two\""));
        }
    }

    #[test]
    fn one_feed_has_one_decimal_mark() {
        let mut prices = Prices::new(None);
        assert_eq!(prices.parse("3", 2), Ok(3.0));
        assert_eq!(prices.parse("1,5", 3), Ok(1.5));
        let error = prices.parse("1.500", 4).unwrap_err().to_string();
        let expected = "price \"1.500\" has another decimal mark than that of line 3";
        assert_eq!(error, expected);
        assert_eq!(prices.parse("2,25", 5), Ok(2.25));
    }

    #[test]
    fn whole_prices_from_100_throughout_look_american() {
        let check = |format, texts: &[&str], expected: bool| {
            let mut prices = Prices::new(format);
            for text in texts {
                let _ = prices.parse(text, 2);
            }
            assert_eq!(prices.are_like_american(), expected, "{texts:?}");
        };
        check(None, &["150", "220"], true);
        check(None, &["0", "150", "-110", "NaN"], true);
        check(None, &["150", "99", "220"], false);
        check(None, &["150.5"], false);
        check(None, &[], false);
        check(None, &["0", "1.0"], false);
        check(Some(OddsFormat::Decimal), &["150", "220"], false);
        check(Some(OddsFormat::American), &["150", "220"], false);
    }
}
