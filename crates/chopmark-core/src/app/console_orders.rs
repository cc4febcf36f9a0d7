//! Orders that stand at a CA's console: listed, and kept here with what they want to see.

use super::App;
use crate::{
    ca::ussl::{Console, UsslAccount, UsslOrder},
    error::Result,
    model::{NewOrder, OrderSource, OrderView},
    stores::blocking,
    validation::order::Order,
};

impl App {
    /// The orders of an account.
    ///
    /// # Errors
    /// [`crate::error::Code::UsslRefused`], those of the way to the console.
    pub async fn console_orders(&self, account: &UsslAccount) -> Result<Vec<UsslOrder>> {
        Console::new(account, self.desk.way())?.list().await
    }

    /// Keeps an order of the console with what it wants to see. One that is kept already stays what it is, and its last check
    /// and its deadline with it as long as it wants the same.
    ///
    /// # Errors
    /// [`crate::error::Code::UsslRefused`], [`crate::error::Code::UsslNoProof`], those of [`App::order_add`].
    ///
    /// `kept`: the name of the account, if it is kept: then the order can be driven from here.
    pub async fn order_fetch(
        &self,
        account: &UsslAccount,
        kept: Option<&str>,
        id: i64,
    ) -> Result<(OrderView, UsslOrder)> {
        let console = Console::new(account, self.desk.way())?;
        let seen = console.order(id).await?;
        let proofs = console.proofs(&seen).await?;
        let domains = seen.domains.split(',').map(str::to_owned).collect();
        let note = Some(seen.name.clone());
        let typed = NewOrder { domains, proofs, rules: Some("ussl".to_owned()), deadline: None, note };
        let order = Order::read(typed, &self.validation_settings()?)?;
        let order = Order {
            source: OrderSource::Ussl,
            remote: Some(id.to_string()),
            account: kept.map(str::to_owned),
            ..order
        };
        let journal = self.desk.journal.clone();
        Ok((blocking(move || journal.fetched_order(order)).await??.view(), seen))
    }
}
