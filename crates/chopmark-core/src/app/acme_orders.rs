//! Orders at CAs that speak ACME: an account, an order, its proofs told, its certificate fetched.

use std::time::Duration;

use tokio::time::Instant;

use super::{App, source_orders::request_der};
use crate::{
    ca::acme::{AcmeCa, Binding},
    certificate, clock,
    error::{Class, Code, Error, Result},
    journal::orders::KeptOrder,
    model::*,
    orders::{
        acme::{
            self, AcmeOrder, AcmeSource, Seen,
            account::{AcmeAccount, AcmeAccounts},
        },
        acts::{Act, Pending},
        source::{Remote, Settled, Source},
    },
    stores::{ask_secret, blocking},
    ui::Ui,
    validation::{
        order::{Order, read_domains},
        settings::AcmeAddress,
    },
};

const DOING: &str = "ordering by ACME";
/// Longest wait for the CA in one go, unless the caller says otherwise.
const WAIT: Duration = Duration::from_secs(90);
/// Pauses between questions: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// How far an order has come.
pub(crate) enum Come {
    /// All is proved: the CA waits for the request for the certificate.
    WantsRequest,
    /// The chain, the certificate first.
    Issued(Vec<Vec<u8>>),
}

impl App {
    /// The CAs known that speak ACME; nobody is asked.
    pub fn acme_directories(&self) -> Result<Vec<AcmeDirectory>> {
        let known = self.validation_settings()?.acme_directories().into_iter();
        Ok(known.map(|(rules, url)| AcmeDirectory { name: rules.name, title: rules.title, url, said: None }).collect())
    }

    /// What a CA says of itself, by its name or the address of its directory.
    ///
    /// # Errors
    /// [`Code::AcmeNotDirectory`], [`Code::BadInput`], those of the way.
    pub async fn acme_directory(&self, name_or_url: &str, tls_roots: &[String]) -> Result<AcmeDirectory> {
        let address = self.acme_address(name_or_url, tls_roots)?;
        let ca = AcmeCa::open(&address.url, &address.tls_roots, &self.desk.way()).await?;
        let has_account = self.acme_accounts().find(&address.url, None).is_some_and(|account| account.url.is_some());
        let said = AcmeDirectorySaid {
            terms: ca.terms().map(str::to_owned),
            website: ca.website().map(str::to_owned),
            wants_codes: ca.wants_codes(),
            has_account,
        };
        let AcmeAddress { url, rules, .. } = address;
        Ok(AcmeDirectory { name: rules.name, title: rules.title, url, said: Some(said) })
    }

    /// Orders a certificate. The order is kept before it is sent, so that none is lost with an answer.
    ///
    /// # Errors
    /// [`Code::AcmeTerms`], [`Code::AcmeNeedsCodes`], [`Code::AcmeCodesRefused`], what the CA says against the domains.
    pub async fn acme_order(&self, wanted: NewAcmeOrder, ui: &dyn Ui) -> Result<OrderView> {
        let address = self.acme_address(&wanted.directory, &wanted.tls_roots)?;
        let order = self.acme_record(&wanted, &address).await?;
        self.unlock_proxy(ui).await?;
        let account = self.acme_account(&wanted, &address, ui).await?;
        let order = Order { account: Some(account.name()), ..order };
        let source = self.acme_source(&order).await?;
        let journal = self.desk.journal.clone();
        let kept = blocking(move || journal.add_order(order)).await??;
        match self.acme_begin(&source, &kept).await {
            Ok(kept) => Ok(kept.view()),
            Err(error) => {
                // A clear no: there is nothing to go on with.
                if !is_lost(&error) {
                    self.order_remove(&kept.number.to_string()).await?;
                }
                Err(error.with("order", kept.number))
            }
        }
    }

    /// Checks what was typed; nothing is sent.
    async fn acme_record(&self, wanted: &NewAcmeOrder, address: &AcmeAddress) -> Result<Order> {
        let bad = |reason: &str| Error::new(Code::BadInput, DOING).with("reason", reason);
        let domains = read_domains(&wanted.domains)?;
        if !address.rules.methods.contains(&wanted.method) {
            return Err(bad("order-method").with("ca", &address.rules.title));
        }
        if wanted.method == ProofMethod::File && domains.iter().any(|domain| domain.starts_with("*.")) {
            return Err(bad("order-wildcard-file"));
        }
        let replaces = match &wanted.replaces {
            Some(sha256) => Some(self.certificate(sha256).await?.certificate.pem),
            None => None,
        };
        Ok(Order {
            note: wanted.note.clone().filter(|note| !note.trim().is_empty()),
            wanted: Some(wanted.method),
            acme: Some(AcmeOrder { replaces, ..AcmeOrder::default() }),
            ..Order::begun(OrderSource::Acme, domains, address.rules.clone())
        })
    }

