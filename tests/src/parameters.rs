//! Changing request parameters.

/// The usual parameters with changes. A changed value replaces the usual one; an empty value
/// removes the parameter.
pub fn changed<'a>(
    usual: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let is_kept = |(name, _): &&(&str, &str)| changes.iter().all(|(other, _)| other != name);
    let kept = usual.iter().filter(is_kept);
    kept.chain(changes.iter().filter(|(_, value)| !value.is_empty())).copied().collect()
}
