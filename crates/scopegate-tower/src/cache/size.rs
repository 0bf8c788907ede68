//! How much a layer may remember.

/// How many verified tokens a layer remembers, and how much memory they may take.
///
/// Whichever comes first holds. Memory is counted with what surrounds a token; of extra claims, whose
/// size nobody can see, as much as the payload they were read from. Zero of either is no cache.
///
/// ```
/// use scopegate_tower::{BearerLayer, CacheSize};
///
/// let size = CacheSize { entries: 100_000, bytes: 256 * 1024 * 1024 };
/// let auth = BearerLayer::issuer("https://id.example.com")
///     .audience("api://orders")
///     .cache(size)
///     .build()?;
/// # Ok::<_, scopegate_tower::ConfigError>(())
/// ```
#[expect(clippy::exhaustive_structs, reason = "two bounds, written in place")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheSize {
    /// The most tokens.
    pub entries: usize,
    /// The most memory.
    pub bytes: usize,
}

impl CacheSize {
    /// Nothing is remembered.
    pub(crate) const NONE: Self = Self { entries: 0, bytes: 0 };

    pub(crate) fn is_none(self) -> bool {
        self.entries == 0 || self.bytes == 0
    }
}

/// 10,000 tokens in 16 MiB.
impl Default for CacheSize {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 16 * 1024 * 1024 }
    }
}
