//! The key of an order: made here, its request handed in, its certificate installed.

use super::{
    App,
    source_orders::{bad_request, request_der},
};
use crate::{
    error::{Code, Error, Result},
    jobs::{resume, server},
    journal::{IssuedRecord, Job, Record, orders::KeptOrder, unhex, unhex_all},
    model::*,
    orders::delivered,
    stores::blocking,
    ui::Ui,
    validation::order::{Order, read_domains},
};

const DOING: &str = "making the request of an order";

impl App {
    /// Makes the key of an order and its request. Nothing is sent. Where it was made before, in the same place for the same domains, the
    /// request is that one: no order gets a second key by being asked twice.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`], [`Code::OrderBusy`], [`Code::OrderHasKey`], [`Code::BadInput`] (reason `order-domain`), and those of making
    /// a key in its place.
    pub async fn order_key(&self, number: &str, wanted: OrderKey, ui: &dyn Ui) -> Result<OrderRequest> {
        let _alone = self.desk.journal.drive(self.kept_order(number).await?.number)?;
        let kept = self.kept_order(number).await?;
        let domains = match wanted.domains.is_empty() {
            true => kept.order.domains.clone(),
            false => read_domains(&wanted.domains)?,
        };
        if domains.is_empty() {
            return Err(Error::new(Code::BadInput, DOING).with("reason", "order-domain"));
        }
        let mut job = match self.open_key(&kept)? {
            Some(mut job) if job.record.clean_up => {
                resume::discard(&self.desk, &mut job, ui).await?;
                self.desk.journal.begin(server::record(kept.number, &wanted, &domains))?
            }
            Some(mut job) if is_wanted(&job.record, &wanted, &domains) => {
                job.reopen()?;
                job
            }
            Some(job) => return Err(has_key(&kept, &job)),
            None => self.desk.journal.begin(server::record(kept.number, &wanted, &domains))?,
        };
        server::request(&self.desk, &mut job, ui).await?;
        request_view(&kept, &job)
    }

    /// The request of the key that was made here for an order.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`], [`Code::OrderNoKey`], [`Code::JobFinished`] for one that has its certificate.
    pub async fn order_request(&self, number: &str) -> Result<OrderRequest> {
        let kept = self.kept_order(number).await?;
        let job = self.open_key(&kept)?.ok_or_else(|| none_open(&kept))?;
        request_view(&kept, &job)
    }

    /// Installs the certificate of an order beside its key, with what leads to its root, and proves that it works. `file`: as it was
    /// delivered (PEM, DER, PKCS#7, or a ZIP archive with any of them); `None`: the source has it.
    ///
    /// # Errors
    /// [`Code::OrderNoKey`], [`Code::JobFinished`], [`Code::OrderNoCertificate`], [`Code::OrderNothingDelivered`], [`Code::OrderOtherKey`],
    /// [`Code::ChangesDeclined`], and those of installing.
    pub async fn order_install(&self, number: &str, file: Option<&[u8]>, ui: &dyn Ui) -> Result<Enrolled> {
        let kept = self.kept_order(number).await?;
        let job = self.open_key(&kept)?.ok_or_else(|| none_open(&kept))?;
        let interrupted = job.record.issued.is_some();
        // The source may take its time: others may look at the job meanwhile.
        drop(job);
        let chain = match file {
            Some(file) => {
                let chain = delivered::certificates(file);
                if chain.is_empty() {
                    return Err(Error::new(Code::OrderNothingDelivered, "reading what was delivered"));
                }
                chain
            }
            None if interrupted => Vec::new(),
            None if kept.order.source == OrderSource::ByHand => {
                return Err(Error::new(Code::OrderNoCertificate, DOING).with("order", number));
            }
            None => self.order_certificate(number, None).await?,
        };
        let mut job = self.open_key(&kept)?.ok_or_else(|| none_open(&kept))?;
        job.reopen()?;
        server::install(&self.desk, &mut job, chain, ui).await
    }

    /// Goes on with the key of an order: makes the request, or installs what is there.
    pub(super) async fn resume_key(&self, mut job: Job, ui: &dyn Ui) -> Result<Resumed> {
        if job.record.clean_up {
            return resume::discard(&self.desk, &mut job, ui).await;
        }
        let Some(record) = &job.record.server else { return Err(Error::new(Code::Internal, DOING)) };
        let kept = self.kept_order(&record.order.to_string()).await?;
        if record.request.is_some() && (job.is_waiting() || job.record.issued.is_some()) {
            drop(job);
            let enrolled = self.order_install(&kept.number.to_string(), None, ui).await?;
            return Ok(Resumed::Enrolled { enrolled: Box::new(enrolled) });
        }
        // Interrupted before it waited.
        job.reopen()?;
        server::request(&self.desk, &mut job, ui).await?;
        Ok(Resumed::Requested { request: Box::new(request_view(&kept, &job)?) })
    }

    /// Gives up the key of an order.
    ///
    /// # Errors
    /// [`Code::HasCertificate`]; [`Code::OrderKeyInUse`] while its certificate may come.
    pub(super) async fn discard_key(&self, mut job: Job, ui: &dyn Ui) -> Result<Resumed> {
        if job.record.installed {
            return Err(Error::new(Code::HasCertificate, "discarding a job").with("job", job.id()));
        }
        let Some(record) = &job.record.server else { return Err(Error::new(Code::Internal, DOING)) };
        let order = record.order.to_string();
        match self.kept_order(&order).await {
            Ok(kept) if record.handed_in && !is_over(&kept.order) => {
                return Err(Error::new(Code::OrderKeyInUse, "discarding a job")
                    .with("order", order)
                    .with("job", job.id()));
            }
            Err(error) if error.code != Code::OrderNotFound => return Err(error),
            _ => {}
        }
        resume::discard(&self.desk, &mut job, ui).await
    }

