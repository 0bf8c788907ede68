//! The services to which tokens are presented.

use std::time::Duration;

use crate::jose::JoseVerifier;
use crate::layer::LayerVerifier;
use crate::token::Token;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Layer,
    Jose,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Layer, Self::Jose];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Layer => "our layer",
            Self::Jose => "jose",
        }
    }

    /// How long it may accept a revoked key once it is not published. `published` is the
    /// `max-age` of `/keys`, which jose does not read: it keeps keys for 10 minutes.
    pub(crate) fn keeps_keys_for(self, published: Duration) -> Duration {
        match self {
            Self::Layer => published,
            Self::Jose => Duration::from_secs(600),
        }
    }
}

pub(crate) struct Verifiers {
    layer: LayerVerifier,
    jose: JoseVerifier,
}

impl Verifiers {
    pub(crate) fn start(base: &str) -> Self {
        Self { layer: LayerVerifier::new(base), jose: JoseVerifier::start(base) }
    }

    /// The error is the reason of the refusal.
    pub(crate) async fn verify(&self, kind: Kind, token: &Token) -> Result<(), String> {
        match kind {
            Kind::Layer => self.layer.verify(token.server, &token.text).await,
            Kind::Jose => self.jose.verify(token.server, &token.text).await,
        }
    }
}
