//! What has an effect at a source: written into the order's record before it is sent, cleared when the answer is known.

use serde::{Deserialize, Serialize};

use crate::{
    clock,
    model::{OrderAct, PendingAct, Product, RevocationReason},
};

/// What is to be done, with what it needs.
pub(crate) enum Act<'a> {
    /// Begin the order, buy it.
    Buy(&'a Product),
    /// The domains can be looked at.
    Prove,
    /// The stamped letter, as it is in its file.
    Letter(&'a [u8]),
    /// Another certificate, for the key of this request.
    Reissue(&'a [u8]),
    /// The next one.
    Renew(&'a Product),
    /// Cancel.
    Cancel,
    /// Revoke.
    Revoke {
        /// Why.
        reason: RevocationReason,
        /// The stamped letter, where one is needed.
        letter: Option<&'a [u8]>,
    },
}

impl Act<'_> {
    /// What it is.
    pub(crate) fn kind(&self) -> OrderAct {
        match self {
            Act::Buy(_) => OrderAct::Buy,
            Act::Prove => OrderAct::Prove,
            Act::Letter(_) => OrderAct::Letter,
            Act::Reissue(_) => OrderAct::Reissue,
            Act::Renew(_) => OrderAct::Renew,
            Act::Cancel => OrderAct::Cancel,
            Act::Revoke { .. } => OrderAct::Revoke,
        }
    }
}

/// What was sent and not answered yet, with what must be known to ask what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pending {
    pub(crate) act: OrderAct,
    /// Seconds since 1970.
    pub(crate) since: i64,
    /// The source's code for the order before.
    #[serde(default)]
    pub(crate) code: String,
    /// Orders that were there before.
    #[serde(default)]
    pub(crate) known: Vec<String>,
    /// A fingerprint of the request that was sent.
    #[serde(default)]
    pub(crate) request: Option<String>,
}

impl Pending {
    pub(crate) fn view(&self) -> PendingAct {
        PendingAct { act: self.act, since: clock::rfc3339(self.since.max(0) as u64) }
    }
}
