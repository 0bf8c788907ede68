//! What a service author needs in tests: an issuer in process, a clock, knobs
