//! Orders driven at their source: handed in, followed, fetched, revoked.

use std::{fs::File, future::Future, io::Read, path::Path, time::Duration};

use der::Decode;
use x509_cert::request::CertReq;

use super::App;
use crate::{
    ca::ussl::{Console, UsslAccount},
    certificate, clock,
    error::{Code, Error, Result},
    model::*,
    orders::{
        acts::{Act, Driver, Sent},
        delivered,
        source::{ByHand, Source},
        ussl::Ussl,
    },
    stores::blocking,
    validation::order::Order,
};

const DOING: &str = "driving an order at its source";
/// Largest file that is handed in, bytes: a scan of some pages.
const LARGEST: u64 = 8 * 1024 * 1024;

/// What an order is driven with.
enum SourceAccount {
    /// Nothing: it was typed in.
    None,
    /// An account at UCloud's console, with its secret.
    Ussl(UsslAccount),
    /// The name of an account at a CA that speaks ACME.
    Acme(String),
}

impl App {
    /// Asks the source where the order stands; what was sent and not answered is asked about first.
    ///
    /// # Errors
    /// [`Code::OrderUnsettled`]; those of the way there.
    pub async fn order_refresh(&self, number: &str) -> Result<OrderView> {
        let kept = self.kept_order(number).await?;
        let account = self.account_of(&kept.order).await?;
        let source = self.source(&account).await?;
        let settle = self.validation_settings()?.watch.settle;
        let driver = Driver::new(self.desk.journal.clone(), kept.number, &*source, settle)?;
        let refreshed = driver.refresh().await?;
        self.successor(number).await?;
        Ok(refreshed.view())
    }

    /// Takes a person's word for what became of an act whose answer was lost; `remote`: the number that a purchase has got.
    ///
    /// # Errors
    /// [`Code::OrderUnsettled`] for a purchase that was done and has no number.
    pub async fn order_settle(&self, number: &str, done: bool, remote: Option<String>) -> Result<OrderView> {
        let kept = self.kept_order(number).await?;
        let settle = self.validation_settings()?.watch.settle;
        Ok(Driver::new(self.desk.journal.clone(), kept.number, &ByHand, settle)?.told(done, remote)?.view())
    }

    /// Hands in a request and what is said beside it. `csr`: made elsewhere (PKCS#10, PEM or DER); `None`: that of the order's own key
    /// ([`App::order_key`]).
    ///
    /// # Errors
    /// [`Code::BadInput`] (reason `order-request`), [`Code::OrderNoKey`], [`Code::OrderActNotNow`], [`Code::OrderUnsettled`].
    pub async fn order_submit(&self, number: &str, said: Submission, csr: Option<&[u8]>) -> Result<OrderView> {
        let domains =
            said.domains.iter().map(|one| crate::validation::names::domain(one)).collect::<Result<Vec<_>>>()?;
        let wanted = if domains.is_empty() { self.kept_order(number).await?.order.domains } else { domains.clone() };
        let request = self.request_to_hand_in(number, csr, &wanted).await?;
        let submitted = self
            .drive(number, Sent::Submission(&request), |order| {
                // By ACME all of it was said when it was ordered.
                if order.source != OrderSource::Ussl {
                    return;
                }
                if !domains.is_empty() {
                    order.domains.clone_from(&domains);
                }
                order.wanted = said.method;
                order.applicant = Some(said.applicant.clone());
            })
            .await;
        if submitted.is_err() && csr.is_none() {
            self.not_handed_in(number).await?;
        }
        submitted
    }

    /// The form of the letter, as the source has it, and the ending of its name.
    pub async fn order_letter_form(&self, number: &str, revocation: bool) -> Result<(Vec<u8>, String)> {
        let order = self.kept_order(number).await?.order;
        let account = match self.account_of(&order).await? {
            SourceAccount::Ussl(account) => account,
            SourceAccount::Acme(_) => return Err(Error::new(Code::BadInput, DOING).with("reason", "order-no-act")),
            SourceAccount::None => return Err(by_hand()),
        };
        let id = order.remote.as_deref().and_then(|remote| remote.parse().ok()).ok_or_else(by_hand)?;
        Console::new(&account, self.desk.way())?.letter_form(id, revocation).await
    }

