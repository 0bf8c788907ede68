//! `#[scoped]`: string literals among the generic arguments of a signature become scope types.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Error, Expr, ExprLit, GenericArgument, Item, Lit, PathArguments, PathSegment,
    Result, Signature, Token, Type, TypeTuple, Visibility, token,
};

use crate::literal::packed;

/// The types that take several rules, as a tuple.
const COMBINATORS: [&str; 2] = ["AllOf", "AnyOf"];

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
    let mut literals = Literals { home, seen: 0 };
    if let Ok(mut function) = input.fork().parse::<Function>() {
        input.parse::<TokenStream>()?;
        literals.visit_signature_mut(&mut function.signature);
        let Function { attributes, visibility, signature, body } = function;
        return Ok(quote!(#(#attributes)* #visibility #signature #body));
    }
    let mut item: Item = input.parse()?;
    match item {
        Item::Enum(_) | Item::Impl(_) | Item::Struct(_) | Item::Trait(_) | Item::Type(_) => {
            literals.visit_item_mut(&mut item);
            Ok(quote!(#item))
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
    /// How many literals were replaced so far.
    seen: usize,
}

impl VisitMut for Literals<'_> {
    fn visit_generic_argument_mut(&mut self, argument: &mut GenericArgument) {
        if let GenericArgument::Const(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) = argument
        {
            *argument = GenericArgument::Type(Type::Verbatim(packed(literal, self.home)));
            self.seen += 1;
        } else {
            visit_mut::visit_generic_argument_mut(self, argument);
        }
    }

    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        let before = self.seen;
        visit_mut::visit_path_segment_mut(self, segment);
        if COMBINATORS.iter().any(|name| segment.ident == name) {
            let has_literal = self.seen > before;
            into_tuple(segment, has_literal);
        }
    }

    // Only types are rewritten: a body or a constant keeps its strings.
    fn visit_block_mut(&mut self, _: &mut Block) {}

    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// Turns `AnyOf<A, B>` into `AnyOf<(A, B)>`.
///
/// One argument that is a tuple already, or may be the name of one, stays.
fn into_tuple(segment: &mut PathSegment, has_literal: bool) {
    let ident = &segment.ident;
    let PathArguments::AngleBracketed(list) = &mut segment.arguments else { return };
    let is_tuple = match list.args.first() {
        Some(GenericArgument::Type(Type::Tuple(_))) => true,
        _ => !has_literal,
    };
    let all_types = list.args.iter().all(|argument| matches!(argument, GenericArgument::Type(_)));
    if !all_types || (list.args.len() == 1 && is_tuple) {
        return;
    }
    let mut elems: Punctuated<Type, Token![,]> = Punctuated::new();
    for argument in std::mem::take(&mut list.args) {
        if let GenericArgument::Type(rule) = argument {
            elems.push(rule);
        }
    }
    if elems.len() == 1 {
        elems.push_punct(token::Comma(ident.span()));
    }
    list.args.push(GenericArgument::Type(Type::Tuple(TypeTuple {
        attrs: Vec::new(),
        paren_token: token::Paren(ident.span()),
        elems,
    })));
}

#[cfg(test)]
mod tests {
    use syn::LitStr;

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
            let packed = packed(&literal, &quote!(::scopegate)).to_string();
            text = text.replace(&packed, &name.to_uppercase());
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
            "fn f(x: AnyOf<(A, auth::AllOf<(B, Named)>)>, y: AllOf<(C,)>) {}",
        );
    }

    #[test]
    fn a_tuple_stays_a_tuple_and_a_name_stays_a_name() {
        let item = "fn f(x: AnyOf<(Named, Other)>, y: AllOf<Several>) {}";
        assert_written(item, item);
        assert_written(
            r#"fn f(x: AnyOf<(Named, AllOf<"a", "b">)>) {}"#,
            "fn f(x: AnyOf<(Named, AllOf<(A, B)>)>) {}",
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
