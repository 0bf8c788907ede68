//! The literals of scopegate: [`scope!`], [`scopes!`], [`value!`], [`values!`] and
//! [`macro@scoped`].
//!
//! Use them through `scopegate` or `scopegate-axum`, or together with `scopegate-claims`. The
//! generated code names the one that the package depends on, even if the dependency is renamed.

#![deny(missing_docs)]

mod crate_path;
mod literal;
mod markers;
mod scoped;

use proc_macro::TokenStream;
use syn::{LitStr, parse_macro_input};

use crate::literal::Kind;

/// Turns a string literal into a type that stands for this scope, and into its only value.
///
/// The scope is checked at compile time: a string that RFC 6749 §3.3 does not allow is an error at
/// the literal. The maximum length is 64 bytes. Declare longer scopes with [`scopes!`].
///
/// ```
/// use scopegate_claims::{ScopeName, ScopeRule, ScopeSet};
/// use scopegate_macros::scope;
///
/// type ReadOrders = scope!("read:orders");
/// assert_eq!(ReadOrders::NAME, "read:orders");
///
/// fn requirement(rule: impl ScopeRule) -> String {
///     rule.requirement().to_string()
/// }
/// assert_eq!(requirement(scope!("read:orders")), "read:orders");
/// ```
///
/// ```compile_fail
/// use scopegate_macros::scope;
///
/// type ReadOrders = scope!("read orders"); // no scope contains a space
/// ```
#[proc_macro]
pub fn scope(input: TokenStream) -> TokenStream {
    let literal = parse_macro_input!(input as LitStr);
    literal::packed(&literal, Kind::Scope, &crate_path::find()).into()
}

/// Turns a string literal into a type that stands for this claim value, and into its only value.
///
/// For roles, groups and `acr` values, which need not be scopes: `RequireRole<value!("admin")>`.
/// The maximum length is 64 bytes. Declare longer values with [`values!`].
///
/// ```
/// use scopegate_claims::ClaimValue;
/// use scopegate_macros::value;
///
/// type StoreManager = value!("store manager");
/// assert_eq!(StoreManager::VALUE, "store manager");
/// ```
///
/// ```compile_fail
/// use scopegate_macros::value;
///
/// type StoreManager = value!("store manager "); // a trailing space is almost certainly a typo
/// ```
#[proc_macro]
pub fn value(input: TokenStream) -> TokenStream {
    let literal = parse_macro_input!(input as LitStr);
    literal::packed(&literal, Kind::Value, &crate_path::find()).into()
}

/// Declares claim values as types, as [`scopes!`] does for scopes.
///
/// ```
/// use scopegate_claims::ClaimValue;
/// use scopegate_macros::values;
///
/// values! {
///     /// A user who manages a store.
///     pub StoreManager = "store manager";
///     pub Password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// }
///
/// assert_eq!(StoreManager::VALUE, "store manager");
/// ```
///
/// ```compile_fail
/// use scopegate_macros::values;
///
/// values! {
///     pub Nobody = "";
/// }
/// ```
#[proc_macro]
pub fn values(input: TokenStream) -> TokenStream {
    let markers = parse_macro_input!(input as markers::Markers);
    markers.expand(Kind::Value, &crate_path::find()).into()
}

/// Declares scopes as types. They may have any length, and their names are readable in errors and
/// docs.
///
/// Each type is a unit struct that implements `Clone`, `Copy`, `Debug` and `ScopeName`. Doc
/// comments and other attributes are kept. A type without a doc comment gets one that names the
/// scope. Declaring the same scope twice is an error, because it is nearly always a copy-and-paste
/// mistake that gives a handler the wrong scope.
///
/// ```
/// use scopegate_claims::ScopeName;
/// use scopegate_macros::scopes;
///
/// scopes! {
///     /// See orders.
///     pub ReadOrders = "read:orders";
///     pub WriteOrders = "write:orders";
/// }
///
/// assert_eq!(WriteOrders::NAME, "write:orders");
/// ```
///
/// ```compile_fail
/// use scopegate_macros::scopes;
///
/// scopes! {
///     pub ReadOrders = "read:orders";
///     pub WriteOrders = "read:orders"; // already named
/// }
/// ```
#[proc_macro]
pub fn scopes(input: TokenStream) -> TokenStream {
    let markers = parse_macro_input!(input as markers::Markers);
    markers.expand(Kind::Scope, &crate_path::find()).into()
}

/// Allows string literals as scopes and values in a signature: `RequireScope<"read:orders">`.
///
/// Stable Rust parses a string literal as a generic argument but then refuses it (E0747). This
/// attribute replaces each such literal, at any depth, by the type that [`scope!`] makes of it. It
/// changes nothing else: neither the body nor the position of any compile error.
///
/// - The arguments of `AnyOf<"a", "b">` and `AllOf<"a", "b">` become a tuple, `AnyOf<(A, B)>`. They
///   can be nested: `AnyOf<"a", AllOf<"b", "c">>`.
/// - In `RequireRole<"…">`, `RequireGroup<"…">` and `RequireAcr<"…", "…">` a literal becomes a
///   claim value, as with [`value!`]. The attribute recognizes these types by their names. If you
///   use one under an alias, write [`value!`].
/// - Write it above attributes that inspect the types, such as `#[axum::debug_handler]` and
///   `#[derive(…)]`.
/// - It can be applied to a function, a method, an impl block or a trait (it then covers all their
///   signatures), a type alias, a struct or an enum.
///
/// ```
/// use scopegate_claims::ScopeName;
/// use scopegate_macros::scoped;
///
/// struct Guard<S: ScopeName>(S);
///
/// impl<S: ScopeName> Guard<S> {
///     fn scope(&self) -> &'static str {
///         S::NAME
///     }
/// }
///
/// #[scoped]
/// fn list(guard: Guard<"read:orders">) -> &'static str {
///     guard.scope()
/// }
///
/// assert_eq!(list(Guard(scopegate_macros::scope!("read:orders"))), "read:orders");
/// ```
///
/// ```compile_fail
/// use scopegate_claims::ScopeName;
///
/// struct Guard<S: ScopeName>(S);
///
/// fn list(guard: Guard<"read:orders">) {} // no `#[scoped]`
/// ```
#[proc_macro_attribute]
pub fn scoped(arguments: TokenStream, item: TokenStream) -> TokenStream {
    scoped::expand(arguments.into(), &item.into(), &crate_path::find()).into()
}

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