    /// Hands in the request of another key; `csr` as for [`App::order_submit`].
    pub async fn order_reissue(&self, number: &str, csr: Option<&[u8]>, confirmed: &str) -> Result<OrderView> {
        self.confirmed(number, confirmed).await?;
        let wanted = self.kept_order(number).await?.order.domains;
        let request = self.request_to_hand_in(number, csr, &wanted).await?;
        let issued = self.drive(number, Sent::Act(Act::Reissue(&request)), |_| ()).await;
        if issued.is_err() && csr.is_none() {
            self.not_handed_in(number).await?;
        }
        issued
    }

    /// Cancels; `confirmed`: what [`App::order_names`] gives, typed by the person.
    pub async fn order_cancel(&self, number: &str, confirmed: &str) -> Result<OrderView> {
        self.confirmed(number, confirmed).await?;
        self.drive(number, Sent::Act(Act::Cancel), |_| ()).await
    }

    /// Revokes; `confirmed` as for [`App::order_cancel`], the letter as for [`App::order_letter`].
    pub async fn order_revoke(
        &self,
        number: &str,
        reason: RevocationReason,
        letter: Option<&LetterScan>,
        confirmed: &str,
    ) -> Result<OrderView> {
        self.confirmed(number, confirmed).await?;
        let letter = match letter {
            Some(scan) => Some(self.readable_letter(number, scan).await?),
            None => None,
        };
        self.drive(number, Sent::Act(Act::Revoke { reason, letter: letter.as_deref() }), |_| ()).await
    }

    /// What must be typed before an order is cancelled, its certificate revoked or made anew: its first domain, or its number at
    /// the source.
    pub async fn order_names(&self, number: &str) -> Result<String> {
        let order = self.kept_order(number).await?.order;
        Ok(order.domains.first().cloned().or(order.remote).unwrap_or_else(|| number.to_owned()))
    }

    /// The certificate and what leads to its root, checked against the request that was handed in (`csr`: PEM or DER; `None`: that of
    /// the order's own key, if it has one).
    ///
    /// # Errors
    /// [`Code::OrderNoCertificate`], [`Code::OrderOtherKey`].
    pub async fn order_certificate(&self, number: &str, csr: Option<&[u8]>) -> Result<Vec<Vec<u8>>> {
        let view = self.order_refresh(number).await?;
        let state = view.at_source.as_ref().map(|seen| (seen.state, seen.said.clone()));
        match state {
            Some((RemoteState::Issued, _)) => {}
            Some((RemoteState::Refused | RemoteState::Cancelled | RemoteState::Revoked, said)) => {
                return Err(self.over(number, said).await);
            }
            other => {
                let said = other.map(|(_, said)| said).unwrap_or_default();
                return Err(Error::new(Code::OrderNoCertificate, DOING).with("order", number).with("state", said));
            }
        }
        let order = self.kept_order(number).await?.order;
        let account = self.account_of(&order).await?;
        let chain = self.source(&account).await?.certificate(&order).await?;
        let other = || Error::new(Code::OrderOtherKey, DOING).with("order", number);
        let first = chain.first().ok_or_else(other)?;
        let key = match csr {
            Some(csr) => Some(delivered::key_of_request(&request_der(csr)?)?),
            None => match &order.handed_in {
                Some(key) => Some(key.clone()),
                None => {
                    self.own_request_of(number).await?.map(|request| delivered::key_of_request(&request)).transpose()?
                }
            },
        };
        if key.is_some_and(|key| delivered::key_of_certificate(first).ok() != Some(key)) {
            return Err(other());
        }
        if order.source == OrderSource::Acme {
            let (pem, journal) = (certificate::describe(first)?.pem, self.desk.journal.clone());
            let id = self.kept_order(number).await?.number;
            let keep = move |order: &mut Order| {
                order.acme.get_or_insert_default().certificate = Some(pem);
                Ok(())
            };
            blocking(move || journal.change_order(id, keep)).await??;
        }
        Ok(chain)
    }

