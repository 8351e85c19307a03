use money::{Money, MoneyError};

/// Why facts are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Amounts of two currencies, or a sum too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The figures of a document do not add up.
    #[error("{figure} is stated as {stated} but adds up to {computed}")]
    FiguresDisagree {
        /// The figure's name.
        figure: &'static str,
        /// What the facts say.
        stated: Money,
        /// What follows from the other figures.
        computed: Money,
    },
    /// A cancelled bill still asks for money.
    #[error("a cancelled bill has the balance {0}")]
    CancelledWithBalance(Money),
}

/// Whether a stated figure is the one that follows from the others.
pub(super) fn agree(
    figure: &'static str,
    stated: Money,
    computed: Money,
) -> Result<(), DocumentError> {
    if stated == computed {
        return Ok(());
    }
    Err(DocumentError::FiguresDisagree {
        figure,
        stated,
        computed,
    })
}
