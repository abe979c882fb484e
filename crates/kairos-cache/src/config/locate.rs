// Finds the line of a field in TOML text, and the field at a place in it.
// Never knows: what a field means.
// Read next: `text.rs`, which puts both into errors.

use std::fmt::Write;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The line of a byte of `text`, counted from 1.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

/// The line of the field at this path; `None` if the text does not contain it. A field of a row in
/// a list has the line of the list.
pub(super) fn line_of(text: &str, path: &[&str]) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    let mut line = None;
    for name in path {
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
        line = Some(line_at(text, key.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    line
}

/// The path of the field at `place`, as in `golden_hour.zones[1].ttl`; `None` if `place` spans more
/// than one field.
///
/// # Errors
/// The text is not TOML.
pub(super) fn field_at(text: &str, place: &Range<usize>) -> Result<Option<String>, NoToml> {
    let root = DeTable::parse(text).map_err(|_| NoToml)?;
    let mut field = String::new();
    Ok(in_table(root.get_ref(), place, &mut field).then_some(field))
}

/// The text is not TOML, and so has no fields.
pub(super) struct NoToml;

fn in_table(table: &DeTable<'_>, place: &Range<usize>, field: &mut String) -> bool {
    for (key, value) in table {
        let before = field.len();
        if before > 0 {
            field.push('.');
        }
        field.push_str(key.get_ref());
        if covers(&key.span(), place)
            || in_value(value.get_ref(), place, field)
            || covers(&value.span(), place)
        {
            return true;
        }
        field.truncate(before);
    }
    false
}

fn in_value(value: &DeValue<'_>, place: &Range<usize>, field: &mut String) -> bool {
    match value {
        DeValue::Table(table) => in_table(table, place, field),
        DeValue::Array(rows) => rows.iter().enumerate().any(|(at, row)| {
            let before = field.len();
            // Writing to a string cannot fail.
            let _ = write!(field, "[{at}]");
            let found = in_value(row.get_ref(), place, field) || covers(&row.span(), place);
            if !found {
                field.truncate(before);
            }
            found
        }),
        _ => false,
    }
}

fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.contains(&inner.start) && inner.end <= outer.end
}
