//! Orders at CAs that speak ACME: an account, an order, its proofs told, its certificate fetched.

use std::time::Duration;

use der::Decode;
use instant_acme::OrderStatus;

use super::App;
use crate::{
    ca::acme::{AcmeCa, Binding, RemoteOrder, Session},
    certificate, clock,
    codes::checked,
    error::{Code, Error, Result},
    journal::orders::KeptOrder,
    model::*,
    orders::acme::{
        self, AcmeOrder, Standing,
        account::{AcmeAccount, AcmeAccounts},
    },
    stores::{ask_secret, blocking},
    ui::Ui,
    validation::{
        order::{Order, read_domains},
        settings::{AcmeAddress, Settings},
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
        let Some(acme) = &order.acme else { return Err(Error::new(Code::Internal, DOING)) };
        let order = Order { acme: Some(AcmeOrder { account: account.name(), ..acme.clone() }), ..order };
        let journal = self.desk.journal.clone();
        let kept = blocking(move || journal.add_order(order)).await??;
        let session = self.acme_session(&account).await?;
        match self.acme_place(&session, &kept).await {
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
        let acme = AcmeOrder {
            account: String::new(),
            method: wanted.method,
            sent: false,
            url: None,
            earlier: Vec::new(),
            replaces,
            hint: None,
        };
        Ok(Order {
            source: OrderSource::Acme,
            remote: None,
            domains,
            proofs: Vec::new(),
            deadline: deadline(&address.rules),
            rules: address.rules.clone(),
            note: wanted.note.clone().filter(|note| !note.trim().is_empty()),
            last: None,
            acme: Some(acme),
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
                let typed = ask_secret(ui, question).await?;
                Some(checked(typed, CodePart::AuthorizationCode, None, ui).await?)
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

    /// Makes the order at the CA, unless it is there already.
    async fn acme_place(&self, session: &Session, kept: &KeptOrder) -> Result<KeptOrder> {
        let acme = acme_of(kept)?;
        // Sent before, and no answer kept: what is there is asked for first.
        let found = match acme.sent {
            true => session.find(&kept.order.domains, &self.acme_urls().await?).await?,
            false => None,
        };
        let remote = match found {
            Some(found) => found,
            None => {
                self.acme_change(kept.number, |acme| acme.sent = true).await?;
                let replaces = acme.replaces.as_deref().map(der_of).transpose()?;
                session.order(&kept.order.domains, replaces.as_deref()).await?
            }
        };
        self.acme_keep(kept.number, &remote).await
    }

    async fn acme_change(
        &self,
        number: i64,
        change: impl FnOnce(&mut AcmeOrder) + Send + 'static,
    ) -> Result<KeptOrder> {
        let journal = self.desk.journal.clone();
        blocking(move || {
            journal.change_order(number, |order| {
                if let Some(acme) = &mut order.acme {
                    change(acme);
                }
            })
        })
        .await?
    }

    /// Keeps where the order is, and what must be seen.
    async fn acme_keep(&self, number: i64, remote: &RemoteOrder) -> Result<KeptOrder> {
        let method = acme_of(&self.kept_order(&number.to_string()).await?)?.method;
        let (url, proofs) = (remote.url.clone(), acme::proofs(remote, method)?);
        let journal = self.desk.journal.clone();
        let change = move |order: &mut Order| {
            order.remote = Some(url.clone());
            // What is proved already drops out; what was checked then says nothing any more.
            if order.proofs != proofs {
                (order.proofs, order.last) = (proofs, None);
            }
            if let Some(acme) = &mut order.acme {
                acme.url = Some(url);
            }
        };
        blocking(move || journal.change_order(number, change)).await?
    }

    /// Where an order stands at the CA. Changes nothing there.
    pub(crate) async fn acme_look(&self, kept: &KeptOrder) -> Result<Standing> {
        let acme = acme_of(kept)?;
        let session = self.acme_session_of(acme).await?;
        let url = acme.url.as_deref().ok_or_else(|| lost(kept))?;
        Ok(Standing::of(session.look(url).await?))
    }

    /// Goes on with an ACME order, with a request for the certificate (PKCS#10, DER or PEM) that was made elsewhere.
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
        let csr = csr.map(csr_der).transpose()?;
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
    /// (`anyway`: also of others), hands in the request, waits, fetches the chain. Whatever it does it can be called again.
    ///
    /// # Errors
    /// [`Code::AcmeNotYet`], [`Code::AcmeStillWaiting`], why the CA refused.
    pub(crate) async fn acme_advance(&self, number: &str, csr: Option<&[u8]>, anyway: bool) -> Result<Come> {
        let mut kept = self.kept_order(number).await?;
        let session = self.acme_session_of(acme_of(&kept)?).await?;
        if acme_of(&kept)?.url.is_none() {
            kept = self.acme_place(&session, &kept).await?;
        }
        let url = acme_of(&kept)?.url.clone().ok_or_else(|| lost(&kept))?;
        let (until, mut pause) = (tokio::time::Instant::now() + self.desk.way().timeout.unwrap_or(WAIT), PAUSES.0);
        let mut told: Vec<String> = Vec::new();
        loop {
            let remote = session.look(&url).await?;
            if remote.status == OrderStatus::Pending && told.is_empty() {
                // What has been proved meanwhile is not looked for any more.
                kept = self.acme_keep(kept.number, &remote).await?;
            }
            let standing = Standing::of(remote);
            let said = standing.said();
            match standing {
                // Once in one go: many CAs leave a way that they were told of "pending" while they look.
                Standing::Proving(untold) if untold.iter().any(|domain| !told.contains(domain)) => {
                    self.acme_tell(&session, &kept, &url, &untold, anyway).await?;
                    told.extend(untold);
                    continue;
                }
                Standing::Ready => match csr {
                    None => return Ok(Come::WantsRequest),
                    Some(csr) => session.finalize(&url, csr).await?,
                },
                Standing::Issued => return Ok(Come::Issued(session.certificate(&url).await?)),
                Standing::Over(error) => {
                    self.acme_forget(kept.number).await?;
                    return Err(error.with("order", kept.number));
                }
                Standing::Proving(_) | Standing::Issuing => {}
            }
            if tokio::time::Instant::now() + pause > until {
                return Err(Error::new(Code::AcmeStillWaiting, DOING).with("order", number).with("state", said));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// Our own look first: one of the CA's that fails costs the order there.
    async fn acme_tell(
        &self,
        session: &Session,
        kept: &KeptOrder,
        url: &str,
        untold: &[String],
        anyway: bool,
    ) -> Result<()> {
        let number = kept.number.to_string();
        if !anyway && self.order_check(&number).await?.state != ProofState::Ready {
            return Err(Error::new(Code::AcmeNotYet, DOING).with("order", number));
        }
        let method = acme_of(kept)?.method;
        for domain in untold {
            session.tell(url, domain, method).await?;
        }
        Ok(())
    }

    /// An order that came to nothing at the CA is kept here, to be ordered again with the same key.
    async fn acme_forget(&self, number: i64) -> Result<()> {
        let journal = self.desk.journal.clone();
        let change = |order: &mut Order| {
            if let Some(acme) = &mut order.acme {
                acme.earlier.extend(acme.url.take());
                acme.sent = false;
            }
            (order.remote, order.proofs, order.last) = (None, Vec::new(), None);
        };
        blocking(move || journal.change_order(number, change)).await?.map(|_| ())
    }

    /// Orders again what came to nothing: new proofs, the same key. An order that is open is left as it is.
    ///
    /// # Errors
    /// Those of [`App::acme_order`].
    pub async fn acme_order_again(&self, number: &str) -> Result<OrderView> {
        let kept = self.kept_order(number).await?;
        if acme_of(&kept)?.url.is_some() {
            if let Standing::Over(_) = self.acme_look(&kept).await? {
                self.acme_forget(kept.number).await?;
            } else {
                return Ok(kept.view());
            }
        }
        let journal = self.desk.journal.clone();
        let id = kept.number;
        let kept =
            blocking(move || journal.change_order(id, |order| order.deadline = deadline(&order.rules))).await??;
        let session = self.acme_session_of(acme_of(&kept)?).await?;
        Ok(self.acme_place(&session, &kept).await?.view())
    }

    /// Revokes a certificate of an order, in the name of the account. The caller has made sure that the person means it.
    ///
    /// # Errors
    /// [`Code::AlreadyRevoked`], which after a lost answer is what was wanted.
    pub(crate) async fn acme_revoke(&self, kept: &KeptOrder, der: &[u8], reason: RevocationReason) -> Result<()> {
        self.acme_session_of(acme_of(kept)?).await?.revoke(der, reason).await
    }

    /// Asks the CA when the certificate of an order is to be renewed, and keeps what it says.
    pub(crate) async fn acme_hint(&self, kept: &KeptOrder, der: &[u8]) -> Result<Option<RenewalHint>> {
        let hint = self.acme_session_of(acme_of(kept)?).await?.hint(der).await?;
        let hint = hint.map(|hint| acme::hint_view(&hint)).transpose()?;
        let keep = hint.clone();
        self.acme_change(kept.number, |acme| acme.hint = keep).await?;
        Ok(hint)
    }

    fn acme_accounts(&self) -> AcmeAccounts {
        AcmeAccounts::of(&self.desk.home)
    }

    fn acme_address(&self, name_or_url: &str, tls_roots: &[String]) -> Result<AcmeAddress> {
        let settings: Settings = self.validation_settings()?;
        let mut address = settings.acme(name_or_url.trim())?;
        address.tls_roots.extend_from_slice(tls_roots);
        if let Some(known) = self.acme_accounts().find(&address.url, None).filter(|_| address.tls_roots.is_empty()) {
            address.tls_roots = known.tls_roots;
        }
        Ok(address)
    }

    async fn acme_session_of(&self, acme: &AcmeOrder) -> Result<Session> {
        let account = self.acme_accounts().named(&acme.account)?;
        self.acme_session(&account).await
    }

    async fn acme_session(&self, account: &AcmeAccount) -> Result<Session> {
        let name = account.name();
        let gone = || Error::new(Code::AcmeAccountGone, DOING).with("account", &name);
        let key = self.acme_accounts().key(&name)?;
        let ca = AcmeCa::open(&account.directory, &account.tls_roots, &self.desk.way()).await?;
        ca.session(key, account.url.as_deref().ok_or_else(gone)?).await
    }

    /// The addresses of all orders that are kept.
    async fn acme_urls(&self) -> Result<Vec<String>> {
        let journal = self.desk.journal.clone();
        let orders = blocking(move || journal.orders()).await??;
        let acme = orders.into_iter().filter_map(|kept| kept.order.acme);
        Ok(acme.flat_map(|acme| acme.earlier.into_iter().chain(acme.url)).collect())
    }
}

fn acme_of(kept: &KeptOrder) -> Result<&AcmeOrder> {
    let other = || Error::new(Code::BadInput, DOING).with("reason", "order-not-acme").with("order", kept.number);
    kept.order.acme.as_ref().ok_or_else(other)
}

fn lost(kept: &KeptOrder) -> Error {
    Error::new(Code::AcmeStillWaiting, DOING).with("order", kept.number)
}

/// Did no answer come, so that nobody knows whether the CA has it?
fn is_lost(error: &Error) -> bool {
    use crate::error::Class;
    matches!(error.class(), Class::CaUnreachable | Class::Waiting | Class::Internal)
}

fn deadline(rules: &CaRules) -> i64 {
    clock::now() as i64 + i64::from(rules.deadline_hours) * 3600
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

/// A request that was made elsewhere, in either form.
fn csr_der(bytes: &[u8]) -> Result<Vec<u8>> {
    let bad = || Error::new(Code::BadInput, DOING).with("reason", "order-csr");
    let der = match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN") => {
            der::Document::from_pem(text.trim()).map_err(|error| bad().because(error))?.1.into_vec()
        }
        _ => bytes.to_vec(),
    };
    x509_cert::request::CertReq::from_der(&der).map_err(|error| bad().because(error))?;
    Ok(der)
}

fn der_of(pem: &str) -> Result<Vec<u8>> {
    let info = crate::ca::chain::from_pem("certificate", &[pem.to_owned()])?;
    info.into_iter().next().ok_or_else(|| Error::new(Code::Internal, DOING))
}
