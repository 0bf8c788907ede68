use proptest::prelude::*;

use super::*;

fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

#[test]
fn a_substring_or_a_different_case_is_a_different_scope() {
    let held = set("read:orders write:orders");
    for other in
        ["read", "orders", "read:order", "Read:orders", "", " ", "read:orders write:orders"]
    {
        assert!(!held.contains(other), "{other:?}");
    }
    assert!(held.contains("write:orders"));
}

#[test]
fn order_and_repetition_do_not_matter() {
    assert_eq!(set("a b  a"), set(" b a"));
    assert_ne!(set("a b"), set("a c"));
    assert_ne!(set("a b"), set("a"));
    assert_eq!(set("b a b").as_str(), "b a");
}

#[test]
fn a_large_set_keeps_the_order_and_drops_duplicates() {
    for len in [FEW - 1, FEW, FEW + 1, FEW + 2, 3 * FEW] {
        let scopes: Vec<String> = (0..len).map(|number| format!("s{number}")).collect();
        let twice = ScopeSet::from_tokens(scopes.iter().chain(&scopes)).unwrap();
        assert_eq!(twice.as_str(), scopes.join(" "));
        assert_eq!(twice.len(), len);
        assert!(scopes.iter().all(|scope| twice.contains(scope)));
        let more = twice.union(&set("other"));
        assert!(twice.is_subset(&more) && !more.is_subset(&twice) && more != twice);
        assert_eq!(more.difference(&twice), set("other"));
    }
}

#[test]
fn a_string_and_an_array_give_the_same_set() {
    let text: ScopeSet = serde_json::from_str(r#""a b""#).unwrap();
    let array: ScopeSet = serde_json::from_str(r#"["b","a"]"#).unwrap();
    assert_eq!(text, array);
    assert_eq!(serde_json::to_string(&array.as_array()).unwrap(), r#"["b","a"]"#);
    assert_eq!(serde_json::to_string(&array).unwrap(), r#""b a""#);
}

#[test]
fn each_array_element_must_be_exactly_one_scope() {
    for bad in [r#"["a b"]"#, r#"["a",1]"#, r#"[["a"]]"#, "1", "{}", "null", r#""é""#] {
        assert!(serde_json::from_str::<ScopeSet>(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn set_algebra_holds(
        left in "[a-d]{1,3}( [a-d]{1,3}){0,60}",
        right in "[a-d]{1,3}( [a-d]{1,3}){0,60}",
    ) {
        let (left, right) = (set(&left), set(&right));
        let (both, either) = (left.intersection(&right), left.union(&right));
        prop_assert!(both.is_subset(&left) && both.is_subset(&right));
        prop_assert!(left.is_subset(&either) && right.is_subset(&either));
        prop_assert_eq!(either.len(), left.len() + right.difference(&left).len());
        prop_assert_eq!(&left.difference(&right).union(&both), &left);
        prop_assert!(left.iter().all(|scope| left.contains(scope)));
    }

    #[test]
    fn any_string_is_parsed_or_refused(text in ".{0,80}") {
        if let Ok(set) = ScopeSet::parse(&text) {
            prop_assert!(set.iter().all(Scope::is_token));
        }
    }
}

#[test]
fn a_set_is_displayed_as_its_text_and_one_scope_is_a_set() {
    assert_eq!(ScopeSet::parse(" a  b a").unwrap().to_string(), "a b");
    let scope = Scope::parse("read:orders").unwrap();
    assert_eq!(ScopeSet::from(&scope).as_str(), "read:orders");
}
