// The claims of `builder.rs`, each as a test.
// Never knows: what is built.
// Read next: `../builder.rs`.

use super::*;

/// Gives a value other than this one.
trait Other {
    fn other(&self) -> Self;
}

macro_rules! other {
    ($($type:ty: $value:ident => $other:expr;)+) => {
        $(impl Other for $type {
            fn other(&self) -> Self {
                let $value = self;
                $other
            }
        })+
    };
}

other! {
    bool: value => !value;
    u8: value => value + 1;
    u32: value => value + 1;
    u64: value => value + 1;
    usize: value => value + 1;
    f64: value => value + 1.0;
    Duration: value => *value + Duration::from_secs(1);
    EvaluateAt: _value => EvaluateAt::Insert;
    DriftMeasure: _value => DriftMeasure::Probability;
    Vec<ZoneConfig>: value => value[1..].to_vec();
}

macro_rules! setters_are_checked {
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
        $($($(
            let other = || Config::default().$section.$field.other();
            let mut expected = Config::default();
            expected.$section.$field = other();
            assert_ne!(expected, Config::default(), stringify!($setter));
            let builder = Builder::<String, u32>::new().$setter(other());
            assert_eq!(builder.config, expected, stringify!($setter));
        )?)+)+
    };
}

#[test]
fn every_setter_sets_its_field_and_no_other() {
    with_fields!(setters_are_checked);
}

/// A cache in `page`, under a name or none.
fn in_page(page: &Registry, name: &str) -> Result<Cache<u8, u8>, Error> {
    Cache::builder().registry(page.clone()).name(name).sim(&Sim::new(std::time::UNIX_EPOCH)).build()
}

/// What is set on a builder.
type Set = fn(Builder<u8, u8>) -> Builder<u8, u8>;

#[test]
fn a_build_that_fails_registers_nothing() {
    let page = Registry::new();
    let failing: [Set; 4] = [
        |builder| builder.max_weight(5),
        |builder| builder.max_weight(0).weigher(|_, _| 1),
        |builder| builder.stale_multiplier(f64::NAN),
        |builder| builder.significant_digits(9),
    ];
    for fail in failing {
        assert!(fail(Cache::builder().registry(page.clone())).build().is_err());
        assert!(page.encode_prometheus().is_empty());
    }
    let taken = page.gauge("kairos_cache_reloads", "Taken").unwrap();
    assert!(in_page(&page, "").is_err(), "one of the last metrics");
    assert_eq!(page.encode_prometheus().matches("# TYPE").count(), 1, "none of the first");
    drop(taken);
    assert!(page.unregister("kairos_cache_reloads"));
    assert!(in_page(&page, "").is_ok());
}

#[test]
fn caches_of_a_registry_are_told_apart_by_name_and_free_it_when_dropped() {
    let page = Registry::new();
    let odds = in_page(&page, "odds").unwrap();
    let teams = in_page(&page, "teams").unwrap();
    let unnamed = in_page(&page, "").unwrap();
    assert!(in_page(&page, "odds").is_err() && in_page(&page, "").is_err());
    teams.set_enabled(false);
    let text = odds.registry().encode_prometheus();
    assert!(text.contains("kairos_cache_switches_total{cache=\"odds\"} 0\n"));
    assert!(text.contains("kairos_cache_switches_total{cache=\"teams\"} 1\n"));
    assert!(text.contains("kairos_cache_switches_total 0\n"));
    assert_eq!(text.matches("# TYPE kairos_cache_switches_total ").count(), 1);
    drop((odds, unnamed));
    let text = page.encode_openmetrics();
    assert!(!text.contains("odds") && text.contains("{cache=\"teams\""), "{text}");
    assert!(in_page(&page, "odds").is_ok());
    // A pin and a fill hold what they need, and no names.
    teams.set_enabled(true);
    let none = crate::Context::none();
    assert!(teams.insert(&1, &none, 1).unwrap());
    let (mut pin, fill) = (teams.pin(&1).unwrap(), teams.begin(&2, &none).unwrap());
    drop(teams);
    let again = in_page(&page, "teams").unwrap();
    assert_eq!(pin.get().copied(), Some(1));
    assert!(fill.insert(2));
    drop(again);
    assert_eq!(page.encode_prometheus(), "");
}

macro_rules! setters_by_field {
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
        vec![$($(
            (concat!(stringify!($section), ".", stringify!($field)), concat!($(stringify!($setter))?)),
        )+)+]
    };
}

/// The words between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_first_page_names_the_setter_of_each_field_in_its_table() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let table = page.split("| field | in code |").nth(1).expect("the table is there");
    let setters = with_fields!(setters_by_field);
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let mut section = "";
        let expected: Vec<&str> = quoted(cells[1])
            .into_iter()
            .map(|field| {
                let name = match field.split_once('.') {
                    Some((of, name)) => {
                        section = of;
                        name
                    }
                    None => field,
                };
                let full = format!("{section}.{name}");
                let found = setters.iter().find(|(field, _)| *field == full);
                found.unwrap_or_else(|| panic!("no field {full}")).1
            })
            .collect();
        assert_eq!(quoted(cells[2]), expected, "{row}");
    }
}
