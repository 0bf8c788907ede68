//! The requests that are measured.

/// A kind of request.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Code,
    Refresh,
    Introspection,
    Userinfo,
    ClientCredentials,
}

impl Work {
    pub(crate) const ALL: [Self; 5] =
        [Self::Code, Self::Refresh, Self::Introspection, Self::Userinfo, Self::ClientCredentials];

    /// Its name on the command line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Refresh => "refresh",
            Self::Introspection => "introspection",
            Self::Userinfo => "userinfo",
            Self::ClientCredentials => "client_credentials",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Code => "code exchange, with ID and refresh token",
            Self::Refresh => "refresh with rotation, with ID token",
            Self::Introspection => "introspection of a user's token",
            Self::Userinfo => "userinfo",
            Self::ClientCredentials => "client_credentials",
        }
    }
}
