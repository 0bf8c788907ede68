//! What the compiler says to a mistake in a signature; what compiles is in `spellings.rs`.

#[test]
fn mistakes_are_explained_where_they_are_made() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
