// A new configuration at run time, and what it leaves alone.
// Never knows: the insides of the cache.
// Read next: `runtimes.rs`.

use kairos_cache::{Config, Context};

use crate::stage::Stage;

#[test]
fn a_new_configuration_leaves_the_kill_switch_as_it_is() {
    let stage = Stage::new();
    for thrown in [false, true] {
        stage.cache.set_enabled(thrown);
        for said in [true, false] {
            let mut config = Config::default();
            config.cache.enabled = said;
            stage.cache.reload(&config).expect("in range");
            let stored = stage.cache.insert("k", &Context::none(), 1).expect("room");
            assert_eq!(stored, thrown, "the configuration says {said}");
            assert_eq!(stage.cache.get("k").is_some(), thrown);
        }
    }
    let mut config = Config::default();
    config.cache.jitter = 7.0;
    stage.cache.set_enabled(false);
    assert!(stage.cache.reload(&config).is_err());
    assert!(!stage.cache.insert("k", &Context::none(), 1).expect("room"));
}

#[test]
fn a_cache_begins_as_its_configuration_says() {
    let stage = Stage::<u64>::with(|builder| builder.enabled(false));
    assert!(!stage.cache.insert("k", &Context::none(), 1).expect("room"));
    stage.cache.set_enabled(true);
    assert!(stage.cache.insert("k", &Context::none(), 1).expect("room"));
}
