// JSON Lines read as operations, one line at a time, with file, line and reason for each bad line.
// Never knows: what an operation does. Never holds more than one line.
// Read next: `fields.rs` for the checks, `emit.rs` for the other direction.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use kairos_cache::{Category, TradingStatus};

use super::fields::Fields;
use super::json::Json;
use super::names::Names;
use super::op::{Compute, ComputeResult, Get, LAST_MS, Mode, Op, OpKind, ReadId, Target};
use super::source::{Ends, Lines};
use crate::error::{Error, Reason};

/// The operations of a JSON Lines text, in the order of its lines.
///
/// A bad line is an error item, after which the next line follows; an error of the reader ends the iteration. Blank
/// lines are skipped.
#[derive(Debug)]
pub(crate) struct Jsonl<R> {
    lines: Lines<R>,
    file: Arc<Path>,
    names: Names,
    newest_ms: i64,
    ended: bool,
}

impl<R: BufRead> Jsonl<R> {
    /// The operations in `input`; `file` is its name in messages.
    pub(crate) fn new(file: &Path, input: R) -> Self {
        Self {
            lines: Lines::new(input, Ends::Feeds),
            file: Arc::from(file),
            names: Names::new(),
            newest_ms: 0,
            ended: false,
        }
    }

    fn parse_line(&mut self) -> Result<Op, Reason> {
        let line = self.lines.number();
        let op = parse(self.lines.line().trim_ascii(), line, &mut self.names)?;
        let t_ms = op.t_ms;
        if t_ms < self.newest_ms {
            return Err(Reason::BackInTime { t: t_ms, previous: self.newest_ms, sort: None });
        }
        self.newest_ms = t_ms;
        Ok(op)
    }
}

impl<R: BufRead> Iterator for Jsonl<R> {
    type Item = Result<Op, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.lines.advance() {
            Ok(true) => {
                let line = self.lines.number();
                Some(self.parse_line().map_err(|reason| Error::line(&self.file, line, reason)))
            }
            Ok(false) => {
                self.ended = true;
                None
            }
            Err(source) => {
                self.ended = true;
                Some(Err(Error::Read { file: self.file.to_path_buf(), source }))
            }
        }
    }
}

/// The operation of a line.
fn parse(text: &[u8], line: u64, names: &mut Names) -> Result<Op, Reason> {
    let text = str::from_utf8(text).map_err(|_| Reason::NotUtf8("the line"))?;
    let json = serde_json::from_str(text).map_err(|error| Reason::NotJson(error.to_string()))?;
    let fields = match json {
        Json::Object(fields) => fields,
        other => return Err(Reason::NotAnObject(other.to_string())),
    };
    let name = match fields.iter().find(|(field, _)| field == "op") {
        Some((_, Json::Text(name))) => name.clone(),
        Some((_, other)) => {
            let found = other.to_string();
            return Err(Reason::WrongType { field: "op", expected: "a string", found });
        }
        None => return Err(Reason::MissingField { operation: "an operation", field: "op" }),
    };
    let form = FORMS.iter().find(|form| form.operation == name);
    let form = form.ok_or_else(|| Reason::UnknownOperation(name.into_owned()))?;
    let mut fields = Fields::new(form.operation, form.fields, fields)?;
    let t_ms = fields.required("t", Fields::integer)?;
    if !(0..=LAST_MS).contains(&t_ms) {
        let found = t_ms.to_string();
        return Err(Reason::WrongType {
            field: "t",
            expected: "a whole number from 0 to 9000000000000",
            found,
        });
    }
    let kind = (form.parse)(&mut fields, names)?;
    let feed = if form.fields.contains(&"feed") { fields.name("feed", names)? } else { None };
    Ok(Op { feed, ..Op::new(t_ms, line, kind) })
}

/// The fields that an operation may have, and the function that reads them.
struct Form {
    operation: &'static str,
    fields: &'static [&'static str],
    parse: fn(&mut Fields<'_>, &mut Names) -> Result<OpKind, Reason>,
}

const FORMS: &[Form] = &[
    Form { operation: "get", fields: GET_FIELDS, parse: get },
    Form {
        operation: "odds",
        fields: &["t", "op", "match", "market", "price", "feed"],
        parse: odds,
    },
    Form { operation: "event", fields: &["t", "op", "match", "event"], parse: event },
    Form {
        operation: "invalidate",
        fields: &["t", "op", "key", "tag", "match", "all", "soft"],
        parse: invalidate,
    },
    Form { operation: "cancel", fields: &["t", "op", "id"], parse: cancel },
    Form {
        operation: "status",
        fields: &["t", "op", "match", "market", "status", "feed"],
        parse: status,
    },
    Form {
        operation: "heartbeat",
        fields: &["t", "op", "feed"],
        parse: |_, _| Ok(OpKind::Heartbeat),
    },
    Form { operation: "metrics", fields: &["t", "op"], parse: |_, _| Ok(OpKind::Metrics) },
    Form { operation: "reset", fields: &["t", "op", "category"], parse: reset },
];

