// The fields of one JSON object, taken by name and type.
// Never knows: the operation, except its name for messages.
// Read next: `jsonl.rs`, its only user.

use std::borrow::Cow;

use super::json::Json;
use super::names::{Name, Names};
use super::op::Prices;
use crate::error::Reason;

/// The fields of an object that have not been taken yet; `null` counts as not given.
pub(crate) struct Fields<'a> {
    operation: &'static str,
    fields: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Fields<'a> {
    /// The fields of an object, each of which must be `allowed` and given at most once.
    ///
    /// Unknown fields are reported before missing ones, because a misspelt field is both.
    pub(crate) fn new(
        operation: &'static str,
        allowed: &[&str],
        fields: Vec<(Cow<'a, str>, Json<'a>)>,
    ) -> Result<Self, Reason> {
        for (at, (name, _)) in fields.iter().enumerate() {
            if !allowed.contains(&name.as_ref()) {
                return Err(Reason::UnknownField { operation, field: name.to_string() });
            }
            if fields[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Reason::TwiceGiven(name.to_string()));
            }
        }
        Ok(Self { operation, fields })
    }

    /// The value that `take` returns, or an error if the field is missing.
    pub(crate) fn required<T>(
        &mut self,
        field: &'static str,
        take: impl FnOnce(&mut Self, &'static str) -> Result<Option<T>, Reason>,
    ) -> Result<T, Reason> {
        let operation = self.operation;
        take(self, field)?.ok_or(Reason::MissingField { operation, field })
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<Option<Cow<'a, str>>, Reason> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(field, "a string", &other)),
        }
    }

    pub(crate) fn name(
        &mut self,
        field: &'static str,
        names: &mut Names,
    ) -> Result<Option<Name>, Reason> {
        Ok(self.text(field)?.map(|text| names.intern(&text)))
    }

    pub(crate) fn boolean(&mut self, field: &'static str) -> Result<Option<bool>, Reason> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(wrong(field, "true or false", &other)),
        }
    }

    pub(crate) fn integer(&mut self, field: &'static str) -> Result<Option<i64>, Reason> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Int(value)) => Ok(Some(value)),
            Some(other) => Err(wrong(field, "a whole number", &other)),
        }
    }

    pub(crate) fn duration_ms(&mut self, field: &'static str) -> Result<Option<u64>, Reason> {
        let Some(value) = self.integer(field)? else { return Ok(None) };
        let positive = u64::try_from(value);
        positive
            .map(Some)
            .map_err(|_| wrong(field, "a whole number, at least 0", &Json::Int(value)))
    }

    pub(crate) fn number(&mut self, field: &'static str) -> Result<Option<f64>, Reason> {
        self.take(field).map(|value| number(field, &value)).transpose()
    }

    pub(crate) fn word<T: Copy>(
        &mut self,
        field: &'static str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, Reason> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let known = words.iter().find(|(word, _)| *word == text);
        let value = known.map(|(_, value)| Some(*value));
        value.ok_or_else(|| {
            let expected: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Reason::UnknownWord { field, expected: expected.join(", "), found: text.into_owned() }
        })
    }

    pub(crate) fn names(
        &mut self,
        field: &'static str,
        names: &mut Names,
    ) -> Result<Box<[Name]>, Reason> {
        let expected = "a list of strings";
        let items = match self.take(field) {
            None => return Ok(Box::default()),
            Some(Json::List(items)) => items,
            Some(other) => return Err(wrong(field, expected, &other)),
        };
        let intern = |item| match item {
            Json::Text(text) => Ok(names.intern(&text)),
            other => Err(Reason::WrongType { field, expected, found: format!("one with {other}") }),
        };
        items.into_iter().map(intern).collect()
    }

    pub(crate) fn prices(
        &mut self,
        field: &'static str,
        names: &mut Names,
    ) -> Result<Option<Prices>, Reason> {
        let entries = match self.take(field) {
            None => return Ok(None),
            Some(Json::Object(entries)) => entries,
            Some(other) => return Err(wrong(field, "an object of prices by market", &other)),
        };
        let mut prices: Vec<(Name, f64)> = Vec::with_capacity(entries.len());
        for (market, price) in entries {
            if prices.iter().any(|(earlier, _)| **earlier == *market) {
                return Err(Reason::TwiceGiven(market.into_owned()));
            }
            prices.push((names.intern(&market), number(field, &price)?));
        }
        Ok(Some(prices.into_boxed_slice()))
    }

    pub(crate) fn object(
        &mut self,
        field: &'static str,
        allowed: &[&str],
    ) -> Result<Option<Fields<'a>>, Reason> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::Object(fields)) => Fields::new(field, allowed, fields).map(Some),
            Some(other) => Err(wrong(field, "an object", &other)),
        }
    }

    fn take(&mut self, field: &str) -> Option<Json<'a>> {
        let at = self.fields.iter().position(|(name, _)| name == field)?;
        match self.fields.swap_remove(at).1 {
            Json::Null => None,
            value => Some(value),
        }
    }
}

fn number(field: &'static str, value: &Json<'_>) -> Result<f64, Reason> {
    match value {
        Json::Int(value) => Ok(*value as f64),
        Json::Float(value) => Ok(*value),
        other => Err(wrong(field, "a number", other)),
    }
}

fn wrong(field: &'static str, expected: &'static str, found: &Json<'_>) -> Reason {
    Reason::WrongType { field, expected, found: found.to_string() }
}
