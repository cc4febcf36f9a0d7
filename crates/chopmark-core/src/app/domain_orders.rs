//! Orders for server certificates: kept, checked, watched.

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use super::App;
use crate::{
    clock,
    error::{Code, Error, Result},
    journal::orders::KeptOrder,
    model::{CaRules, NewOrder, OrderCheck, OrderEvent, OrderView, ProofState},
    stores::blocking,
    validation::{self, order::Order, package, settings::Settings},
};

/// Where the file for a web server goes.
pub enum FileTarget<'a> {
    /// Below this folder, ready to be copied into the web server's.
    Folder(&'a Path),
    /// Into this archive.
    Zip {
        /// The archive.
        file: &'a Path,
        /// One that is there is replaced.
        replace: bool,
    },
}

impl App {
    /// The rules of the CAs known, the usual one first.
    pub fn order_rules(&self) -> Result<Vec<CaRules>> {
        Ok(self.validation_settings()?.rules())
    }

    /// All orders, newest first.
    pub async fn orders(&self) -> Result<Vec<OrderView>> {
        let journal = self.desk.journal.clone();
        Ok(blocking(move || journal.orders()).await??.iter().map(KeptOrder::view).collect())
    }

    /// Keeps an order that was typed in.
    ///
    /// # Errors
    /// [`Code::BadInput`] with the reason.
    pub async fn order_add(&self, typed: NewOrder) -> Result<OrderView> {
        let order = Order::read(typed, &self.validation_settings()?)?;
        let journal = self.desk.journal.clone();
        Ok(blocking(move || journal.add_order(order)).await??.view())
    }

    /// One order.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`].
    pub async fn order_show(&self, number: &str) -> Result<OrderView> {
        Ok(self.kept_order(number).await?.view())
    }

    /// Forgets an order. What was set on the domain stays there.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`]; [`Code::OrderHasKey`] while a key of its own waits for the certificate.
    pub async fn order_remove(&self, number: &str) -> Result<()> {
        self.no_key_waits(number).await?;
        let (journal, number) = (self.desk.journal.clone(), number.to_owned());
        blocking(move || journal.remove_order(&number)).await?
    }

    /// Looks at the domains of an order as its CA will, and keeps what was seen.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`]; that something is wrong with a domain is a finding, not an error.
    pub async fn order_check(&self, number: &str) -> Result<OrderCheck> {
        let (kept, settings) = (self.kept_order(number).await?, self.validation_settings()?);
        let check = validation::check(number, &kept.order, &settings, self.desk.language).await;
        let (journal, seen) = (self.desk.journal.clone(), check.clone());
        blocking(move || journal.keep_check(&kept, &seen)).await??;
        Ok(check)
    }

    /// Checks again and again, with longer and longer pauses, until everything is as the CA wants it.
    ///
    /// # Errors
    /// [`Code::DeadlinePassed`], [`Code::Cancelled`], and those of [`App::order_check`].
    pub async fn order_watch(
        &self,
        number: &str,
        report: impl Fn(OrderEvent),
        cancelled: impl Future<Output = ()>,
    ) -> Result<OrderCheck> {
        tokio::select! {
            watched = self.watch_until_ready(number, report) => watched,
            () = cancelled => Err(Error::new(Code::Cancelled, "watching an order")),
        }
    }

    async fn watch_until_ready(&self, number: &str, report: impl Fn(OrderEvent)) -> Result<OrderCheck> {
        let order = || number.to_owned();
        for checks in 0.. {
            report(OrderEvent::Checking { order: order() });
            let check = self.order_check(number).await?;
            // A person may remove the order or change the rules meanwhile.
            let (kept, settings) = (self.kept_order(number).await?, self.validation_settings()?);
            let over = clock::now() as i64 > kept.order.deadline;
            let ready = check.state == ProofState::Ready;
            let next = (!ready && !over).then(|| settings.watch.pause(checks));
            report(OrderEvent::Checked { order: order(), check: check.clone(), next });
            match next {
                None if ready => {
                    report(OrderEvent::Ready { order: order() });
                    return Ok(check);
                }
                None => return Err(Error::new(Code::DeadlinePassed, "watching an order").with("order", number)),
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds.into())).await,
            }
        }
        Err(Error::new(Code::Internal, "watching an order"))
    }

    /// Writes the file for the web server.
    ///
    /// # Errors
    /// [`Code::OrderNotFound`], [`Code::BadInput`] (reason `order-no-file`), [`Code::FileExists`],
    /// [`Code::FileNotWritable`].
    pub async fn order_file(&self, number: &str, target: FileTarget<'_>) -> Result<Vec<PathBuf>> {
        let order = self.kept_order(number).await?.order;
        match target {
            FileTarget::Folder(folder) => {
                let folder = folder.to_owned();
                blocking(move || package::into_folder(&order, &folder)).await?
            }
            FileTarget::Zip { file, replace } => {
                let file = file.to_owned();
                Ok(vec![blocking(move || package::into_zip(&order, &file, replace)).await??])
            }
        }
    }

    pub(super) async fn kept_order(&self, number: &str) -> Result<KeptOrder> {
        let (journal, number) = (self.desk.journal.clone(), number.to_owned());
        blocking(move || journal.order(&number)).await?
    }

    pub(super) fn validation_settings(&self) -> Result<Settings> {
        Settings::read(&self.desk.home)
    }
}

impl KeptOrder {
    pub(super) fn view(&self) -> OrderView {
        self.order.view(self.number, self.created, self.key.clone())
    }
}
