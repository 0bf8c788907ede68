//! The page on which a user lets a client have scopes.

use askama::Template;
use scopegate_claims::ScopeSet;

/// The page on which a user lets a client have scopes.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "consent.html")]
pub(in crate::http) struct ConsentPage<'a> {
    /// The path that the form is sent to.
    pub(in crate::http) action: &'a str,
    /// The request that waits, sealed.
    pub(in crate::http) request: &'a str,
    /// The display name of the client.
    pub(in crate::http) client: &'a str,
    /// The user who is signed in.
    pub(in crate::http) login: &'a str,
    /// The scopes: the name of each, and its description, which may be empty.
    pub(in crate::http) scopes: &'a [(String, String)],
    /// The scopes that the user may leave out.
    pub(in crate::http) optional: &'a ScopeSet,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_the_client_and_the_scopes_and_offers_both_answers() {
        let scopes = [("read:orders", "See \"orders\""), ("write:orders", "")];
        let scopes = scopes.map(|(name, description)| (name.to_owned(), description.to_owned()));
        let page = ConsentPage {
            action: "/consent",
            request: "sealed",
            client: "Orders <b>portal</b>",
            login: "alice",
            scopes: &scopes,
            optional: &ScopeSet::empty(),
        };
        let html = page.render().unwrap();
        assert!(!html.contains("checkbox") && !html.contains("optional"), "{html}");
        let optional = ScopeSet::parse("write:orders").unwrap();
        let with_choice = ConsentPage { optional: &optional, ..page }.render().unwrap();
        for part in [
            "<li>See &quot;orders&quot;</li>",
            "form=\"decision\" name=\"allow:write:orders\" value=\"yes\" checked",
            "id=\"decision\"",
            "name=\"optional\" value=\"write:orders\"",
        ] {
            assert!(with_choice.contains(part), "{part}: {with_choice}");
        }
        for part in [
            "<strong>Orders &lt;b&gt;portal&lt;/b&gt;</strong>",
            "alice",
            "<li>See &quot;orders&quot;</li>",
            "<li>write:orders</li>",
            "<button name=\"decision\" value=\"allow\">",
            "<button name=\"decision\" value=\"deny\">",
            "name=\"request\" value=\"sealed\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
