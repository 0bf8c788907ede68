//! `scopes!`: a marker type for each scope.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Result, Token, Visibility};

use crate::literal::ScopeLiteral;

/// The lines of one `scopes!` block.
pub(crate) struct Markers(Punctuated<Marker, Token![;]>);

/// One line: `/// docs` `pub ReadOrders = "read:orders"`.
struct Marker {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    scope: LitStr,
}

impl Parse for Markers {
    fn parse(input: ParseStream) -> Result<Self> {
        Punctuated::parse_terminated(input).map(Self)
    }
}

impl Parse for Marker {
    fn parse(input: ParseStream) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { attributes, visibility, name, scope: input.parse()? })
    }
}

impl Markers {
    /// The types, and an error at each literal that is wrong.
    ///
    /// A marker is made for a wrong literal too, so that its users add no errors of their own.
    pub(crate) fn expand(&self, home: &TokenStream) -> TokenStream {
        let mut named: Vec<(String, &Ident)> = Vec::new();
        let mut code = TokenStream::new();
        for marker in &self.0 {
            let scope = ScopeLiteral::read(&marker.scope).and_then(|scope| {
                match named.iter().find(|(text, _)| text == scope.text()) {
                    Some((text, name)) => Err(Error::new(
                        scope.span(),
                        format!("the scope `{text}` is already named `{name}`"),
                    )),
                    None => Ok(scope.text().to_owned()),
                }
            });
            match scope {
                Ok(scope) => {
                    code.extend(marker.expand(&scope, home));
                    named.push((scope, &marker.name));
                }
                Err(error) => {
                    code.extend(marker.expand("invalid", home));
                    code.extend(error.into_compile_error());
                }
            }
        }
        code
    }
}

impl Marker {
    fn expand(&self, scope: &str, home: &TokenStream) -> TokenStream {
        let Self { attributes, visibility, name, scope: literal } = self;
        let scope = LitStr::new(scope, literal.span());
        let documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
        let docs = (!documented).then(|| {
            let docs = format!("The scope `{}`.", scope.value());
            quote!(#[doc = #docs])
        });
        let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        quote_spanned! {name.span()=>
            #(#attributes)*
            #docs
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
            #visibility struct #name;

            #(#conditions)*
            impl #home::ScopeName for #name {
                const NAME: &'static str = #scope;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(source: &str) -> String {
        let markers: Markers = syn::parse_str(source).unwrap();
        markers.expand(&quote!(::scopegate)).to_string()
    }

    #[test]
    fn docs_and_visibility_stay() {
        let code = expand("/// See orders.\n pub(crate) ReadOrders = \"read:orders\";");
        assert!(code.contains("See orders.") && !code.contains("The scope"), "{code}");
        assert!(code.contains("pub (crate) struct ReadOrders"), "{code}");
    }

    #[test]
    fn a_marker_without_docs_is_documented_by_its_scope() {
        assert!(expand("pub A = \"a:b\"").contains("The scope `a:b`."));
    }

    #[test]
    fn a_condition_holds_for_the_type_and_its_impl() {
        let code = expand("#[cfg(feature = \"x\")] pub A = \"a\";");
        assert_eq!(code.matches("cfg").count(), 2, "{code}");
    }

    #[test]
    fn a_scope_has_one_name() {
        let code = expand("A = \"a\"; B = \"a\";");
        assert!(code.contains("already named `A`"), "{code}");
        assert!(code.contains("struct B"), "users of B need no error of their own: {code}");
    }
}
