// The claims of `sections.rs`, each as a test.
// Never knows: which values are allowed.
// Read next: `../sections.rs`.

use humantime_serde::re::humantime::parse_duration;
use toml::Value;

use super::*;

macro_rules! stated_defaults {
    ($(
        $(#[doc = $section_doc:literal])+
        [$section:ident] $Section:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[serde($($serde:tt)+)])?
                $field:ident: $type:ty = $default:tt $($unit:ident)? $(, set by $setter:ident)?;
            )+
        }
    )+) => {
        [$($(
            (stringify!($section), stringify!($field), stringify!($default $($unit)?)),
        )+)+]
    };
}

/// Whether a default as the docs state it is the value.
fn states(stated: &str, value: Option<&Value>) -> bool {
    let duration = |text: &str| parse_duration(text).ok();
    match value {
        None => stated == "None",
        Some(Value::String(text)) if duration(text).is_some() => duration(stated) == duration(text),
        Some(Value::String(text)) => stated.eq_ignore_ascii_case(text),
        Some(Value::Array(rows)) => {
            let words = stated.split_whitespace().collect::<Vec<_>>().join(" ");
            let stated: Vec<&str> = words.trim_matches(['[', ']']).split(", ").collect();
            stated.len() == rows.len()
                && stated.iter().zip(rows).all(|(stated, row)| {
                    let (name, rest) = stated.split_once(" below ").expect("a row");
                    let (below, ttl) = rest.split_once(" for ").expect("a row");
                    states(name, row.get("name"))
                        && states(below, row.get("below"))
                        && states(ttl, row.get("ttl"))
                })
        }
        Some(value) => stated.replace('_', "") == value.to_string(),
    }
}

#[test]
fn the_docs_state_the_default_of_every_field() {
    let config = Table::try_from(Config::default()).expect("small numbers");
    for (section, field, stated) in with_fields!(stated_defaults) {
        let value = config[section].get(field);
        assert!(states(stated, value), "{section}.{field}: {stated} is not {value:?}");
    }
}

#[test]
fn every_field_that_is_read_is_listed() {
    let config = Table::try_from(Config::default()).expect("small numbers");
    assert!(config.keys().eq(SECTIONS.iter().map(|section| section.name)));
    for section in SECTIONS {
        let unknown = format!("{} = {{ no_such_field = 1 }}", section.name);
        let refused = toml::from_str::<Config>(&unknown).expect_err("unknown").to_string();
        for field in section.fields {
            assert!(refused.contains(&format!("`{}`", field.name)), "{}: {refused}", field.name);
        }
    }
}
