//! What orders cost, and with which account they are bought.

use super::{App, source_orders::by_hand};
use crate::{
    ca::ussl::{Console, UsslAccount},
    error::{Code, Error, Result},
    journal::orders::KeptOrder,
    model::*,
    orders::{
        accounts::{Accounts, of_ussl},
        acme::AcmeOrder,
        acts::{Act, Sent},
    },
    stores::blocking,
    ui::Secret,
    validation::order::Order,
};

const DOING: &str = "buying an order";

impl App {
    /// The accounts at sources of orders.
    pub async fn order_accounts(&self) -> Result<Vec<OrderAccount>> {
        let (accounts, acme) = (self.order_accounts_here(), self.acme_accounts());
        blocking(move || {
            let acme = acme.all().into_iter().filter(|account| account.url.is_some());
            Ok(accounts.list()?.into_iter().chain(acme.map(|account| account.view())).collect())
        })
        .await?
    }

    /// Keeps an account at UCloud's console, its private key in the keyring if it can be. What comes back says where it is.
    ///
    /// # Errors
    /// [`Code::OrderAccountExists`], [`Code::OrderAccountSecret`], [`Code::BadInput`].
    pub async fn order_account_add(
        &self,
        name: &str,
        public_key: &str,
        api: Option<String>,
        private_key: Secret,
        wanted: SecretPlace,
    ) -> Result<OrderAccount> {
        let account = UsslAccount { api, public_key: public_key.to_owned(), private_key };
        // An address that others can listen to is told before anything is kept.
        Console::new(&account, self.desk.way())?;
        let (accounts, kept) = (self.order_accounts_here(), of_ussl(name, public_key, account.api.clone(), wanted));
        blocking(move || accounts.add(kept, &account.private_key)).await?
    }

    /// Forgets an account and its secret here.
    ///
    /// # Errors
    /// [`Code::OrderAccountNotFound`].
    pub async fn order_account_remove(&self, name: &str) -> Result<()> {
        let (accounts, acme, name) = (self.order_accounts_here(), self.acme_accounts(), name.to_owned());
        blocking(move || match accounts.remove(&name) {
            Err(error) if error.code == Code::OrderAccountNotFound && acme.named(&name).is_ok() => acme.forget(&name),
            removed => removed,
        })
        .await?
    }

    /// What an account can buy.
    pub async fn order_products(&self, account: &str) -> Result<Vec<ProductView>> {
        let account = self.console_account(account).await?;
        Console::new(&account, self.desk.way())?.products().await
    }

    /// What it would cost now.
    pub async fn order_price(&self, account: &str, product: &Product) -> Result<Price> {
        let account = self.console_account(account).await?;
        Console::new(&account, self.desk.way())?.price(product).await
    }

    /// Buys. `agreed`: the price that the person was shown and has agreed to.
    ///
    /// # Errors
    /// [`Code::OrderNotConfirmed`] when it costs something else now, [`Code::OrderOtherPending`], [`Code::OrderUnsettled`].
    pub async fn order_buy(
        &self,
        account: &str,
        product: Product,
        agreed: &str,
        note: Option<String>,
    ) -> Result<OrderView> {
        self.no_other_purchase(account, None)?;
        self.agreed_price(account, &product, agreed).await?;
        let rules = self.validation_settings()?.rules_of(Some("ussl"))?;
        let begun = Order::begun(OrderSource::Ussl, Vec::new(), rules);
        let order = Order { account: Some(account.to_owned()), product: Some(product.clone()), note, ..begun };
        let journal = self.desk.journal.clone();
        let number = blocking(move || journal.add_order(order)).await??.number.to_string();
        let bought = self.drive(&number, Sent::Act(Act::Buy(&product)), |_| ()).await;
        match bought {
            // It never was one.
            Err(error)
                if error.code != Code::OrderUnsettled && self.kept_order(&number).await?.order.pending.is_none() =>
            {
                self.order_remove(&number).await?;
                Err(error)
            }
            bought => bought,
        }
    }

    /// Buys the next one; `agreed` as for [`App::order_buy`]. What comes back is the new order, where the source makes one. By ACME it costs
    /// nothing: product and price are not looked at.
    pub async fn order_renew(&self, number: &str, product: Product, agreed: &str) -> Result<OrderView> {
        let kept = self.kept_order(number).await?;
        if kept.order.source == OrderSource::Ussl {
            let account = kept.order.account.clone().ok_or_else(by_hand)?;
            self.no_other_purchase(&account, Some(kept.number))?;
            self.agreed_price(&account, &product, agreed).await?;
        }
        let renewed = self.drive(number, Sent::Act(Act::Renew(&product)), |_| ()).await?;
        match self.successor(number).await? {
            Some(next) => self.order_refresh(&next).await,
            None => Ok(renewed),
        }
    }

    /// Keeps the order that renews this one beside it, once. Its number here; `None`: there is none that is new.
    pub(super) async fn successor(&self, number: &str) -> Result<Option<String>> {
        let kept = self.kept_order(number).await?;
        let Some(remote) = kept.order.successor.clone() else { return Ok(None) };
        let Order { source, rules, domains, account, product, applicant, wanted, note, .. } = kept.order;
        let replaces = kept.order.acme.and_then(|acme| acme.certificate);
        let acme = (source == OrderSource::Acme).then(|| AcmeOrder { replaces, ..AcmeOrder::default() });
        let next = Order { account, product, applicant, wanted, note, ..Order::begun(source, domains, rules) };
        let next = Order { remote: Some(remote.clone()), acme, ..next };
        let journal = self.desk.journal.clone();
        blocking(move || {
            let here = journal.orders()?.into_iter().find(|one| one.order.remote.as_ref() == Some(&remote));
            let next = here.map_or_else(|| journal.add_order(next), Ok)?;
            // From now on it is an order like any other, and may be forgotten.
            journal.change_order(kept.number, |order| {
                order.successor = None;
                Ok(())
            })?;
            Ok(Some(next.number.to_string()))
        })
        .await?
    }

    /// An account with its secret.
    ///
    /// # Errors
    /// [`Code::OrderAccountNotFound`], [`Code::OrderAccountSecret`].
    pub async fn console_account(&self, name: &str) -> Result<UsslAccount> {
        let (accounts, name) = (self.order_accounts_here(), name.to_owned());
        blocking(move || {
            let account = accounts.one(&name)?;
            let private_key = accounts.secret(&account)?;
            Ok(UsslAccount { api: account.address, public_key: account.id, private_key })
        })
        .await?
    }

    pub(super) fn order_accounts_here(&self) -> Accounts {
        Accounts::of(&self.desk.home)
    }

    /// A second purchase could not be told from the first whose answer was lost.
    fn no_other_purchase(&self, account: &str, own: Option<i64>) -> Result<()> {
        let buys = |kept: &KeptOrder| {
            let pending = kept.order.pending.as_ref().map(|pending| pending.act);
            kept.order.account.as_deref() == Some(account)
                && Some(kept.number) != own
                && matches!(pending, Some(OrderAct::Buy | OrderAct::Renew))
        };
        match self.desk.journal.orders()?.iter().find(|kept| buys(kept)) {
            Some(kept) => Err(Error::new(Code::OrderOtherPending, DOING).with("order", kept.number)),
            None => Ok(()),
        }
    }

    async fn agreed_price(&self, account: &str, product: &Product, agreed: &str) -> Result<()> {
        let price = self.order_price(account, product).await?;
        if price.price != agreed.trim() {
            return Err(Error::new(Code::OrderNotConfirmed, DOING).with("name", price.price));
        }
        Ok(())
    }
}
