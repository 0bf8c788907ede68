//! The compiler's messages for mistakes in a signature. What compiles is tested in `spellings.rs`.

#[test]
fn mistakes_are_reported_at_their_position() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    #[cfg(feature = "routes")]
    cases.compile_fail("tests/ui/routes/*.rs");
}
