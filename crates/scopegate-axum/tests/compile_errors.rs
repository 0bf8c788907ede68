//! The compiler's messages for mistakes in a signature. What compiles is tested in `spellings.rs`.

#[test]
fn mistakes_are_reported_at_their_position() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
