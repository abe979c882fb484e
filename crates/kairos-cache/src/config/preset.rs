// Names of configurations to begin with.
// Never knows: what they hold.
// Read next: `presets.rs`, which does.

/// A configuration to begin with: in a file `preset = "desk"`, at its top, and below it what is to
/// be otherwise.
///
/// ```
/// use kairos_cache::{Cache, Config, Preset};
///
/// let mut config = Config::preset(Preset::Desk);
/// config.cache.max_capacity = 50_000;
/// let cache: Cache<String, f64> = Cache::builder().config(config).build()?;
/// assert_eq!("desk".parse(), Ok(Preset::Desk));
/// # Ok::<_, kairos_cache::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preset {
    /// Every field has its default.
    #[default]
    Default,
    /// For a desk whose live feed tells the cache every price: what was computed lives until a price
    /// moves, and not for a time.
    Desk,
}

impl Preset {
    /// Every preset.
    pub const ALL: &'static [Preset] = &[Preset::Default, Preset::Desk];

    /// Returns the preset's name in configuration and on a command line.
    ///
    /// ```
    /// assert_eq!(kairos_cache::Preset::Desk.name(), "desk");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Preset::Default => "default",
            Preset::Desk => "desk",
        }
    }
}
