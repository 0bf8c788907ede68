//! Compiles and runs the examples of the documents that belong to no crate. The README of a crate is
//! in that crate.

#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../../docs/errors.md")]
struct Errors;

#[doc = include_str!("../../docs/metrics.md")]
struct Metrics;

#[doc = include_str!("../../docs/testing.md")]
struct TestingYourService;

#[doc = include_str!("../../docs/providers.md")]
struct Providers;

#[doc = include_str!("../../docs/tokens-from-elsewhere.md")]
struct TokensFromElsewhere;

#[doc = include_str!("../../docs/resource-checks.md")]
struct ResourceChecks;

#[doc = include_str!("../../docs/hooks.md")]
struct Hooks;

#[doc = include_str!("../../docs/browsers.md")]
struct Browsers;
