//! `scopes!` and `values!`, which declare a marker type for each line.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Result, Token, Visibility};

use crate::literal::{Checked, Kind};

/// The lines of one macro call.
pub(crate) struct Markers(Punctuated<Marker, Token![;]>);

/// One line: `/// docs` `pub ReadOrders = "read:orders"`.
struct Marker {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    literal: LitStr,
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
        Ok(Self { attributes, visibility, name, literal: input.parse()? })
    }
}

impl Markers {
    /// The types, and a compile error at each invalid literal.
    ///
    /// An invalid literal also gets a type, so that code which uses the type causes no further
    /// errors.
    pub(crate) fn expand(&self, kind: Kind, crate_path: &TokenStream) -> TokenStream {
        let mut named: Vec<(String, &Ident)> = Vec::new();
        let mut code = TokenStream::new();
        for marker in &self.0 {
            let text = Checked::read(&marker.literal, kind).and_then(|checked| {
                match named.iter().find(|(text, _)| text == checked.text()) {
                    Some((text, name)) => Err(Error::new(
                        checked.span(),
                        format!("the {} `{text}` is already named `{name}`", kind.noun()),
                    )),
                    None => Ok(checked.text().to_owned()),
                }
            });
            match text {
                Ok(text) => {
                    code.extend(marker.expand(&text, kind, crate_path));
                    named.push((text, &marker.name));
                }
                Err(error) => {
                    code.extend(marker.expand("invalid", kind, crate_path));
                    code.extend(error.into_compile_error());
                }
            }
        }
        code
    }
}

impl Marker {
    fn expand(&self, text: &str, kind: Kind, crate_path: &TokenStream) -> TokenStream {
        let Self { attributes, visibility, name, literal } = self;
        let text = LitStr::new(text, literal.span());
        let documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
        let docs = (!documented).then(|| {
            let docs = format!("The {} `{}`.", kind.noun(), text.value());
            quote!(#[doc = #docs])
        });
        let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let (means, constant) = match kind {
            Kind::Scope => (quote!(ScopeName), quote!(NAME)),
            Kind::Value | Kind::Acr => (quote!(ClaimValue), quote!(VALUE)),
        };
        quote_spanned! {name.span()=>
            #(#attributes)*
            #docs
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
            #visibility struct #name;

            #(#conditions)*
            impl #crate_path::#means for #name {
                const #constant: &'static str = #text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(source: &str) -> String {
        let markers: Markers = syn::parse_str(source).unwrap();
        markers.expand(Kind::Scope, &quote!(::scopegate)).to_string()
    }

    #[test]
    fn docs_and_visibility_are_kept() {
        let code = expand("/// See orders.\n pub(crate) ReadOrders = \"read:orders\";");
        assert!(code.contains("See orders.") && !code.contains("The scope"), "{code}");
        assert!(code.contains("pub (crate) struct ReadOrders"), "{code}");
    }

    #[test]
    fn a_type_without_docs_gets_docs_that_name_the_scope() {
        assert!(expand("pub A = \"a:b\"").contains("The scope `a:b`."));
    }

    #[test]
    fn a_cfg_attribute_applies_to_the_type_and_its_impl() {
        let code = expand("#[cfg(feature = \"x\")] pub A = \"a\";");
        assert_eq!(code.matches("cfg").count(), 2, "{code}");
    }

    #[test]
    fn declaring_a_scope_twice_is_an_error() {
        let code = expand("A = \"a\"; B = \"a\";");
        assert!(code.contains("already named `A`"), "{code}");
        assert!(code.contains("struct B"), "users of B must not cause further errors: {code}");
    }

    #[test]
    fn a_value_does_not_become_a_scope() {
        let markers: Markers = syn::parse_str("pub Staff = \"store staff\";").unwrap();
        let code = markers.expand(Kind::Value, &quote!(::scopegate)).to_string();
        assert!(code.contains("ClaimValue for Staff") && code.contains("VALUE"), "{code}");
        assert!(code.contains("The value `store staff`.") && !code.contains("ScopeName"), "{code}");
    }
}
