//! `#[scoped]`: string literals among the generic arguments of a signature become types.

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

/// The types that take several arguments, as a tuple.
const LISTS: [&str; 3] = ["AllOf", "AnyOf", "RequireAcr"];

/// The types whose literals are not scopes, and what they are; one takes a number.
const OF_OTHERS: [(&str, Option<Kind>); 4] = [
    ("RequireAcr", Some(Kind::Acr)),
    ("RequireFresh", None),
    ("RequireGroup", Some(Kind::Value)),
    ("RequireRole", Some(Kind::Value)),
];

/// Rewrites the item, or reports why it cannot and leaves it as it was.
pub(crate) fn expand(
    arguments: TokenStream,
    item: &TokenStream,
    home: &TokenStream,
) -> TokenStream {
    if !arguments.is_empty() {
        let error =
            Error::new_spanned(arguments, "`#[scoped]` takes no arguments").into_compile_error();
        return quote!(#error #item);
    }
    let rewritten = Parser::parse2(|input: ParseStream| rewrite(input, home), item.clone());
    rewritten.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn rewrite(input: ParseStream, home: &TokenStream) -> Result<TokenStream> {
    let mut literals = Literals { home, kind: Some(Kind::Scope), seen: 0, tuples: 0 };
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
            "`#[scoped]` goes on a function, an impl block, a trait, a type alias, a struct or an enum",
        )),
    }
}

/// A function, method or trait method. Its body is passed on as it is, not parsed.
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

/// Replaces the literals of all types that it visits.
struct Literals<'a> {
    home: &'a TokenStream,
    /// What a literal stands for where the visit is; nothing where a number is wanted.
    kind: Option<Kind>,
    /// How many literals were replaced so far.
    seen: usize,
    /// How many lists became tuples.
    tuples: usize,
}

