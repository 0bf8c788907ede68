//! Amendments of a draft. This is the place of token hooks.

use tokio::time::Instant;

use super::TokenDraft;
use crate::error::CallError;

/// What amends the draft of one request.
///
/// A request may be decided again when a concurrent commit wins. It keeps this for all attempts, so that
/// what was asked elsewhere is asked once.
#[derive(Debug, Default)]
pub struct Amendments {}

impl Amendments {
    /// Amends a draft before `deadline`. There are no hooks yet, so the draft stays as it is.
    ///
    /// # Errors
    ///
    /// Why the request is refused.
    pub async fn amend<'a>(
        &mut self,
        draft: TokenDraft<'a>,
        deadline: Option<Instant>,
    ) -> Result<TokenDraft<'a>, CallError> {
        let _ = deadline;
        Ok(draft)
    }
}
