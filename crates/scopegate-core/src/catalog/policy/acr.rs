//! How strongly a user signed in (the claim `acr`, OpenID Connect Core §2), with Okta's names.

/// A class of sign-ins.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AcrClass {
    /// Any one factor.
    OneFactor,
    /// A password.
    Password,
    /// Any two factors.
    TwoFactors,
    /// A factor that resists phishing, such as a passkey.
    PhishingResistant,
}

impl AcrClass {
    /// All classes with their names, the weakest first.
    pub const ALL: [(&'static str, Self); 4] = [
        ("urn:okta:loa:1fa:any", Self::OneFactor),
        ("urn:okta:loa:1fa:pwd", Self::Password),
        ("urn:okta:loa:2fa:any", Self::TwoFactors),
        ("phr", Self::PhishingResistant),
    ];

    /// The class with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
    }

    /// The authentication methods (the claim `amr`, RFC 8176 §2) of a sign-in of this class, if nothing else is
    /// known about it.
    pub fn methods(self) -> &'static [&'static str] {
        match self {
            Self::OneFactor | Self::Password => &["pwd"],
            Self::TwoFactors => &["pwd", "mfa"],
            Self::PhishingResistant => &["pop"],
        }
    }

    /// Tells whether a sign-in of one class satisfies another. A stronger class satisfies a weaker one, and
    /// each name satisfies itself.
    pub fn satisfies(found: &str, wanted: &str) -> bool {
        let classes = Self::parse(found).zip(Self::parse(wanted));
        found == wanted || classes.is_some_and(|(found, wanted)| found >= wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_class_satisfies_a_weaker_one_and_never_the_other_way_round() {
        for (weak, (weak_name, _)) in AcrClass::ALL.iter().enumerate() {
            for (strong, (strong_name, _)) in AcrClass::ALL.iter().enumerate() {
                let is_satisfied = AcrClass::satisfies(strong_name, weak_name);
                assert_eq!(is_satisfied, strong >= weak, "{strong_name} for {weak_name}");
            }
        }
    }

    #[test]
    fn an_unknown_class_satisfies_only_itself() {
        assert!(AcrClass::satisfies("silver", "silver"));
        assert!(!AcrClass::satisfies("silver", "gold"));
        assert!(!AcrClass::satisfies("phr", "silver"));
        assert!(!AcrClass::satisfies("silver", "urn:okta:loa:1fa:any"));
    }
}
