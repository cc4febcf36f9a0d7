//! What buys, completes, cancels or revokes, and the files that belong to it. Each is sent once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Console, DOING,
    answers::{Bought, Costs, Fetched, Nothing, Offered, Products},
    unheard,
};
use crate::{
    ca::http::Endpoint,
    error::{Code, Error, Result},
    model::{Applicant, Price, Product, ProductView},
};

/// Largest file taken from the console (a template, a certificate in an archive), bytes.
const LARGEST_FILE: usize = 8 * 1024 * 1024;

impl Console<'_> {
    /// What there is to buy.
    pub(crate) async fn products(&self) -> Result<Vec<ProductView>> {
        let products: Products = self.ask("ListCertificateCommodity", json!({})).await?;
        let view = |one: &Offered, recommended| ProductView {
            brand: one.certificate_brand.clone(),
            name: one.certificate_name.clone(),
            title: one.certificate_cn_name.clone(),
            category: one.certificate_cat.clone(),
            fewest: one.domain_min_limit,
            most: one.domain_max_limit,
            recommended,
        };
        let mut all: Vec<ProductView> = products.recommended.iter().map(|one| view(one, true)).collect();
        for one in products.all.iter().map(|one| view(one, false)) {
            if !all.iter().any(|known| known.brand == one.brand && known.name == one.name) {
                all.push(one);
            }
        }
        Ok(all)
    }

    /// What it costs.
    pub(crate) async fn price(&self, product: &Product) -> Result<Price> {
        let costs: Costs = self.ask("GetCertificatePrice", of(product, json!(product.years))).await?;
        Ok(Price {
            price: costs.price.to_string(),
            before: costs.original_price.filter(|before| *before != costs.price).map(|before| before.to_string()),
            available: costs.available != Some(0),
        })
    }

    /// Buys. The answer may leave the number out.
    pub(crate) async fn purchase(&self, product: &Product) -> Result<Option<i64>> {
        // The documents have the years as text here, and as a number elsewhere.
        let bought: Bought = self.ask("PurchaseCertificate", of(product, json!(product.years.to_string()))).await?;
        Ok(bought.id)
    }

    /// Buys the next one of an order.
    pub(crate) async fn renew(&self, id: i64, product: &Product) -> Result<()> {
        let mut wanted = of(product, json!(product.years));
        wanted["CertificateID"] = json!(id);
        self.ask::<Nothing>("RenewCertificateOrder", wanted).await.map(|_| ())
    }

    /// Hands in our own request and for whom it is.
    pub(crate) async fn complete(
        &self,
        id: i64,
        domains: &[String],
        method: &str,
        csr: &str,
        who: &Applicant,
    ) -> Result<()> {
        let wanted = json!({
            "CertificateID": id, "Domains": domains.join(","), "CSROnline": 0, "CSR": csr, "DVAuthMethod": method,
            "CompanyName": who.company, "CompanyAddress": who.address, "CompanyRegion": who.region,
            "CompanyCity": who.city, "CompanyCountry": who.country, "CompanyDivision": who.division,
            "CompanyPhone": who.company_phone, "CompanyPostalCode": who.postal_code, "CompanyCode": who.company_code,
            "AdminName": who.name, "AdminPhone": who.phone, "AdminEmail": who.email, "AdminTitle": who.title,
        });
        self.ask::<Nothing>("ComplementCSRInfo", without_empty(wanted)).await.map(|_| ())
    }

    /// Another certificate for our other key.
    pub(crate) async fn reissue(&self, id: i64, domains: &[String], csr: &str) -> Result<()> {
        let wanted = json!({ "CertificateID": id, "CSROnline": "0", "CSR": csr, "Domains": domains.join(",") });
        self.ask::<Nothing>("ReIssueCertificateCSRInfo", wanted).await.map(|_| ())
    }

    pub(crate) async fn upload_letter(&self, id: i64, letter: &[u8]) -> Result<()> {
        let wanted = json!({ "CertificateID": id, "ConfirmLetter": STANDARD.encode(letter) });
        self.ask::<Nothing>("UploadConfirmLetter", wanted).await.map(|_| ())
    }

    pub(crate) async fn cancel(&self, id: i64) -> Result<()> {
        self.ask::<Nothing>("CancelCertificateOrder", json!({ "CertificateID": id })).await.map(|_| ())
    }

    pub(crate) async fn revoke(&self, id: i64, reason: &str, letter: Option<&[u8]>) -> Result<()> {
        let letter = letter.map(|letter| STANDARD.encode(letter)).unwrap_or_default();
        let wanted = json!({ "CertificateID": id, "Reason": reason, "RevokeLetter": letter });
        self.ask::<Nothing>("RevokeCertificate", wanted).await.map(|_| ())
    }

    /// The form of the letter: its bytes, and the end of its name.
    pub(crate) async fn letter_form(&self, id: i64, revocation: bool) -> Result<(Vec<u8>, String)> {
        let action = if revocation { "DownloadRevokeLetterTemp" } else { "DownloadConfirmLetterTemp" };
        let found: Fetched = self.ask(action, json!({ "CertificateID": id })).await?;
        let path = url::Url::parse(&found.url).map(|url| url.path().to_owned()).unwrap_or_default();
        let end: String = path.rsplit('.').next().unwrap_or_default().chars().take(5).collect();
        let plain = path.contains('.') && end.chars().all(|c| c.is_ascii_alphanumeric());
        Ok((self.file(&found.url).await?, if plain { end.to_lowercase() } else { "pdf".to_owned() }))
    }

    /// The archive with the certificate.
    pub(crate) async fn certificate_archive(&self, id: i64) -> Result<Vec<u8>> {
        let found: Fetched = self.ask("DownloadCertificate", json!({ "CertificateID": id })).await?;
        self.file(&found.url).await
    }

    /// The address is the console's word and holds no secret of ours; it may be another host's.
    async fn file(&self, url: &str) -> Result<Vec<u8>> {
        let strange =
            |error: Error| Error::new(Code::UsslAnswer, DOING).with("action", "CertificateUrl").because(error);
        Endpoint::fetch_bytes(&unheard(url).map_err(strange)?, LARGEST_FILE, &self.way).await
    }
}

fn of(product: &Product, years: Value) -> Value {
    json!({
        "CertificateBrand": product.brand, "CertificateName": product.name, "DomainsCount": product.domains,
        "ValidYear": years,
    })
}

/// What is left empty is left out; the console says by name what it misses.
fn without_empty(mut wanted: Value) -> Value {
    if let Value::Object(fields) = &mut wanted {
        fields.retain(|_, value| value.as_str() != Some(""));
    }
    wanted
}