    /// The account that there is, or a new one, its key kept before anything is sent.
    async fn acme_account(&self, wanted: &NewAcmeOrder, address: &AcmeAddress, ui: &dyn Ui) -> Result<AcmeAccount> {
        let accounts = self.acme_accounts();
        let reference = wanted.reference.as_deref().map(str::trim).filter(|reference| !reference.is_empty());
        let known = accounts.find(&address.url, reference);
        if let Some(account) = known.as_ref().filter(|account| account.url.is_some()) {
            return Ok(account.clone());
        }
        let contact = contacts(&wanted.contact)?;
        let ca = AcmeCa::open(&address.url, &address.tls_roots, &self.desk.way()).await?;
        if let Some(terms) = ca.terms().filter(|_| !wanted.agree_terms) {
            return Err(Error::new(Code::AcmeTerms, DOING).with("url", terms));
        }
        if ca.wants_codes() && reference.is_none() {
            return Err(Error::new(Code::AcmeNeedsCodes, DOING));
        }
        let code = match reference {
            None => None,
            Some(reference) => {
                let question = Question::AuthorizationCode {
                    reference: reference.to_owned(),
                    ca: address.rules.title.clone(),
                    purpose: CodePurpose::Request,
                    wrong_before: false,
                    tries_left: None,
                };
                // Not looked at as mistyped: it is base64url, of which everything may stand anywhere.
                Some(ask_secret(ui, question).await?)
            }
        };
        let fresh = AcmeAccount {
            directory: address.url.clone(),
            tls_roots: address.tls_roots.clone(),
            reference: reference.map(str::to_owned),
            url: None,
            made: clock::now() as i64,
        };
        let (account, key) = accounts.with_key(known.unwrap_or(fresh))?;
        let binding = reference.zip(code.as_ref()).map(|(reference, code)| Binding { reference, code });
        let url = ca.register(&key, &contact, wanted.agree_terms, binding).await?;
        let account = AcmeAccount { url: Some(url), ..account };
        accounts.keep(&account, None)?;
        Ok(account)
    }

    /// Makes the order at the CA, unless it is there already: written down before it is sent, and after a lost answer asked for first.
    async fn acme_begin(&self, source: &AcmeSource, kept: &KeptOrder) -> Result<KeptOrder> {
        let mut order = kept.order.clone();
        let there = match order.pending.clone().filter(|pending| pending.act == OrderAct::Buy) {
            Some(pending) => source.settle(&mut order, &pending).await? == Settled::Done,
            None => false,
        };
        if !there {
            let known = self.acme_known().await?;
            let since = clock::now() as i64;
            let pending = Pending { act: OrderAct::Buy, since, code: String::new(), known, request: None };
            self.change(kept.number, move |order| order.pending = Some(pending)).await?;
            source.act(&mut order, &Act::Buy(&free())).await?;
        }
        self.change(kept.number, move |now| {
            (now.remote, now.proofs, now.last, now.seen) = (order.remote, order.proofs, order.last, order.seen);
            now.pending = None;
        })
        .await
    }

    /// Goes on with an ACME order. `csr`: a request that was made elsewhere (PKCS#10, DER or PEM); `None`: that of the order's own key
    /// ([`App::order_key`]), if it has one.
    ///
    /// # Errors
    /// [`Code::AcmeNotYet`], [`Code::AcmeStillWaiting`], why the CA refused.
    pub async fn acme_go_on(
        &self,
        number: &str,
        csr: Option<&[u8]>,
        anyway: bool,
        ui: &dyn Ui,
    ) -> Result<AcmeProgress> {
        self.unlock_proxy(ui).await?;
        let csr = match csr {
            Some(csr) => Some(request_der(csr)?),
            None if self.own_request_of(number).await?.is_some() => {
                let domains = self.kept_order(number).await?.order.domains;
                Some(self.request_to_hand_in(number, None, &domains).await?)
            }
            None => None,
        };
        let come = self.acme_advance(number, csr.as_deref(), anyway).await?;
        let order = self.order_show(number).await?;
        Ok(match come {
            Come::WantsRequest => AcmeProgress { order, wants_request: true, chain: Vec::new() },
            Come::Issued(chain) => {
                let chain = chain.iter().map(|der| Ok(certificate::describe(der)?.pem)).collect::<Result<_>>()?;
                AcmeProgress { order, wants_request: false, chain }
            }
        })
    }

