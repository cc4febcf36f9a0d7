//! What has an effect at a source: written into the order's record before it is sent, cleared when the answer is known.

use std::fs::File;

use serde::{Deserialize, Serialize};

use super::{
    delivered,
    source::{Settled, Source},
};
use crate::{
    certificate, clock,
    error::{Code, Error, Result},
    journal::{Journal, orders::KeptOrder},
    model::{OrderAct, OrderSource, PendingAct, Product, RevocationReason, word},
    validation::order::Order,
};

/// What is to be done, with what it needs.
pub(crate) enum Act<'a> {
    /// Begin the order, buy it.
    Buy(&'a Product),
    /// Tell that the domains may be looked at.
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
    /// A fingerprint of the public key in it.
    #[serde(default)]
    pub(crate) key: Option<String>,
}

impl Pending {
    pub(crate) fn view(&self) -> PendingAct {
        PendingAct { act: self.act, since: clock::rfc3339(self.since.max(0) as u64) }
    }
}

const DOING: &str = "driving an order at its source";

/// What is to be sent.
pub(crate) enum Sent<'a> {
    /// The request.
    Submission(&'a [u8]),
    /// Anything else.
    Act(Act<'a>),
}

impl Sent<'_> {
    fn kind(&self) -> OrderAct {
        match self {
            Sent::Submission(_) => OrderAct::Submit,
            Sent::Act(act) => act.kind(),
        }
    }

    fn csr(&self) -> Option<&[u8]> {
        match self {
            Sent::Submission(csr) | Sent::Act(Act::Reissue(csr)) => Some(csr),
            Sent::Act(_) => None,
        }
    }

    fn request(&self) -> Option<String> {
        self.csr().map(certificate::fingerprint)
    }
}

/// Drives one order; nobody else does meanwhile.
pub(crate) struct Driver<'a> {
    pub(crate) journal: Journal,
    pub(crate) number: i64,
    pub(crate) source: &'a dyn Source,
    /// Seconds that what was sent may still be on its way.
    pub(crate) settle: i64,
    _lock: File,
}

