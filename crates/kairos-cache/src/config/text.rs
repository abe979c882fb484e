// A configuration as TOML text: read, with line and field in errors; written, with comments.
// Never knows: files, or which values are allowed.
// Read next: `locate.rs` for lines and fields, `file.rs` for files.

use std::fmt::Write;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::locate::{NoToml, field_at, line_at};
use super::preset::Preset;
use super::presets::reasons;
use super::sections::{Config, EventsConfig, File, SECTIONS, Section};
use crate::error::Error;
use crate::policy::EventGraph;

impl Config {
    /// Reads a configuration from TOML text; absent fields have their defaults, or below a line
    /// `preset = "desk"` at the top the values of that [`Preset`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use kairos_cache::{Config, Preset};
    ///
    /// let config = Config::from_toml("preset = \"desk\"\n[feed]\nsilence_after = \"5m\"\n")?;
    /// assert_eq!(config.feed.silence_after, Duration::from_secs(300));
    /// assert_eq!(config.drift, Config::preset(Preset::Desk).drift);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ConfigSyntax`] with line and field where the text is not TOML, a field is unknown
    /// or its type is wrong. Ranges are checked by [`Config::validate`] and
    /// [`Builder::build`](crate::Builder::build).
    pub fn from_toml(text: &str) -> Result<Config, Error> {
        let file: File = parse(text)?;
        Ok(match file.preset {
            Preset::Default => file.into_config(),
            preset => laid_over(preset, text),
        })
    }

    /// Writes the configuration as TOML text: every field with its docs as a comment above it; a
    /// field without a value as a comment too. The text reads back as an equal configuration.
    ///
    /// ```
    /// use kairos_cache::Config;
    ///
    /// let mut config = Config::default();
    /// config.cache.max_capacity = 500;
    /// let text = config.to_toml()?;
    /// assert!(text.contains("\nmax_capacity = 500\n"));
    /// assert_eq!(Config::from_toml(&text)?, config);
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ConfigSyntax`] for a number above 2⁶³ − 1, which TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, Error> {
        Page { text: HEAD.to_owned(), reasons: &[] }.whole(self)
    }
}

impl Preset {
    /// Writes the preset as TOML text, as [`Config::to_toml`] does; where a value is not the default
    /// a comment says why.
    ///
    /// ```
    /// use kairos_cache::{Config, Preset};
    ///
    /// let text = Preset::Desk.to_toml();
    /// assert!(text.contains("\nsilence_after = \""));
    /// assert_eq!(Config::from_toml(&text)?, Config::preset(Preset::Desk));
    /// # Ok::<_, kairos_cache::Error>(())
    /// ```
    pub fn to_toml(self) -> String {
        let mut text = HEAD.to_owned();
        if self != Preset::Default {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "#\n# This is the preset `{self}`, every field of it. A file that says `preset = \"{self}\"` at its top\n\
                 # needs only what it has otherwise.\n"
            );
        }
        let page = Page { text, reasons: reasons(self) };
        page.whole(&Config::preset(self)).expect("the numbers of a preset are small")
    }
}

const HEAD: &str = "\
# Configuration of Kairos. A field that is left out has its default.
# Durations are written as 500ms, 30s, 15m, 1h or 1day.
";

/// Reads a configuration, or a part of one, from TOML text.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| {
        let (said, span) = (error.message(), error.span());
        let message = match span.as_ref().map(|span| (span, field_at(text, span))) {
            Some((_, Ok(Some(field)))) => format!("{field}: {said}"),
            // Text that is not TOML has no fields: the error names the word at that place.
            Some((span, Err(NoToml))) => match text.get(span.clone()).and_then(first_word) {
                Some(found) => format!("{said}: `{found}`"),
                None => said.to_owned(),
            },
            Some((_, Ok(None))) | None => said.to_owned(),
        };
        let line = span.map(|span| line_at(text, span.start));
        Error::ConfigSyntax { line, message: Arc::from(message) }
    })
}

/// What a text that has been read says, and the preset's values where it says nothing. A list of the
/// text stands in the place of the preset's.
fn laid_over(preset: Preset, text: &str) -> Config {
    let mut whole =
        Table::try_from(Config::preset(preset)).expect("the numbers of a preset are small");
    let said: Table = text.parse().expect("the text has been read before");
    for (section, fields) in said {
        if let (Some(Value::Table(of)), Value::Table(fields)) = (whole.get_mut(&section), fields) {
            of.extend(fields);
        }
    }
    whole.try_into().expect("each field has been read before")
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

struct Page {
    text: String,
    /// What else is said above a field, by its path.
    reasons: &'static [(&'static str, &'static str)],
}

impl Page {
    /// The page with every section of a configuration.
    fn whole(mut self, config: &Config) -> Result<String, Error> {
        for (section, values) in SECTIONS.iter().zip(config.tables()) {
            let values = values.map_err(|error| Error::ConfigSyntax {
                line: None,
                message: Arc::from(format!("{}: {error}", section.name)),
            })?;
            self.section(section, values);
        }
        Ok(self.text)
    }

    fn section(&mut self, section: &Section, mut values: Table) {
        let name = section.name;
        self.text.push('\n');
        self.comment(section.docs);
        self.line("", &format!("[{name}]"));
        // A table ends the list of its section's fields, so tables come last.
        let mut tables = Vec::new();
        for field in section.fields {
            match (values.remove(field.name), unset(name, field.name)) {
                (Some(Value::Table(table)), _) => tables.push((field, "", table)),
                (Some(value), _) => {
                    self.comment(field.docs);
                    self.reason(name, field.name);
                    self.value("", field.name, &value);
                }
                (None, Some(Value::Table(table))) => tables.push((field, "# ", table)),
                (None, example) => {
                    self.comment(field.docs);
                    self.value("# ", field.name, &example.unwrap_or_else(|| "…".into()));
                }
            }
        }
        for (field, mark, table) in tables {
            self.text.push('\n');
            self.comment(field.docs);
            self.line(mark, &format!("[{name}.{}]", field.name));
            for (key, value) in table {
                self.line(mark, &format!("{} = {value}", written(key)));
            }
        }
    }

    fn value(&mut self, mark: &str, field: &str, value: &Value) {
        match value {
            Value::Array(rows) if rows.iter().any(Value::is_table) => {
                self.line(mark, &format!("{field} = ["));
                for row in rows {
                    self.line(mark, &format!("    {row},"));
                }
                self.line(mark, "]");
            }
            value => self.line(mark, &format!("{field} = {value}")),
        }
    }

    fn comment(&mut self, docs: &str) {
        for line in docs.lines() {
            self.line("# ", line.trim());
        }
    }

    fn reason(&mut self, section: &str, field: &str) {
        let is_of = |path: &str| path.split_once('.') == Some((section, field));
        if let Some((_, why)) = self.reasons.iter().find(|(path, _)| is_of(path)) {
            self.comment(&format!("Here: {why}"));
        }
    }

    fn line(&mut self, mark: &str, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{mark}{line}");
    }
}

/// A key in TOML: bare where that is allowed, else quoted.
fn written(key: String) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key } else { Value::String(key).to_string() }
}

/// An example for a field without a value: for the tables of the graph, the default graph.
fn unset(section: &str, field: &str) -> Option<Value> {
    match (section, field) {
        ("events", "graph") => Some("events.toml".into()),
        ("events", "markets" | "events") => {
            let football = EventsConfig::of(&EventGraph::football());
            Table::try_from(football).ok()?.remove(field)
        }
        _ => None,
    }
}

#[cfg(all(test, not(kairos_loom)))]
mod tests;
