//! The parameters `filter` and `search`: comparisons with `eq`, joined by `and`.

use super::ApiError;

/// Comparisons that must all hold.
#[derive(Debug, Default)]
pub(super) struct Filter {
    comparisons: Vec<(String, String)>,
}

impl Filter {
    /// Parses a filter over these attributes.
    pub(super) fn parse(text: Option<&str>, attributes: &[&str]) -> Result<Self, ApiError> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self::default());
        };
        let known = attributes.join(", ");
        let wrong = || {
            let why = format!("write ATTRIBUTE eq \"VALUE\", with one of: {known}");
            ApiError::Invalid("filter", why)
        };
        let mut comparisons = Vec::new();
        for part in text.split(" and ") {
            let (name, rest) = part.trim().split_once(' ').ok_or_else(wrong)?;
            let value = rest.trim().strip_prefix("eq ").ok_or_else(wrong)?.trim();
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.filter(|value| !value.contains('"')).ok_or_else(wrong)?;
            if !attributes.contains(&name) {
                return Err(wrong());
            }
            comparisons.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self { comparisons })
    }

    /// Tells whether each attribute has its value.
    pub(super) fn matches(&self, value_of: impl Fn(&str) -> String) -> bool {
        self.comparisons.iter().all(|(name, value)| value_of(name) == *value)
    }

    /// The value that an attribute must have.
    pub(super) fn value(&self, attribute: &str) -> Option<&str> {
        let found = self.comparisons.iter().find(|(name, _)| name == attribute);
        found.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_compares_known_attributes() {
        let read = |text| Filter::parse(Some(text), &["status", "profile.login"]);
        let both = read(r#"status eq "ACTIVE" and profile.login eq "a b""#).unwrap();
        let value = |name: &str| if name == "status" { "ACTIVE" } else { "a b" }.to_owned();
        assert!(both.matches(value));
        assert!(!read(r#"status eq "X""#).unwrap().matches(value));
        assert!(read("").unwrap().matches(value));
        for bad in ["status", "status eq ACTIVE", "status ne \"A\"", "name eq \"A\"", "eq \"A\""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