impl Literals<'_> {
    /// The user wrote a list; that its tuple is a complex type is nobody's fault but ours.
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
                    GenericArgument::Type(Type::Verbatim(packed(literal, kind, self.home)))
                }
                None => GenericArgument::Const(Expr::Verbatim(no_number(literal))),
            };
            self.seen += 1;
        } else {
            visit_mut::visit_generic_argument_mut(self, argument);
        }
    }

    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        let of_others = OF_OTHERS.iter().find(|(name, _)| segment.ident == name);
        let kind = of_others.map_or(Some(Kind::Scope), |(_, kind)| *kind);
        let is_list = LISTS.iter().any(|name| segment.ident == name);
        let before = self.seen;
        let outer = std::mem::replace(&mut self.kind, kind);
        visit_mut::visit_path_segment_mut(self, segment);
        self.kind = outer;
        if !is_list {
            return;
        }
        if let PathArguments::AngleBracketed(list) = &mut segment.arguments
            && is_several(&list.args, self.seen - before)
        {
            list.args = into_tuple(std::mem::take(&mut list.args), segment.ident.span());
            self.tuples += 1;
        }
    }

    // Only types are rewritten: a body or a constant keeps its strings.
    fn visit_block_mut(&mut self, _: &mut Block) {}

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// The error at a text where a number is wanted, as a constant.
fn no_number(literal: &LitStr) -> TokenStream {
    let problem = "write a number of seconds without quotes: `RequireFresh<300>`";
    let error = Error::new(literal.span(), problem).into_compile_error();
    quote!({ #error })
}

type Arguments = Punctuated<GenericArgument, Token![,]>;

/// Tells whether arguments, of which some were literals, are a list of rules.
///
/// One argument that is a tuple already, or may be the name of one, is none.
fn is_several(arguments: &Arguments, literals: usize) -> bool {
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

    /// The item after the attribute, with `A` for the packed type of the literal "a", and so on.
    fn written(item: &str) -> String {
        let mut text = expanded(item);
        for name in ["a", "b", "c"] {
            let literal = LitStr::new(name, Span::call_site());
            let home = quote!(::scopegate);
            let scope = packed(&literal, Kind::Scope, &home).to_string();
            let value = packed(&literal, Kind::Value, &home).to_string();
            text = text.replace(&scope, &name.to_uppercase());
            text = text.replace(&value, &format!("v{}", name.to_uppercase()));
        }
        text
    }

    /// Compares without spaces: how tokens are spaced depends on whether they were parsed.
    fn assert_written(from: &str, to: &str) {
        let bare = |text: &str| text.replace(char::is_whitespace, "");
        assert_eq!(bare(&written(from)), bare(to));
    }

    #[test]
    fn literals_are_replaced_however_deep_they_are() {
        assert_written(
            r#"async fn f(x: Option<(Guard<"a">, &mut [Guard<"b">])>) -> Result<Guard<"c">, ()> {}"#,
            "async fn f(x: Option<(Guard<A>, &mut [Guard<B>])>) -> Result<Guard<C>, ()> {}",
        );
        assert_written(
            r#"fn f<T: Into<Guard<"a">>>(x: impl Fn(Guard<"b">)) where T: Holds<Guard<"c">>, {}"#,
            "fn f<T: Into<Guard<A>>>(x: impl Fn(Guard<B>)) where T: Holds<Guard<C>>, {}",
        );
    }

    #[test]
    fn the_body_attributes_and_other_constants_stay() {
        let item = r#"
            #[name = "a"]
            #[axum::debug_handler]
            pub(crate) async fn f(x: [u8; { Guard::<"a">; 1 }], y: Text<LEN = "a">) -> Fixed<3, 'a'> {
                let half = Guard::<"b">::new("c")
            }
        "#;
        assert_written(item, item);
    }

    #[test]
    fn a_list_becomes_the_tuple_and_lists_nest() {
        assert_written(
            r#"fn f(x: AnyOf<"a", auth::AllOf<"b", Named>>, y: AllOf<"c">) {}"#,
            "#[allow(clippy::type_complexity)]
             fn f(x: AnyOf<(A, auth::AllOf<(B, Named)>)>, y: AllOf<(C,)>) {}",
        );
    }

    #[test]
    fn a_tuple_stays_a_tuple_and_a_name_stays_a_name() {
        let item = "fn f(x: AnyOf<(Named, Other)>, y: AllOf<Several>) {}";
        assert_written(item, item);
        assert_written(
            r#"fn f(x: AnyOf<(Named, AllOf<"a", "b">)>) {}"#,
            "#[allow(clippy::type_complexity)] fn f(x: AnyOf<(Named, AllOf<(A, B)>)>) {}",
        );
    }

    #[test]
    fn what_a_literal_stands_for_is_said_by_the_type_around_it() {
        assert_written(
            r#"fn f(x: RequireRole<"a">, y: Option<auth::RequireGroup<"b">>, z: Guard<"c">) {}"#,
            "fn f(x: RequireRole<vA>, y: Option<auth::RequireGroup<vB>>, z: Guard<C>) {}",
        );
        assert_written(
            r#"fn f(x: RequireAcr<"a">, y: RequireAcr<"b", Named>, z: RequireFresh<300>) {}"#,
            "#[allow(clippy::type_complexity)]
             fn f(x: RequireAcr<(vA,)>, y: RequireAcr<(vB, Named)>, z: RequireFresh<300>) {}",
        );
    }

    #[test]
    fn methods_impl_blocks_aliases_and_structs_take_it_too() {
        assert_written(
            r#"pub async fn f(&self, x: Guard<"a">) {}"#,
            "pub async fn f(&self, x: Guard<A>) {}",
        );
        assert_written(
            r#"impl Orders { fn f(x: Guard<"a">) { Guard::<"b">::new() } }"#,
            r#"impl Orders { fn f(x: Guard<A>) { Guard::<"b">::new() } }"#,
        );
        assert_written(r#"type Read = Guard<"a">;"#, "type Read = Guard<A>;");
        assert_written(r#"struct S(Guard<"a">);"#, "struct S(Guard<A>);");
    }

    #[test]
    fn what_it_cannot_go_on_is_named_and_kept() {
        let text = expanded("mod orders {}");
        assert!(text.contains("goes on a function") && text.contains("mod orders"), "{text}");
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
