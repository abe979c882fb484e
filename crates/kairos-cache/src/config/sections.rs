// The types of a configuration, and their docs as data, made from the list of fields.
// Never knows: how a configuration is read or written, or which values are allowed.
// Read next: `fields.rs` for the fields, `rules.rs` for their ranges.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "toml")]
use toml::Table;

use super::fields::with_fields;
use super::golden_hour::EvaluateAt::{self, Read};
use super::golden_hour::{ZoneConfig, ZoneName};
#[cfg(feature = "toml")]
use super::preset::Preset;
use crate::policy::DriftMeasure::{self, Price};

/// A section, to be written out.
#[cfg(feature = "toml")]
pub(super) struct Section {
    pub(super) name: &'static str,
    /// Its docs, a line each.
    pub(super) docs: &'static str,
    pub(super) fields: &'static [Field],
}

/// A field, to be written out.
#[cfg(feature = "toml")]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Its docs, a line each.
    pub(super) docs: &'static str,
}

/// For each section a struct with the docs and the defaults of its fields, and `Config` with all of
/// them.
macro_rules! sections {
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
        /// The configuration of a cache, by section. Absent fields have their defaults, unknown
        /// ones are errors.
        ///
        /// Change a field of [`Config::default`], or of a file's.
        #[derive(Debug, Clone, PartialEq, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
        #[non_exhaustive]
        pub struct Config {
            $(
                $(#[doc = $section_doc])+
                pub $section: $Section,
            )+
        }

        $(
            $(#[doc = $section_doc])+
            ///
            #[doc = concat!("The section `[", stringify!($section), "]` of a [`Config`].")]
            #[derive(Debug, Clone, PartialEq)]
            #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
            #[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
            #[non_exhaustive]
            pub struct $Section {
                $(
                    $(#[doc = $doc])+
                    ///
                    #[doc = concat!("Default: `", stringify!($default $($unit)?), "`.")]
                    $(#[cfg_attr(feature = "serde", serde($($serde)+))])?
                    pub $field: $type,
                )+
            }

            impl Default for $Section {
                fn default() -> Self {
                    $Section { $($field: value!($default $($unit)?),)+ }
                }
            }
        )+

        /// A configuration as a text says it.
        #[cfg(feature = "toml")]
        #[derive(Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct File {
            pub(super) preset: Preset,
            $($section: $Section,)+
        }

        #[cfg(feature = "toml")]
        impl File {
            /// What it says, with the defaults where it says nothing.
            pub(super) fn into_config(self) -> Config {
                Config { $($section: self.$section,)+ }
            }
        }

        /// Every section and field, in the order of the list.
        #[cfg(feature = "toml")]
        pub(super) const SECTIONS: &[Section] = &[$(
            Section {
                name: stringify!($section),
                docs: concat!($($section_doc, "\n"),+),
                fields: &[$(
                    Field { name: stringify!($field), docs: concat!($($doc, "\n"),+) },
                )+],
            },
        )+];

        #[cfg(feature = "toml")]
        impl Config {
            /// The values of each section, in the order of [`SECTIONS`]; an error for a number
            /// that TOML does not have.
            pub(super) fn tables(&self) -> Vec<Result<Table, toml::ser::Error>> {
                vec![$(Table::try_from(&self.$section)),+]
            }
        }
    };
}

/// The value of a default in the list.
macro_rules! value {
    ($count:literal s) => { Duration::from_secs($count) };
    ($count:literal min) => { Duration::from_secs($count * 60) };
    ($count:literal h) => { Duration::from_secs($count * 3600) };
    ([$(
        $zone:ident below $below:literal $below_unit:ident for $ttl:literal $ttl_unit:ident
    ),+]) => {
        vec![$(ZoneConfig {
            name: ZoneName::$zone,
            below: value!($below $below_unit),
            ttl: value!($ttl $ttl_unit),
            quiet_ttl: Duration::ZERO,
        }),+]
    };
    ($other:expr) => { $other };
}

with_fields!(sections);

#[cfg(all(test, feature = "toml", not(kairos_loom)))]
mod tests;
