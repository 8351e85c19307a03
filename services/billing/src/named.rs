/// What is known by a word of the practice's own and not by an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A service of the catalogue that is not retired, or has no price yet.
    Service,
    /// A tier of the sliding scale.
    Tier,
    /// A client's own rate, by its service.
    ClientRate,
}

impl Named {
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Tier => "tier",
            Self::ClientRate => "client rate",
        }
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_NOT_FOUND",
            Self::Tier => "TIER_NOT_FOUND",
            Self::ClientRate => "CLIENT_RATE_NOT_FOUND",
        }
    }
}
