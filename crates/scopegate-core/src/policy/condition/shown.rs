//! How explanations show lists.

/// Maximum number of names that are shown.
const MAX_SHOWN: usize = 20;

/// Names, separated by commas. `nothing` if there are none.
pub(super) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>, nothing: &str) -> String {
    let mut names = names.into_iter();
    let mut shown = String::new();
    for name in names.by_ref().take(MAX_SHOWN) {
        if !shown.is_empty() {
            shown.push_str(", ");
        }
        shown.push_str(name.as_ref());
    }
    match names.count() {
        0 if shown.is_empty() => nothing.to_owned(),
        0 => shown,
        more => format!("{shown}, … ({more} more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_twenty_names_and_counts_the_others() {
        assert_eq!(list(["a", "b"], "none"), "a, b");
        assert_eq!(list([""; 0], "none"), "none");
        let many: Vec<_> = (0..22).map(|number| number.to_string()).collect();
        assert!(list(&many[..20], "none").ends_with(", 18, 19"));
        assert!(list(&many, "none").ends_with(", 19, … (2 more)"));
    }
}
