//! Which pages the user must see, and how old their sign-in may be.

use std::collections::BTreeSet;

use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::{Draft, Prompt};

/// `prompt` (OpenID Connect Core §3.1.2.1). `none` cannot be combined with other values.
pub(in crate::endpoints::authorize) fn prompt(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    let words = draft.form.value("prompt").unwrap_or_default().split(' ');
    let words = words.filter(|word| !word.is_empty()).map(|word| {
        Prompt::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, prompt)| prompt)
    });
    let words: Option<BTreeSet<Prompt>> = words.collect();
    let words = words.ok_or(AuthorizeError::invalid_request("The prompt is not supported."))?;
    if words.contains(&Prompt::None) && words.len() > 1 {
        return Err(AuthorizeError::invalid_request("The prompt none stands alone."));
    }
    draft.parsed.prompt = words;
    Ok(())
}

/// `max_age` (OpenID Connect Core §3.1.2.1), in seconds. There is no maximum.
pub(in crate::endpoints::authorize) fn max_age(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let Some(text) = draft.form.value("max_age") else { return Ok(()) };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AuthorizeError::invalid_request("The max_age is no number of seconds."));
    }
    // A number that does not fit into 64 bits is larger than the age of any sign-in.
    draft.parsed.max_age = Some(text.parse().unwrap_or(u64::MAX));
    Ok(())
}