impl<'a> Driver<'a> {
    /// # Errors
    /// [`Code::OrderBusy`].
    pub(crate) fn new(journal: Journal, number: i64, source: &'a dyn Source, settle: u32) -> Result<Driver<'a>> {
        let _lock = journal.drive(number)?;
        Ok(Driver { journal, number, source, settle: settle.into(), _lock })
    }

    /// Does something with an effect, once. What is still unanswered is asked about first; if that was the same and is done, it
    /// is not done again.
    ///
    /// # Errors
    /// [`Code::OrderUnsettled`] when the answer is lost, [`Code::OrderActNotNow`], and the source's.
    pub(crate) async fn send(&self, sent: Sent<'_>, prepare: impl Fn(&mut Order)) -> Result<KeptOrder> {
        let kept = self.order()?;
        if let Some(pending) = &kept.order.pending {
            let (act, request) = (pending.act, pending.request.clone());
            // What cannot be asked about, and is done once however often it is sent, is cleared up by its answer.
            if act == sent.kind() && self.source.repeats(act) {
                self.not_done()?;
            } else if self.settled().await? == Settled::Done && act == sent.kind() && request == sent.request() {
                return self.refresh().await;
            }
        }
        let mut before = self.order()?;
        if before.order.remote.is_some() || sent.kind() != OrderAct::Buy {
            before = self.refresh().await?;
            let seen = before.order.seen.as_ref();
            if !before.order.acts().contains(&sent.kind()) {
                let state = seen.map(|seen| seen.said.clone()).unwrap_or_default();
                return Err(self.error(Code::OrderActNotNow, sent.kind()).with("state", state));
            }
        }
        let buys = matches!(sent.kind(), OrderAct::Buy | OrderAct::Renew);
        let known = if buys { self.source.known().await? } else { Vec::new() };
        let code = before.order.seen.as_ref().map(|seen| seen.code.clone()).unwrap_or_default();
        let since = clock::now() as i64;
        let key = sent.csr().map(delivered::key_of_request).transpose()?;
        let pending = Pending { act: sent.kind(), since, code, known, request: sent.request(), key };
        let (mut kept, ()) = self.journal.change_order(self.number, |order| {
            prepare(order);
            order.pending = Some(pending.clone());
            Ok(())
        })?;
        let answer = match &sent {
            Sent::Submission(csr) => self.source.submit(&mut kept.order, csr).await,
            Sent::Act(act) => self.source.act(&mut kept.order, act).await,
        };
        match answer {
            Ok(()) => {
                if sent.kind() == OrderAct::Renew && kept.order.successor.is_none() {
                    kept.order.successor = self.fresh(&pending.known).await;
                }
                self.done(kept.order, sent.kind())?;
            }
            Err(error) if surely_not_done(&error) => {
                self.not_done()?;
                return Err(error);
            }
            Err(error) => return Err(self.error(Code::OrderUnsettled, sent.kind()).because(error)),
        }
        // It is done; where it stands now can be asked again later.
        match self.refresh().await {
            Ok(kept) => Ok(kept),
            Err(_) => self.order(),
        }
    }

    /// The one order at the source that was not there before; `None`: there is none such, or it cannot be told now.
    async fn fresh(&self, known: &[String]) -> Option<String> {
        let mut fresh = self.source.known().await.ok()?;
        fresh.retain(|one| !known.contains(one));
        if fresh.len() == 1 { fresh.pop() } else { None }
    }

    /// Where the order stands. What is unanswered is asked about first.
    pub(crate) async fn refresh(&self) -> Result<KeptOrder> {
        if self.order()?.order.pending.is_some() {
            self.settled().await?;
        }
        let kept = self.order()?;
        // Nothing was bought: there is nothing to ask about.
        if kept.order.remote.is_none() && kept.order.source != OrderSource::ByHand {
            return Ok(kept);
        }
        let remote = self.source.look(&kept.order).await?;
        Ok(self.journal.change_order(self.number, |order| order.take(remote))?.0)
    }

    /// A person has seen at the source what became of it.
    pub(crate) fn told(&self, done: bool, remote: Option<String>) -> Result<KeptOrder> {
        let kept = self.order()?;
        let Some(pending) = kept.order.pending.clone() else { return Ok(kept) };
        let mut order = kept.order;
        if done {
            order.remote = remote.or(order.remote);
            if pending.act == OrderAct::Buy && order.remote.is_none() {
                return Err(self.error(Code::OrderUnsettled, pending.act));
            }
            self.done(order, pending.act)?;
        } else {
            self.not_done()?;
        }
        self.order()
    }

    async fn settled(&self) -> Result<Settled> {
        let mut order = self.order()?.order;
        let Some(mut pending) = order.pending.clone() else { return Ok(Settled::NotDone) };
        // What other orders here are is not what this one has become.
        pending.known.extend(
            self.journal
                .orders()?
                .into_iter()
                .filter(|other| other.number != self.number)
                .filter_map(|other| other.order.remote),
        );
        let unsettled = || self.error(Code::OrderUnsettled, pending.act);
        let settled = self.source.settle(&mut order, &pending).await.map_err(|error| unsettled().because(error))?;
        let left = pending.since + self.settle - clock::now() as i64;
        match settled {
            Settled::Done => self.done(order, pending.act)?,
            Settled::NotDone if left <= 0 => {
                self.not_done()?;
            }
            Settled::NotDone => return Err(unsettled().with("seconds", left)),
            Settled::Unclear => return Err(unsettled()),
        }
        Ok(settled)
    }

    /// Keeps that it was done, and what the source said of it.
    fn done(&self, told: Order, act: OrderAct) -> Result<()> {
        let now = clock::now() as i64;
        self.journal.change_order(self.number, |order| {
            let handed_in = order.pending.take().and_then(|pending| pending.key).or_else(|| told.handed_in.clone());
            // A check may have written meanwhile, unless it was of another order there.
            let last = order.last.take().filter(|_| order.remote == told.remote);
            *order = Order { last, pending: None, handed_in, ..told };
            match act {
                OrderAct::Letter => order.letter = Some(now),
                OrderAct::Revoke => order.revoking = Some(now),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Nothing is unanswered any more: it was not done.
    fn not_done(&self) -> Result<()> {
        self.journal.change_order(self.number, |order| {
            order.pending = None;
            Ok(())
        })?;
        Ok(())
    }

    fn order(&self) -> Result<KeptOrder> {
        self.journal.order(&self.number.to_string())
    }

    fn error(&self, code: Code, act: OrderAct) -> Error {
        Error::new(code, DOING).with("order", self.number).with("act", word(&act))
    }
}

/// The source said no, or it cannot have been sent. Everything else may have been done.
fn surely_not_done(error: &Error) -> bool {
    let not_sent = matches!(error.code, Code::BadInput | Code::CaNameUnknown | Code::OrderActNotNow);
    not_sent || error.code == Code::UsslRefused || crate::ca::acme::is_no(error.code)
}
