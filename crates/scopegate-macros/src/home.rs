//! Where generated code finds `PackedScope` and `ScopeName`.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

/// The crates that offer the traits, the one most likely meant first.
const HOMES: [&str; 3] = ["scopegate", "scopegate-axum", "scopegate-claims"];

/// The absolute path of the crate to name, such as `::scopegate`.
///
/// A build that is not cargo's has no manifest to look into; it gets `::scopegate`.
pub(crate) fn path() -> TokenStream {
    let found = HOMES.iter().find_map(|home| match crate_name(home).ok()? {
        // A home that uses the macros says `extern crate self as …`: the path holds inside it too.
        FoundCrate::Itself => Some(home.replace('-', "_")),
        FoundCrate::Name(name) => Some(name),
    });
    let name = Ident::new(found.as_deref().unwrap_or("scopegate"), Span::call_site());
    quote!(::#name)
}
