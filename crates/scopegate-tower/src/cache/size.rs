//! How many verified tokens a layer may remember.

/// How many verified tokens a layer remembers, and how much memory they may take.
///
/// The limit that is reached first applies. Memory is counted with the overhead per token. Extra
/// claims are counted as large as the payload they were read from, because their real size is
/// unknown. If either limit is zero, there is no cache.
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
    /// The maximum number of tokens.
    pub entries: usize,
    /// The maximum memory, in bytes.
    pub bytes: usize,
}

impl CacheSize {
    /// No cache.
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
