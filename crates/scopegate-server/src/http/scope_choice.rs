//! The scopes that a user leaves out on the page of a consent or of a device. The template
//! `scope_list.html` shows the boxes, `decision_form.html` has the form that they belong to.

use scopegate_claims::ScopeSet;
use scopegate_core::form::Form;

/// Maximum number of scopes that the user may leave out on one page. A form has at most 64 parameters.
const MAX_CHOICES: usize = 50;

/// The optional scopes that have a box: all of them, or none if they are too many for one form.
pub(super) fn offered(optional: ScopeSet) -> ScopeSet {
    if optional.len() <= MAX_CHOICES { optional } else { ScopeSet::empty() }
}

/// The optional scopes of the page whose box is not checked. The browser can send any names here, so the
/// decision checks later that they are optional.
pub(super) fn left_out(form: &Form) -> ScopeSet {
    let offered = ScopeSet::parse(form.value("optional").unwrap_or_default());
    let offered = offered.unwrap_or_default();
    let is_left_out = |name: &&str| form.value(&format!("allow:{name}")).is_none();
    ScopeSet::from_tokens(offered.iter().filter(is_left_out)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_left_out_if_it_was_offered_and_its_box_is_not_checked() {
        let form = [("optional", "read write"), ("allow:write", "yes"), ("allow:secret", "yes")];
        let left_out = left_out(&Form::collect(form).unwrap());
        assert_eq!(left_out, ScopeSet::parse("read").unwrap());
    }

    #[test]
    fn names_that_are_not_scopes_leave_out_nothing() {
        let form = Form::collect([("optional", "re\"ad")]).unwrap();
        assert!(left_out(&form).is_empty());
    }

    #[test]
    fn a_form_that_would_be_too_long_offers_no_choice() {
        let scopes = |count| ScopeSet::from_tokens((0..count).map(|n| format!("s{n}"))).unwrap();
        assert_eq!(offered(scopes(MAX_CHOICES)).len(), MAX_CHOICES);
        assert!(offered(scopes(MAX_CHOICES + 1)).is_empty());
    }
}