    /// The request to hand in: the one given (PEM or DER), or that of the order's own key, which stays from here on. `domains`: those that
    /// the certificate is to have, where they are known.
    pub(super) async fn request_to_hand_in(
        &self,
        number: &str,
        csr: Option<&[u8]>,
        domains: &[String],
    ) -> Result<Vec<u8>> {
        if let Some(csr) = csr {
            return request_der(csr);
        }
        let kept = self.kept_order(number).await?;
        let mut job = self.open_key(&kept)?.ok_or_else(|| none_open(&kept))?;
        let request = own_request(&job).ok_or_else(|| no_key(number))??;
        let sorted = |mut domains: Vec<String>| {
            domains.sort();
            domains
        };
        if !domains.is_empty() && sorted(domains.to_vec()) != sorted(server::domains(&job.record)) {
            return Err(has_key(&kept, &job));
        }
        server::hand_in(&mut job)?;
        Ok(request)
    }

    /// What was to be handed in certainly was not: the key may go again.
    pub(super) async fn not_handed_in(&self, number: &str) -> Result<()> {
        let kept = self.kept_order(number).await?;
        if kept.order.pending.is_none()
            && let Some(mut job) = self.open_key(&kept)?
        {
            server::take_back(&mut job)?;
        }
        Ok(())
    }

    /// The request of the order's own key; `None`: it has none.
    pub(super) async fn own_request_of(&self, number: &str) -> Result<Option<Vec<u8>>> {
        let journal = self.desk.journal.clone();
        let id: i64 = number.parse().map_err(|_| bad_request())?;
        let request = blocking(move || journal.request_of_order(id)).await??;
        request.map(|request| unhex(&request)).transpose()
    }

    /// What was installed beside the order's key last, the certificate first; `None`: nothing was.
    pub(super) async fn installed_chain(&self, number: &str) -> Result<Option<Vec<Vec<u8>>>> {
        let (journal, number) = (self.desk.journal.clone(), self.kept_order(number).await?.number);
        let finished = blocking(move || journal.finished()).await??;
        let its = |record: &Record| record.server.as_ref().is_some_and(|server| server.order == number);
        let issued = finished.into_iter().find(its).and_then(|record| record.issued);
        let chain = |issued: IssuedRecord| Ok([vec![unhex(&issued.certificate)?], unhex_all(&issued.extra)?].concat());
        issued.map(chain).transpose()
    }

    /// # Errors
    /// [`Code::OrderHasKey`] while a key waits for the order's certificate: it would be a key without one.
    pub(super) async fn no_key_waits(&self, number: &str) -> Result<()> {
        let kept = self.kept_order(number).await?;
        match self.open_key(&kept)? {
            Some(job) => Err(has_key(&kept, &job)),
            None => Ok(()),
        }
    }

    /// The key that waits for the order's certificate.
    ///
    /// # Errors
    /// [`Code::JobBusy`].
    fn open_key(&self, kept: &KeptOrder) -> Result<Option<Job>> {
        let open = kept.key.as_ref().filter(|key| !key.state.is_over());
        open.map(|key| self.desk.journal.take(&key.job)).transpose()
    }
}

/// What was asked for is what is there.
fn is_wanted(record: &Record, wanted: &OrderKey, domains: &[String]) -> bool {
    let kind = wanted.key.is_none() || wanted.key == record.order.key;
    kind && wanted.place == record.order.place && server::domains(record) == domains
}

/// No certificate comes any more for a request that this order has got.
fn is_over(order: &Order) -> bool {
    use RemoteState::{Cancelled, Draft, Refused, Revoked};
    let state = order.seen.as_ref().map(|seen| seen.state);
    order.pending.is_none() && matches!(state, None | Some(Draft | Refused | Cancelled | Revoked))
}

fn own_request(job: &Job) -> Option<Result<Vec<u8>>> {
    Some(unhex(job.record.server.as_ref()?.request.as_ref()?))
}

fn request_view(kept: &KeptOrder, job: &Job) -> Result<OrderRequest> {
    let number = kept.number.to_string();
    let request = own_request(job).ok_or_else(|| no_key(&number))??;
    let pem = der::pem::encode_string("CERTIFICATE REQUEST", der::pem::LineEnding::LF, &request);
    let (place, place_name) = job.record.whereabouts();
    Ok(OrderRequest {
        order: number,
        job: job.id(),
        pem: pem.map_err(|error| Error::new(Code::Internal, DOING).because(error))?,
        domains: server::domains(&job.record),
        place,
        place_name,
    })
}

/// No key waits for a certificate: there was none, or it has its certificate.
fn none_open(kept: &KeptOrder) -> Error {
    match &kept.key {
        Some(key) => Error::new(Code::JobFinished, DOING).with("job", &key.job),
        None => no_key(&kept.number.to_string()),
    }
}

fn no_key(number: &str) -> Error {
    Error::new(Code::OrderNoKey, DOING).with("order", number)
}

fn has_key(kept: &KeptOrder, job: &Job) -> Error {
    let place = job.record.whereabouts().1;
    Error::new(Code::OrderHasKey, DOING).with("order", kept.number).with("job", job.id()).with("place", place)
}