    /// Why an order came to nothing, as near to the cause as its source says.
    pub(super) async fn over(&self, number: &str, said: String) -> Error {
        let why = async {
            let order = self.kept_order(number).await?.order;
            let account = self.account_of(&order).await?;
            self.source(&account).await?.why_over(&order).await
        };
        let why = why.await.ok().flatten();
        let refused = || Error::new(Code::OrderRefused, DOING).with("state", said);
        why.unwrap_or_else(refused).with("order", number)
    }

    /// Checks the domains and asks the source again and again, until the certificate is there (or gone, for a revocation).
    ///
    /// # Errors
    /// [`Code::OrderRefused`], [`Code::Cancelled`], [`Code::DeadlinePassed`].
    pub async fn order_follow(
        &self,
        number: &str,
        report: impl Fn(OrderEvent),
        cancelled: impl Future<Output = ()>,
    ) -> Result<OrderView> {
        tokio::select! {
            followed = self.follow(number, report) => followed,
            () = cancelled => Err(Error::new(Code::Cancelled, DOING)),
        }
    }

    async fn follow(&self, number: &str, report: impl Fn(OrderEvent)) -> Result<OrderView> {
        let settings = self.validation_settings()?;
        let order = || number.to_owned();
        for round in 0.. {
            let view = match self.order_refresh(number).await {
                // It will be known in a while.
                Err(error) if error.code == Code::OrderUnsettled && error.facts.contains_key("seconds") => None,
                view => Some(view?),
            };
            if let Some(seen) = view.as_ref().and_then(|view| view.at_source.clone()) {
                report(OrderEvent::AtSource { order: order(), seen: seen.clone() });
                let kept = self.kept_order(number).await?;
                let (revoking, acme) = (kept.order.revoking.is_some(), kept.order.source == OrderSource::Acme);
                let has_key = kept.key.is_some_and(|key| key.state == JobState::Waiting);
                match seen.state {
                    RemoteState::Issued if !revoking => return view.ok_or_else(by_hand),
                    RemoteState::Revoked | RemoteState::Cancelled => return view.ok_or_else(by_hand),
                    RemoteState::Refused => return Err(self.over(number, seen.said).await),
                    // All is proved: the CA waits for the request of the order's own key.
                    RemoteState::Draft if acme && has_key => {
                        self.order_submit(number, Submission::default(), None).await?;
                        continue;
                    }
                    // Or for one that a person has to name.
                    RemoteState::Draft if acme => return view.ok_or_else(by_hand),
                    _ => {}
                }
            }
            // What an ACME CA has seen, or looks at now, is not looked at again.
            let asks = |view: &OrderView| view.source != OrderSource::Acme || view.step == OrderStep::Prove;
            let proving = view.as_ref().is_some_and(|view| !view.proofs.is_empty() && asks(view));
            if proving {
                report(OrderEvent::Checking { order: order() });
                let check = self.order_check(number).await?;
                let ready = check.state == ProofState::Ready;
                let over = clock::now() as i64 > self.kept_order(number).await?.order.deadline;
                report(OrderEvent::Checked { order: order(), check, next: Some(settings.watch.pause(round)) });
                if over && !ready {
                    return Err(Error::new(Code::DeadlinePassed, DOING).with("order", number));
                }
                if ready && view.is_some_and(|view| view.acts.contains(&OrderAct::Prove)) {
                    self.order_prove(number).await?;
                    continue;
                }
            }
            tokio::time::sleep(Duration::from_secs(settings.watch.pause(round).into())).await;
        }
        Err(Error::new(Code::Internal, DOING))
    }

