//! The path by which generated code names `PackedScope` and `ScopeName`.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

/// The crates that export the traits, in order of preference.
const EXPORTING_CRATES: [&str; 3] = ["scopegate", "scopegate-axum", "scopegate-claims"];

/// The absolute path of the first of these crates that the package depends on, such as
/// `::scopegate`.
///
/// Without a Cargo manifest (a build with another tool) the path is `::scopegate`.
pub(crate) fn find() -> TokenStream {
    let found = EXPORTING_CRATES.iter().find_map(|krate| match crate_name(krate).ok()? {
        // These crates contain `extern crate self as …`, so the path is valid inside them too.
        FoundCrate::Itself => Some(krate.replace('-', "_")),
        FoundCrate::Name(name) => Some(name),
    });
    let name = Ident::new(found.as_deref().unwrap_or("scopegate"), Span::call_site());
    quote!(::#name)
}
