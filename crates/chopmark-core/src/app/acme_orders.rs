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
            self, AcmeOrder, AcmeSource,
            account::{AcmeAccount, AcmeAccounts},
        },
        acts::{Act, Sent},
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

/// What came of one step.
enum Step {
    /// Something was done: what is next is to be asked.
    Moved,
    /// The CA works; what it said.
    Waits(String),
    /// All is proved: the CA waits for the request for the certificate.
    WantsRequest,
    /// The certificate is there.
    Issued,
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
        let journal = self.desk.journal.clone();
        let number = blocking(move || journal.add_order(order)).await??.number.to_string();
        let Err(error) = self.acme_begin(&number).await else { return self.order_show(&number).await };
        let order = self.kept_order(&number).await?.order;
        let goes_on = matches!(error.class(), Class::Waiting) || error.code == Code::AcmeUserAction;
        let begun = order.remote.is_some() && error.code != Code::AcmeMethodMissing;
        if order.pending.is_some() || goes_on || begun {
            return Err(error.with("order", number));
        }
        // A clear no: there is nothing to go on with.
        self.order_remove(&number).await?;
        if error.code == Code::AcmeAccountGone
            && let Some(name) = &order.account
        {
            // With its key nothing can be done any more: the next order opens another.
            self.acme_accounts().forget(name)?;
        }
        Err(error)
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

    /// Makes the order at the CA, once, and asks what it wants to see.
    async fn acme_begin(&self, number: &str) -> Result<OrderView> {
        let begun = self.drive(number, Sent::Act(Act::Buy(&FREE)), |_| ()).await?;
        match begun.at_source {
            Some(_) => Ok(begun),
            None => self.order_refresh(number).await,
        }
    }

    /// Goes on with an ACME order as far as the CA lets it: what every order is driven with, one after the other. Tells of the proofs that
    /// our own check sees (`anyway`: also of others), hands in the request, waits, fetches the chain. `csr`: a request that was made elsewhere
    /// (PKCS#10, DER or PEM); `None`: that of the order's own key ([`App::order_key`]), if it has one.
    ///
    /// # Errors
    /// [`Code::AcmeNotYet`], [`Code::OrderNoCertificate`], [`Code::OrderUnsettled`], why the CA refused.
    pub async fn acme_go_on(
        &self,
        number: &str,
        csr: Option<&[u8]>,
        anyway: bool,
        ui: &dyn Ui,
    ) -> Result<AcmeProgress> {
        if self.kept_order(number).await?.order.source != OrderSource::Acme {
            return Err(Error::new(Code::BadInput, DOING).with("reason", "order-not-acme").with("order", number));
        }
        self.unlock_proxy(ui).await?;
        // Told before anything is sent.
        csr.map(request_der).transpose()?;
        let (until, mut pause) = (Instant::now() + self.desk.way().timeout.unwrap_or(WAIT), PAUSES.0);
        loop {
            let said = match self.acme_step(number, csr, anyway).await {
                Ok(Step::Moved) => continue,
                Ok(Step::WantsRequest) => {
                    let order = self.order_show(number).await?;
                    return Ok(AcmeProgress { order, wants_request: true, chain: Vec::new() });
                }
                Ok(Step::Issued) => {
                    let chain = self.order_certificate(number, csr).await?;
                    let chain = chain.iter().map(|der| Ok(certificate::describe(der)?.pem)).collect::<Result<_>>()?;
                    return Ok(AcmeProgress { order: self.order_show(number).await?, wants_request: false, chain });
                }
                Ok(Step::Waits(said)) => Ok(said),
                // What was sent may still be on its way; that ends.
                Err(error) if error.code == Code::OrderUnsettled && error.facts.contains_key("seconds") => Err(error),
                Err(error) => return Err(error),
            };
            if Instant::now() + pause > until {
                let waiting =
                    |said| Error::new(Code::OrderNoCertificate, DOING).with("order", number).with("state", said);
                return Err(said.map_or_else(|error| error, waiting));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// Does the one thing that is next. Before anything is sent, the order's state is asked, so whatever became of the last time, this can
    /// be called again.
    async fn acme_step(&self, number: &str, csr: Option<&[u8]>, anyway: bool) -> Result<Step> {
        let order = self.kept_order(number).await?.order;
        let view = match order.remote.is_none() {
            true => self.acme_begin(number).await?,
            false => self.order_refresh(number).await?,
        };
        let Some(seen) = view.at_source else { return Err(Error::new(Code::Internal, DOING)) };
        match seen.state {
            RemoteState::Proving if view.acts.contains(&OrderAct::Prove) => {
                if !anyway && self.order_check(number).await?.state != ProofState::Ready {
                    return Err(Error::new(Code::AcmeNotYet, DOING).with("order", number));
                }
                self.order_prove(number).await.map(|_| Step::Moved)
            }
            RemoteState::Draft if csr.is_some() || view.key.is_some_and(|key| !key.state.is_over()) => {
                self.order_submit(number, Submission::default(), csr).await.map(|_| Step::Moved)
            }
            RemoteState::Draft => Ok(Step::WantsRequest),
            RemoteState::Issued => Ok(Step::Issued),
            RemoteState::Proving | RemoteState::Reviewing | RemoteState::Other => Ok(Step::Waits(seen.said)),
            RemoteState::Refused | RemoteState::Cancelled | RemoteState::Revoked => {
                Err(self.over(number, seen.said).await)
            }
        }
    }

    /// Orders again what came to nothing: new proofs, the same order here. One that is open is left as it is.
    ///
    /// # Errors
    /// Those of [`App::acme_order`].
    pub async fn acme_order_again(&self, number: &str) -> Result<OrderView> {
        if self.kept_order(number).await?.order.remote.is_some() {
            let view = self.order_refresh(number).await?;
            if !view.acts.contains(&OrderAct::Buy) {
                return Ok(view);
            }
        }
        self.acme_begin(number).await
    }

    /// Asks the CA when the certificate of an order is to be renewed, and keeps what it says. `None`: it does not say.
    ///
    /// # Errors
    /// Those of the way; those of [`App::order_certificate`].
    pub async fn acme_renewal(&self, number: &str) -> Result<Option<RenewalHint>> {
        let kept = self.kept_order(number).await?;
        let other = || Error::new(Code::BadInput, DOING).with("reason", "order-not-acme").with("order", number);
        let name =
            kept.order.account.as_deref().filter(|_| kept.order.source == OrderSource::Acme).ok_or_else(other)?;
        let source = self.acme_source(name).await?;
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

    pub(super) fn acme_accounts(&self) -> AcmeAccounts {
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

    /// Opens the CA of an account.
    pub(super) async fn acme_source(&self, name: &str) -> Result<AcmeSource> {
        let account = self.acme_accounts().named(name)?;
        let gone = || Error::new(Code::AcmeAccountGone, DOING).with("account", name);
        let key = self.acme_accounts().key(name)?;
        let ca = AcmeCa::open(&account.directory, &account.tls_roots, &self.desk.way()).await?;
        Ok(AcmeSource { session: ca.session(key, account.url.as_deref().ok_or_else(gone)?).await? })
    }
}

/// What costs nothing has no product.
const FREE: Product = Product { brand: String::new(), name: String::new(), domains: 0, years: 0 };

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
