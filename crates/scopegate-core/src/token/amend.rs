//! Changes to a draft before it is signed. Token hooks belong here.

use tokio::time::Instant;

use super::TokenDraft;
use crate::error::CallError;

/// Amends the draft of one request.
///
/// A request may be decided again when a concurrent commit wins. All attempts share this value, so that an
/// external call is made only once.
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
