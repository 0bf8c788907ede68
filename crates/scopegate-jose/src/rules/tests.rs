use scopegate_claims::{Audience, Issuer};

use super::*;

fn audience() -> AudienceRule {
    AudienceRule::any_of([Audience::parse("api://orders").unwrap()])
}

fn rules() -> Rules {
    Rules::new(Issuer::parse("https://id.example.com").unwrap(), audience())
}

#[test]
fn rules_have_the_documented_defaults() {
    let rules = rules();
    assert_eq!((rules.issuer(), rules.audience()), ("https://id.example.com", &audience()));
    assert_eq!((rules.typ(), rules.client_rule()), (TypeRule::Lenient, ClientRule::Any));
    assert_eq!(rules.algorithms(), AlgorithmSet::usual());
    assert_eq!(rules.leeway(), Duration::from_secs(60));
    assert_eq!((rules.token_kind(), rules.allows_at_hash()), (None, false));
    assert!(rules.mapping().is_empty());
}

#[test]
fn rules_tell_how_they_were_set() {
    let algorithms = AlgorithmSet::of(&[Algorithm::Es256]);
    let mapping = ClaimMapping::new().scopes("permissions");
    let rules = rules()
        .with_type(TypeRule::Strict)
        .with_algorithms(algorithms)
        .with_leeway(Duration::from_secs(5))
        .unwrap()
        .with_client_rule(ClientRule::Named)
        .with_token_kind("Bearer")
        .with_at_hash_allowed()
        .with_mapping(mapping.clone());
    assert_eq!((rules.typ(), rules.client_rule()), (TypeRule::Strict, ClientRule::Named));
    assert_eq!(rules.algorithms(), algorithms);
    assert_eq!(rules.leeway(), Duration::from_secs(5));
    assert_eq!((rules.token_kind(), rules.allows_at_hash()), (Some("Bearer"), true));
    assert_eq!(rules.mapping(), &mapping);
}