const GET_FIELDS: &[&str] = &[
    "t",
    "op",
    "id",
    "key",
    "match",
    "market",
    "kickoff",
    "lineup_confirmed",
    "current_odds",
    "tags",
    "force_refresh",
    "max_age_ms",
    "compute",
];

fn get(fields: &mut Fields<'_>, names: &mut Names) -> Result<OpKind, Reason> {
    let get = Get {
        id: fields.text("id")?.map(|id| ReadId::parse(&id)),
        key: fields.required("key", |fields, field| fields.name(field, names))?,
        match_id: fields.name("match", names)?,
        market: fields.name("market", names)?,
        kickoff_ms: fields.integer("kickoff")?,
        lineup_confirmed: fields.boolean("lineup_confirmed")?,
        current_odds: fields.prices("current_odds", names)?,
        tags: fields.names("tags", names)?,
        force_refresh: fields.boolean("force_refresh")?.unwrap_or(false),
        max_age_ms: fields.duration_ms("max_age_ms")?,
        compute: fields.object("compute", &["ms", "result", "value"])?.map(compute).transpose()?,
    };
    if get.match_id.is_none() {
        let given = [
            ("market", get.market.is_some()),
            ("kickoff", get.kickoff_ms.is_some()),
            ("lineup_confirmed", get.lineup_confirmed.is_some()),
            ("current_odds", get.current_odds.is_some()),
        ];
        if let Some((field, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(Reason::NeedsMatch(field));
        }
    }
    Ok(OpKind::Get(Box::new(get)))
}

fn compute(mut fields: Fields<'_>) -> Result<Compute, Reason> {
    Ok(Compute {
        ms: fields.duration_ms("ms")?.unwrap_or_default(),
        result: fields.word("result", ComputeResult::WORDS)?.unwrap_or_default(),
        value: fields.text("value")?.map(|value| value.as_ref().into()),
    })
}

fn odds(fields: &mut Fields<'_>, names: &mut Names) -> Result<OpKind, Reason> {
    Ok(OpKind::Odds {
        match_id: fields.required("match", |fields, field| fields.name(field, names))?,
        market: fields.required("market", |fields, field| fields.name(field, names))?,
        price: fields.required("price", Fields::number)?,
    })
}

fn event(fields: &mut Fields<'_>, names: &mut Names) -> Result<OpKind, Reason> {
    Ok(OpKind::Event {
        match_id: fields.required("match", |fields, field| fields.name(field, names))?,
        event: fields.required("event", |fields, field| fields.name(field, names))?,
    })
}

fn invalidate(fields: &mut Fields<'_>, names: &mut Names) -> Result<OpKind, Reason> {
    let targets = [
        fields.name("key", names)?.map(Target::Key),
        fields.name("tag", names)?.map(Target::Tag),
        fields.name("match", names)?.map(Target::Match),
        fields.boolean("all")?.and_then(|all| all.then_some(Target::All)),
    ];
    let mut given = targets.into_iter().flatten();
    let (Some(target), None) = (given.next(), given.next()) else {
        return Err(Reason::NotOneTarget);
    };
    let soft = fields.boolean("soft")?.unwrap_or(false);
    Ok(OpKind::Invalidate { target, mode: if soft { Mode::Expire } else { Mode::Kill } })
}

fn cancel(fields: &mut Fields<'_>, _: &mut Names) -> Result<OpKind, Reason> {
    Ok(OpKind::Cancel { id: ReadId::parse(&fields.required("id", Fields::text)?) })
}

fn status(fields: &mut Fields<'_>, names: &mut Names) -> Result<OpKind, Reason> {
    let words = TradingStatus::ALL.map(|status| (status.name(), status));
    Ok(OpKind::Status {
        match_id: fields.required("match", |fields, field| fields.name(field, names))?,
        market: fields.name("market", names)?,
        status: fields.required("status", |fields, field| fields.word(field, &words))?,
    })
}

fn reset(fields: &mut Fields<'_>, _: &mut Names) -> Result<OpKind, Reason> {
    let words = Category::ALL.map(|category| (category.name(), category));
    Ok(OpKind::Reset { category: fields.word("category", &words)? })
}

#[cfg(test)]
mod tests;
