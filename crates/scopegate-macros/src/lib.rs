//! The literals of scopegate: [`scope!`], [`scopes!`], [`value!`], [`values!`] and [`macro@scoped`].
//!
//! Use them through `scopegate`, `scopegate-axum` or next to `scopegate-claims`: the code they write
//! names whichever of these the package depends on, also under another name.

#![deny(missing_docs)]

mod home;
mod literal;
mod markers;
mod scoped;

use proc_macro::TokenStream;
use syn::{LitStr, parse_macro_input};

use crate::literal::Kind;

/// Turns a string literal into the type of that scope, and into its only value.
///
/// The scope is checked where it stands: a text that RFC 6749 §3.3 does not allow is a compile
/// error at the literal. At most 64 bytes; a longer scope is declared with [`scopes!`].
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
/// # use scopegate_macros::scope;
/// type ReadOrders = scope!("read orders"); // a space separates scopes, it is in none
/// ```
#[proc_macro]
pub fn scope(input: TokenStream) -> TokenStream {
    let literal = parse_macro_input!(input as LitStr);
    literal::packed(&literal, Kind::Scope, &home::path()).into()
}

/// Turns a string literal into the type of that value of a claim, and into its only value.
///
/// For roles, groups and ways of signing in, which need not be scopes: `RequireRole<value!("admin")>`.
/// At most 64 bytes; a longer one is declared with [`values!`].
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
/// # use scopegate_macros::value;
/// type StoreManager = value!("store manager "); // a space that nobody sees
/// ```
#[proc_macro]
pub fn value(input: TokenStream) -> TokenStream {
    let literal = parse_macro_input!(input as LitStr);
    literal::packed(&literal, Kind::Value, &home::path()).into()
}

/// Declares values of claims as types of their own, as [`scopes!`] declares scopes.
///
/// ```
/// use scopegate_claims::ClaimValue;
/// use scopegate_macros::values;
///
/// values! {
///     /// Whoever runs a store.
///     pub StoreManager = "store manager";
///     pub Password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// }
///
/// assert_eq!(StoreManager::VALUE, "store manager");
/// ```
///
/// ```compile_fail
/// # use scopegate_macros::values;
/// values! {
///     pub Nobody = "";
/// }
/// ```
#[proc_macro]
pub fn values(input: TokenStream) -> TokenStream {
    let markers = parse_macro_input!(input as markers::Markers);
    markers.expand(Kind::Value, &home::path()).into()
}

/// Declares scopes as types of their own, of any length and readable in errors and docs.
///
/// Each is a unit struct that is `Clone`, `Copy`, `Debug` and a `ScopeName`. Doc comments and other
/// attributes stay; without a doc comment the docs name the scope. Naming one scope twice is an
/// error, because it is nearly always a slip of the pen that opens a handler.
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
/// # use scopegate_macros::scopes;
/// scopes! {
///     pub ReadOrders = "read:orders";
///     pub WriteOrders = "read:orders"; // already named
/// }
/// ```
#[proc_macro]
pub fn scopes(input: TokenStream) -> TokenStream {
    let markers = parse_macro_input!(input as markers::Markers);
    markers.expand(Kind::Scope, &home::path()).into()
}

/// Lets string literals stand for scopes and values in a signature: `RequireScope<"read:orders">`.
///
/// Stable Rust parses a string among generic arguments and then refuses it (E0747). This attribute
/// replaces each such literal by the type that [`scope!`] makes of it, however deep it is nested,
/// and changes nothing else: neither the body nor the position of any error.
///
/// - `AnyOf<"a", "b">` and `AllOf<"a", "b">` become the tuples that these types take,
///   `AnyOf<(A, B)>`; they nest: `AnyOf<"a", AllOf<"b", "c">>`.
/// - In `RequireRole<"…">`, `RequireGroup<"…">` and `RequireAcr<"…", "…">` a literal is the value of a
///   claim, as [`value!`] makes it. It is the name of the type that says so: an alias takes [`value!`].
/// - Write it above whatever looks at the types: `#[axum::debug_handler]`, `#[derive(…)]`.
/// - It goes on functions and methods; also on an impl block or a trait (all its signatures), a type
///   alias, a struct or an enum.
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
/// # use scopegate_claims::ScopeName;
/// # struct Guard<S: ScopeName>(S);
/// fn list(guard: Guard<"read:orders">) {} // no `#[scoped]`
/// ```
#[proc_macro_attribute]
pub fn scoped(arguments: TokenStream, item: TokenStream) -> TokenStream {
    scoped::expand(arguments.into(), &item.into(), &home::path()).into()
}
