//! Sign and verify JSON Web Tokens with keys that are held ready
