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
