//! API access for Rust services: verify tokens offline, require scopes in the handler's signature
