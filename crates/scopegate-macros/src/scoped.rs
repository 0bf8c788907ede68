//! `#[scoped]`, which turns string literals in the generic arguments of a signature into types.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Error, Expr, ExprLit, GenericArgument, Item, Lit, LitStr, PathArguments,
    PathSegment, Result, Signature, Token, Type, TypeTuple, Visibility, token,
};

use crate::literal::{Kind, packed};

/// The types whose arguments are collected into one tuple.
const LISTS: [&str; 3] = ["AllOf", "AnyOf", "RequireAcr"];

/// The types whose arguments are not scopes, and the kind of their literals. `None` means a number.
const NOT_SCOPES: [(&str, Option<Kind>); 4] = [
    ("RequireAcr", Some(Kind::Acr)),
    ("RequireFresh", None),
    ("RequireGroup", Some(Kind::Value)),
    ("RequireRole", Some(Kind::Value)),
];

/// Rewrites the item. If that is not possible, returns the unchanged item with a compile error.
pub(crate) fn expand(
    arguments: TokenStream,
    item: &TokenStream,
    crate_path: &TokenStream,
) -> TokenStream {
    if !arguments.is_empty() {
        let error =
            Error::new_spanned(arguments, "`#[scoped]` takes no arguments").into_compile_error();
        return quote!(#error #item);
    }
    let rewritten = Parser::parse2(|input: ParseStream| rewrite(input, crate_path), item.clone());
    rewritten.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn rewrite(input: ParseStream, crate_path: &TokenStream) -> Result<TokenStream> {
    let mut literals = Literals { crate_path, kind: Some(Kind::Scope), seen: 0, tuples: 0 };
    if let Ok(mut function) = input.fork().parse::<Function>() {
        input.parse::<TokenStream>()?;
        literals.visit_signature_mut(&mut function.signature);
        let lints = literals.lints();
        let Function { attributes, visibility, signature, body } = function;
        return Ok(quote!(#lints #(#attributes)* #visibility #signature #body));
    }
    let mut item: Item = input.parse()?;
    match item {
        Item::Enum(_) | Item::Impl(_) | Item::Struct(_) | Item::Trait(_) | Item::Type(_) => {
            literals.visit_item_mut(&mut item);
            let lints = literals.lints();
            Ok(quote!(#lints #item))
        }
        _ => Err(Error::new(
            Span::call_site(),
            "`#[scoped]` can be used on a function, an impl block, a trait, a type alias, a struct or an enum",
        )),
    }
}

/// A function, method or trait method. Its body is passed on unparsed.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

/// A visitor that replaces the literals in all types.
struct Literals<'a> {
    crate_path: &'a TokenStream,
    /// The kind of literals at the current position; `None` where a number is expected.
    kind: Option<Kind>,
    /// The number of literals replaced so far.
    seen: usize,
    /// The number of argument lists that became tuples.
    tuples: usize,
}

impl Literals<'_> {
    /// The developer wrote a list, and this macro made the tuple. Clippy must not complain to them
    /// about its complexity.
    fn lints(&self) -> Option<TokenStream> {
        (self.tuples > 0).then(|| quote!(#[allow(clippy::type_complexity)]))
    }
}

impl VisitMut for Literals<'_> {
    fn visit_generic_argument_mut(&mut self, argument: &mut GenericArgument) {
        if let GenericArgument::Const(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) = argument
        {
            *argument = match self.kind {
                Some(kind) => {
                    GenericArgument::Type(Type::Verbatim(packed(literal, kind, self.crate_path)))
                }
                None => GenericArgument::Const(Expr::Verbatim(not_a_number(literal))),
            };
            self.seen += 1;
        } else {
            visit_mut::visit_generic_argument_mut(self, argument);
        }
    }

    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        let special = NOT_SCOPES.iter().find(|(name, _)| segment.ident == name);
        let kind = special.map_or(Some(Kind::Scope), |(_, kind)| *kind);
        let is_list = LISTS.iter().any(|name| segment.ident == name);
        let before = self.seen;
        let outer = std::mem::replace(&mut self.kind, kind);
        visit_mut::visit_path_segment_mut(self, segment);
        self.kind = outer;
        if !is_list {
            return;
        }
        if let PathArguments::AngleBracketed(list) = &mut segment.arguments
            && is_list_of_rules(&list.args, self.seen - before)
        {
            list.args = into_tuple(std::mem::take(&mut list.args), segment.ident.span());
            self.tuples += 1;
        }
    }

    // Only types are rewritten. String literals in bodies and constants are kept.
    fn visit_block_mut(&mut self, _: &mut Block) {}

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// The compile error for a string where a number is expected, as a constant.
fn not_a_number(literal: &LitStr) -> TokenStream {
    let problem = "write a number of seconds without quotes: `RequireFresh<300>`";
    let error = Error::new(literal.span(), problem).into_compile_error();
    quote!({ #error })
}

type Arguments = Punctuated<GenericArgument, Token![,]>;

/// Tells whether the arguments are a list of rules that must become a tuple.
///
/// A single argument is not such a list if it is a tuple, or a type name, which may stand for a
/// tuple. `literals` is the number of literals that were replaced inside the arguments.
fn is_list_of_rules(arguments: &Arguments, literals: usize) -> bool {
    let all_types = arguments.iter().all(|one| matches!(one, GenericArgument::Type(_)));
    let is_tuple = matches!(arguments.first(), Some(GenericArgument::Type(Type::Tuple(_))));
    all_types && (arguments.len() > 1 || (literals > 0 && !is_tuple))
}

/// Turns the `A, B` of `AnyOf<A, B>` into `(A, B)`.
fn into_tuple(arguments: Arguments, span: Span) -> Arguments {
    let mut elems: Punctuated<Type, Token![,]> = Punctuated::new();
    for argument in arguments {
        if let GenericArgument::Type(rule) = argument {
            elems.push(rule);
        }
    }
    if elems.len() == 1 {
        elems.push_punct(token::Comma(span));
    }
    let tuple = TypeTuple { attrs: Vec::new(), paren_token: token::Paren(span), elems };
    [GenericArgument::Type(Type::Tuple(tuple))].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: &str) -> String {
        let item = item.parse().unwrap();
        expand(TokenStream::new(), &item, &quote!(::scopegate)).to_string()
    }

    /// The expanded item, with `A` in place of the packed type of the literal "a", and so on.
    fn shortened(item: &str) -> String {
        let mut text = expanded(item);
        for name in ["a", "b", "c"] {
            let literal = LitStr::new(name, Span::call_site());
            let crate_path = quote!(::scopegate);
            let scope = packed(&literal, Kind::Scope, &crate_path).to_string();
            let value = packed(&literal, Kind::Value, &crate_path).to_string();
            text = text.replace(&scope, &name.to_uppercase());
            text = text.replace(&value, &format!("v{}", name.to_uppercase()));
        }
        text
    }

    /// Compares without white space, because the spacing depends on whether tokens were parsed.
    fn assert_expands(from: &str, to: &str) {
        let bare = |text: &str| text.replace(char::is_whitespace, "");
        assert_eq!(bare(&shortened(from)), bare(to));
    }

    #[test]
    fn literals_are_replaced_at_any_depth() {
        assert_expands(
            r#"async fn f(x: Option<(Guard<"a">, &mut [Guard<"b">])>) -> Result<Guard<"c">, ()> {}"#,
            "async fn f(x: Option<(Guard<A>, &mut [Guard<B>])>) -> Result<Guard<C>, ()> {}",
        );
        assert_expands(
            r#"fn f<T: Into<Guard<"a">>>(x: impl Fn(Guard<"b">)) where T: Holds<Guard<"c">>, {}"#,
            "fn f<T: Into<Guard<A>>>(x: impl Fn(Guard<B>)) where T: Holds<Guard<C>>, {}",
        );
    }

    #[test]
    fn the_body_attributes_and_other_constants_are_unchanged() {
        let item = r#"
            #[name = "a"]
            #[axum::debug_handler]
            pub(crate) async fn f(x: [u8; { Guard::<"a">; 1 }], y: Text<LEN = "a">) -> Fixed<3, 'a'> {
                let half = Guard::<"b">::new("c")
            }
        "#;
        assert_expands(item, item);
    }

    #[test]
    fn a_list_becomes_a_tuple_and_lists_can_be_nested() {
        assert_expands(
            r#"fn f(x: AnyOf<"a", auth::AllOf<"b", Named>>, y: AllOf<"c">) {}"#,
            "#[allow(clippy::type_complexity)]
             fn f(x: AnyOf<(A, auth::AllOf<(B, Named)>)>, y: AllOf<(C,)>) {}",
        );
    }

    #[test]
    fn tuples_and_type_names_are_unchanged() {
        let item = "fn f(x: AnyOf<(Named, Other)>, y: AllOf<Several>) {}";
        assert_expands(item, item);
        assert_expands(
            r#"fn f(x: AnyOf<(Named, AllOf<"a", "b">)>) {}"#,
            "#[allow(clippy::type_complexity)] fn f(x: AnyOf<(Named, AllOf<(A, B)>)>) {}",
        );
    }

    #[test]
    fn the_enclosing_type_determines_the_kind_of_a_literal() {
        assert_expands(
            r#"fn f(x: RequireRole<"a">, y: Option<auth::RequireGroup<"b">>, z: Guard<"c">) {}"#,
            "fn f(x: RequireRole<vA>, y: Option<auth::RequireGroup<vB>>, z: Guard<C>) {}",
        );
        assert_expands(
            r#"fn f(x: RequireAcr<"a">, y: RequireAcr<"b", Named>, z: RequireFresh<300>) {}"#,
            "#[allow(clippy::type_complexity)]
             fn f(x: RequireAcr<(vA,)>, y: RequireAcr<(vB, Named)>, z: RequireFresh<300>) {}",
        );
    }

    #[test]
    fn methods_impl_blocks_aliases_and_structs_are_supported() {
        assert_expands(
            r#"pub async fn f(&self, x: Guard<"a">) {}"#,
            "pub async fn f(&self, x: Guard<A>) {}",
        );
        assert_expands(
            r#"impl Orders { fn f(x: Guard<"a">) { Guard::<"b">::new() } }"#,
            r#"impl Orders { fn f(x: Guard<A>) { Guard::<"b">::new() } }"#,
        );
        assert_expands(r#"type Read = Guard<"a">;"#, "type Read = Guard<A>;");
        assert_expands(r#"struct S(Guard<"a">);"#, "struct S(Guard<A>);");
    }

    #[test]
    fn an_unsupported_item_is_kept_and_reported() {
        let text = expanded("mod orders {}");
        assert!(
            text.contains("can be used on a function") && text.contains("mod orders"),
            "{text}"
        );
    }

    #[test]
    fn it_takes_no_arguments() {
        let text = expand(
            quote!(strict),
            &quote!(
                type A = B;
            ),
            &quote!(::scopegate),
        )
        .to_string();
        assert!(text.contains("takes no arguments") && text.contains("type A"), "{text}");
    }
}