    /// Goes on with an order as far as the CA lets it: finds it where its answer was lost, tells of the proofs that our own check sees
    /// (`anyway`: also of others), hands in the request, waits, fetches the chain. Before anything is sent, the order's state is asked,
    /// so whatever became of the last time, this can be called again.
    ///
    /// # Errors
    /// [`Code::AcmeNotYet`], [`Code::AcmeStillWaiting`], why the CA refused.
    pub(crate) async fn acme_advance(&self, number: &str, csr: Option<&[u8]>, anyway: bool) -> Result<Come> {
        let mut kept = self.kept_order(number).await?;
        let source = self.acme_source(&kept.order).await?;
        if kept.order.remote.is_none() {
            kept = self.acme_begin(&source, &kept).await?;
        }
        let (until, mut pause) = (Instant::now() + self.desk.way().timeout.unwrap_or(WAIT), PAUSES.0);
        let mut told: Vec<String> = Vec::new();
        loop {
            let Seen { remote, untold, error } = source.see(&kept.order).await?;
            kept = self
                .change(kept.number, {
                    let remote = remote.clone();
                    move |order| acme::keep(order, &remote)
                })
                .await?;
            // Told once in one go: many CAs leave a way that they were told of "pending" while they look.
            if remote.state == RemoteState::Proving && untold.iter().any(|domain| !told.contains(domain)) {
                if !anyway && self.order_check(number).await?.state != ProofState::Ready {
                    return Err(Error::new(Code::AcmeNotYet, DOING).with("order", number));
                }
                source.tell(&kept.order, &untold).await?;
                told.extend(untold);
                continue;
            }
            match remote.state {
                RemoteState::Draft => match csr {
                    None => return Ok(Come::WantsRequest),
                    Some(csr) => source.submit(&mut kept.order, csr).await?,
                },
                RemoteState::Issued => {
                    let chain = source.certificate(&kept.order).await?;
                    let leaf = chain.first().map(|leaf| certificate::describe(leaf)).transpose()?.map(|leaf| leaf.pem);
                    self.change(kept.number, |order| order.acme.get_or_insert_default().certificate = leaf).await?;
                    return Ok(Come::Issued(chain));
                }
                RemoteState::Proving | RemoteState::Reviewing => {}
                _ => {
                    let over = || Error::new(Code::AcmeOrderOver, DOING).with("state", &remote.said);
                    return Err(error.unwrap_or_else(over).with("order", number));
                }
            }
            if Instant::now() + pause > until {
                let waiting = Error::new(Code::AcmeStillWaiting, DOING).with("order", number);
                return Err(waiting.with("state", remote.said));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// Orders again what came to nothing: new proofs, the same key. An order that is open is left as it is.
    ///
    /// # Errors
    /// Those of [`App::acme_order`].
    pub async fn acme_order_again(&self, number: &str) -> Result<OrderView> {
        let mut kept = self.kept_order(number).await?;
        let source = self.acme_source(&kept.order).await?;
        if kept.order.remote.is_some() {
            let Seen { remote, .. } = source.see(&kept.order).await?;
            if remote.state != RemoteState::Refused {
                return Ok(self.change(kept.number, move |order| acme::keep(order, &remote)).await?.view());
            }
            kept = self
                .change(kept.number, |order| {
                    let over = order.remote.take();
                    order.acme.get_or_insert_default().earlier.extend(over);
                    (order.proofs, order.last, order.seen) = (Vec::new(), None, None);
                    order.deadline = clock::now() as i64 + i64::from(order.rules.deadline_hours) * 3600;
                })
                .await?;
        }
        Ok(self.acme_begin(&source, &kept).await?.view())
    }

    /// Revokes the certificate of an order, in the name of the account that ordered it.
    ///
    /// # Errors
    /// [`Code::AcmeNotConfirmed`] unless `typed` is the order's first domain.
    pub async fn acme_revoke(
        &self,
        number: &str,
        reason: RevocationReason,
        typed: &str,
        ui: &dyn Ui,
    ) -> Result<OrderView> {
        let mut kept = self.kept_order(number).await?;
        if !crate::validation::names::is_same(typed, &kept.order.domains[0]) {
            return Err(Error::new(Code::AcmeNotConfirmed, DOING).with("domain", &kept.order.domains[0]));
        }
        self.unlock_proxy(ui).await?;
        let source = self.acme_source(&kept.order).await?;
        source.act(&mut kept.order, &Act::Revoke { reason, letter: None }).await?;
        let revoked = Remote::new(RemoteState::Revoked, "revoked");
        Ok(self.change(kept.number, move |order| order.seen = Some(revoked)).await?.view())
    }

    /// Asks the CA when the certificate of an order is to be renewed, and keeps what it says. `None`: it does not say.
    ///
    /// # Errors
    /// Those of the way, [`Code::AcmeStillWaiting`] without a certificate.
    pub async fn acme_renewal(&self, number: &str) -> Result<Option<RenewalHint>> {
        let kept = self.kept_order(number).await?;
        let source = self.acme_source(&kept.order).await?;
        let leaf = source.leaf(&kept.order).await?;
        let hint = source.session.hint(&leaf).await?;
        let hint = hint.map(|hint| acme::hint_view(&hint)).transpose()?;
        let keep = hint.clone();
        self.change(kept.number, move |order| order.acme.get_or_insert_default().hint = keep).await?;
        Ok(hint)
    }

    async fn change(&self, number: i64, change: impl FnOnce(&mut Order) + Send + 'static) -> Result<KeptOrder> {
        let journal = self.desk.journal.clone();
        let change = move |order: &mut Order| {
            change(order);
            Ok(())
        };
        let (kept, ()) = blocking(move || journal.change_order(number, change)).await??;
        Ok(kept)
    }

    fn acme_accounts(&self) -> AcmeAccounts {
        AcmeAccounts::of(&self.desk.home)
    }

    fn acme_address(&self, name_or_url: &str, tls_roots: &[String]) -> Result<AcmeAddress> {
        let mut address = self.validation_settings()?.acme(name_or_url.trim())?;
        address.tls_roots.extend_from_slice(tls_roots);
        if let Some(known) = self.acme_accounts().find(&address.url, None).filter(|_| address.tls_roots.is_empty()) {
            address.tls_roots = known.tls_roots;
        }
        Ok(address)
    }

    /// The chain of an order that was issued, the certificate first.
    pub(super) async fn acme_chain(&self, number: &str) -> Result<Vec<Vec<u8>>> {
        let order = self.kept_order(number).await?.order;
        self.acme_source(&order).await?.certificate(&order).await
    }

    async fn acme_source(&self, order: &Order) -> Result<AcmeSource> {
        let other = || Error::new(Code::BadInput, DOING).with("reason", "order-not-acme");
        let name = order.account.as_deref().filter(|_| order.source == OrderSource::Acme).ok_or_else(other)?;
        let account = self.acme_accounts().named(name)?;
        let gone = || Error::new(Code::AcmeAccountGone, DOING).with("account", name);
        let key = self.acme_accounts().key(name)?;
        let ca = AcmeCa::open(&account.directory, &account.tls_roots, &self.desk.way()).await?;
        Ok(AcmeSource { session: ca.session(key, account.url.as_deref().ok_or_else(gone)?).await? })
    }

    /// The addresses of all orders that are kept.
    async fn acme_known(&self) -> Result<Vec<String>> {
        let journal = self.desk.journal.clone();
        let orders = blocking(move || journal.orders()).await??.into_iter().map(|kept| kept.order);
        let acme = orders.filter(|order| order.source == OrderSource::Acme);
        Ok(acme.flat_map(|order| order.acme.unwrap_or_default().earlier.into_iter().chain(order.remote)).collect())
    }
}

/// What costs nothing has no product.
fn free() -> Product {
    Product { brand: String::new(), name: String::new(), domains: 0, years: 0 }
}

/// Did no answer come, so that nobody knows whether the CA has it?
fn is_lost(error: &Error) -> bool {
    matches!(error.class(), Class::CaUnreachable | Class::Waiting | Class::Internal)
}

fn contacts(typed: &[String]) -> Result<Vec<String>> {
    let read = |text: &String| {
        let address = text.trim().trim_start_matches("mailto:");
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, ',' | '?' | '<' | '>');
        match address.split_once('@') {
            Some((name, host)) if !name.is_empty() && host.contains('.') && address.chars().all(plain) => {
                Ok(format!("mailto:{address}"))
            }
            _ => Err(Error::new(Code::BadInput, DOING).with("reason", "acme-contact")),
        }
    };
    typed.iter().filter(|text| !text.trim().is_empty()).map(read).collect()
}
