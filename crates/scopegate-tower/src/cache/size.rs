//! How many verified tokens a layer may remember.

/// How many verified tokens a layer remembers, and how much memory they may take.
///
/// A token is remembered once it was verified twice. The limit that is reached first applies. Memory
/// is counted with the overhead per token; the hashes of tokens that were verified once take up to 2 %
/// more. Extra claims are counted as large as the payload they were read from, because their real
/// size is unknown. If either limit is zero, there is no cache.
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

    /// The number of tokens that fit if each takes 1 KiB with the overhead.
    pub(super) fn tokens(self) -> usize {
        self.entries.min(self.bytes / 1024)
    }

    /// The number of shards of a cache of this size. Each has room for at least 256 tokens of 1 KiB,
    /// so that the largest token fits, and the shards fill up evenly.
    pub(super) fn shards(self) -> usize {
        (self.tokens() / 256).clamp(1, 64)
    }
}

/// 10,000 tokens in 16 MiB.
impl Default for CacheSize {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 16 * 1024 * 1024 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_cache_has_several_shards_and_a_small_one_has_one() {
        for (entries, bytes, tokens, shards) in [
            (1, 1, 0, 1),
            (1, 1 << 30, 1, 1),
            (1, 1024, 1, 1),
            (511, 1 << 30, 511, 1),
            (512, 1 << 30, 512, 2),
            (1 << 20, 1 << 19, 512, 2),
            (10_000, 16 << 20, 10_000, 39),
            (1 << 20, 1 << 30, 1 << 20, 64),
        ] {
            let size = CacheSize { entries, bytes };
            assert_eq!((size.tokens(), size.shards()), (tokens, shards), "{size:?}");
        }
    }
}