    /// Reads a file that a person hands in: a request, a letter, a certificate.
    ///
    /// # Errors
    /// [`Code::FileNotReadable`], also for what is too long to be one of them.
    pub async fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        let path = path.to_owned();
        let unreadable = |path: &Path| Error::new(Code::FileNotReadable, "reading a file").with("path", path.display());
        let read = move || {
            let mut bytes = Vec::new();
            let file = File::open(&path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
            file.map_err(|error| unreadable(&path).because(error))?;
            if bytes.len() as u64 > LARGEST {
                return Err(unreadable(&path).because("too long"));
            }
            Ok(bytes)
        };
        blocking(read).await?
    }

    /// Writes what was fetched, whole or not at all.
    ///
    /// # Errors
    /// [`Code::FileExists`] unless `replace`; [`Code::FileNotWritable`].
    pub async fn write_file(&self, path: &Path, content: &[u8], replace: bool) -> Result<()> {
        let (path, content) = (path.to_owned(), content.to_owned());
        blocking(move || crate::files::write_whole(&path, &content, replace)).await?
    }

    /// Tells that the domains may be looked at.
    pub(super) async fn order_prove(&self, number: &str) -> Result<OrderView> {
        self.drive(number, Sent::Act(Act::Prove), |_| ()).await
    }

    pub(super) async fn drive(&self, number: &str, sent: Sent<'_>, prepare: impl Fn(&mut Order)) -> Result<OrderView> {
        let kept = self.kept_order(number).await?;
        let account = self.account_of(&kept.order).await?;
        let source = self.source(&account).await?;
        let settle = self.validation_settings()?.watch.settle;
        let driver = Driver::new(self.desk.journal.clone(), kept.number, &*source, settle)?;
        Ok(driver.send(sent, prepare).await?.view())
    }

    async fn source<'a>(&self, account: &'a SourceAccount) -> Result<Box<dyn Source + 'a>> {
        Ok(match account {
            SourceAccount::None => Box::new(ByHand),
            SourceAccount::Ussl(account) => Box::new(Ussl(Console::new(account, self.desk.way())?)),
            SourceAccount::Acme(name) => Box::new(self.acme_source(name).await?),
        })
    }

    async fn account_of(&self, order: &Order) -> Result<SourceAccount> {
        Ok(match (&order.account, order.source) {
            (Some(name), OrderSource::Ussl) => SourceAccount::Ussl(self.console_account(name).await?),
            (Some(name), OrderSource::Acme) => SourceAccount::Acme(name.clone()),
            _ => SourceAccount::None,
        })
    }

    async fn confirmed(&self, number: &str, typed: &str) -> Result<()> {
        let name = self.order_names(number).await?;
        if !crate::validation::names::is_same(typed, &name) {
            return Err(Error::new(Code::OrderNotConfirmed, DOING).with("name", name));
        }
        Ok(())
    }
}

/// A request that was made elsewhere (PKCS#10), PEM or DER, as DER.
pub(super) fn request_der(csr: &[u8]) -> Result<Vec<u8>> {
    let der = match std::str::from_utf8(csr).ok().filter(|text| text.contains("-----BEGIN")) {
        Some(text) => {
            let (label, der) = der::pem::decode_vec(text.trim().as_bytes()).map_err(|_| bad_request())?;
            if !label.ends_with("CERTIFICATE REQUEST") {
                return Err(bad_request());
            }
            der
        }
        None => csr.to_vec(),
    };
    CertReq::from_der(&der).map_err(|_| bad_request())?;
    Ok(der)
}

pub(super) fn bad_request() -> Error {
    Error::new(Code::BadInput, DOING).with("reason", "order-request")
}

pub(super) fn by_hand() -> Error {
    Error::new(Code::BadInput, DOING).with("reason", "order-by-hand")
}

/// The certificates of a chain as PEM.
pub fn chain_pem(chain: &[Vec<u8>]) -> Result<String> {
    let pem = |der: &Vec<u8>| der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, der);
    chain.iter().map(|der| pem(der).map_err(|error| Error::new(Code::Internal, DOING).because(error))).collect()
}
