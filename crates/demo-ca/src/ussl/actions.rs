//! The actions of the interface, each as its public description has it.

use std::io::{Cursor, Write};

use der::{Decode, EncodePem, pem::LineEnding};
use serde_json::{Map, Value, json};
use x509_cert::Certificate;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    No, Said, Shop,
    books::{Auth, Books, File, Order, State},
    orders::{PRODUCTS, Question, auths, bought, letter_of, number, record, request, text, wanted},
    proof,
};
use crate::serving::now;

/// Words that a DV order may fail for.
const SECURITY_WORDS: [&str; 9] = ["test-", "bank", "pay", "live", "wallet", "google", "apple", "microsoft", "alipay"];
const LONGEST_DAYS: u32 = 397;
const DAY: u64 = 86_400;

fn said(value: Value) -> Said {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Ok(Map::new()),
    }
}

fn not_now(order: &Order) -> No {
    No::new(58_010, format!("not possible in this state: {}", order.state_words().1))
}

fn one<'a>(books: &'a mut Books, question: &Question) -> Result<&'a mut Order, No> {
    let id = number(question, "CertificateID")?;
    books.orders.get_mut(&id).ok_or_else(|| No::new(58_001, "no such certificate"))
}

impl Shop {
    pub(super) async fn act(&self, action: &str, question: &Question) -> Said {
        if question.contains_key("CertificateID") {
            self.move_on(number(question, "CertificateID")?).await?;
        }
        match action {
            "ListCertificateCommodity" => self.products(),
            "GetCertificatePrice" => self.price(question),
            "PurchaseCertificate" => self.purchase(question),
            "GetCertificateList" => self.list(question),
            "GetCertificateDetailInfo" => self.detail(question),
            "ComplementCSRInfo" => self.complete(question),
            "GetDVAuthInfo" => self.auths(question),
            "DownloadConfirmLetterTemp" => self.file_url(question, "FileUrl", "pdf", File::ConfirmLetter),
            "DownloadRevokeLetterTemp" => self.file_url(question, "FileUrl", "docx", File::RevokeLetter),
            "UploadConfirmLetter" => self.letter(question),
            "DownloadCertificate" => {
                let issued = self.change(|books| Ok(one(books, question)?.certificate.is_some()))?;
                match issued {
                    true => self.file_url(question, "CertificateUrl", "zip", File::Certificate),
                    false => Err(No::new(58_011, "there is no certificate yet")),
                }
            }
            "ReIssueCertificateCSRInfo" => self.reissue(question),
            "RenewCertificateOrder" => self.renew(question),
            "CancelCertificateOrder" => self.cancel(question),
            "RevokeCertificate" => self.revoke(question),
            _ => Err(No::new(160, "Action not available")),
        }
    }

    fn products(&self) -> Said {
        let view = |(brand, name, kind, title, fewest, most, _): &(&str, &str, &str, &str, u32, u32, u32)| {
            json!({ "CertificateName": name, "CertificateBrand": brand, "CertificateCat": kind, "CertificateCnName": title,
                    "DomainMinLimit": fewest, "DomainMaxLimit": most, "Channel": "demo" })
        };
        let all: Vec<Value> = PRODUCTS.iter().map(view).collect();
        said(json!({ "Recommended": [all[0]], "All": all }))
    }

    fn price(&self, question: &Question) -> Said {
        let (product, count, years) = wanted(question)?;
        let price = f64::from(product.6 * count * years);
        said(json!({ "Price": price, "OriginalPrice": price * 1.25, "Available": 1 }))
    }

    fn purchase(&self, question: &Question) -> Said {
        let order = bought(question)?;
        let id = self.change(|books| {
            let id = books.orders.keys().next_back().map_or(7_001, |last| last + 1);
            books.orders.insert(id, order);
            Ok(id)
        })?;
        said(json!({ "CertificateID": id }))
    }

    fn list(&self, question: &Question) -> Said {
        let (page, size) = (number(question, "Page").unwrap_or(1), number(question, "PageSize").unwrap_or(20));
        text(question, "Mode")?;
        let row = |(id, order): (&i64, &Order)| {
            let (code, words) = order.state_words();
            json!({ "CertificateID": id, "CertificateCat": order.kind, "Mode": "trust", "Domains": order.domains.join(","),
                    "Brand": order.brand, "Name": order.name, "StateCode": code, "State": words,
                    "NotBefore": order.issued * 1000, "NotAfter": order.expires * 1000, "CreateTime": order.created,
                    "DomainsCount": order.domains_count, "YearOfValidity": order.years })
        };
        let (total, rows) = self.read(|books| (books.orders.len(), books.orders.iter().map(row).collect::<Vec<_>>()));
        let from = usize::try_from((page - 1).max(0) * size).unwrap_or(0);
        let rows: Vec<Value> = rows.into_iter().skip(from).take(usize::try_from(size).unwrap_or(0)).collect();
        said(json!({ "TotalCount": total, "CertificateList": rows }))
    }

    fn detail(&self, question: &Question) -> Said {
        let id = number(question, "CertificateID")?;
        let order = self.read(|books| books.orders.get(&id).cloned());
        let order = order.ok_or_else(|| No::new(58_001, "no such certificate"))?;
        let (code, words) = order.state_words();
        said(json!({ "CertificateInfo": {
            "Type": "trust", "CertificateID": id, "CertificateType": order.kind, "CaOrganization": "Chopmark demo",
            "Algorithm": "", "ValidityPeriod": order.years, "State": words, "StateCode": code, "Name": order.name,
            "Brand": order.brand, "Domains": order.domains.join(","), "DomainsCount": order.domains_count, "Mode": "trust",
            "CSROnline": 0, "CSR": order.csr, "CSRKeyParameter": "", "CSREncryptAlgo": "",
            "IssuedDate": order.issued, "ExpiredDate": order.expires,
        } }))
    }

    fn complete(&self, question: &Question) -> Said {
        for name in
            ["CompanyName", "CompanyAddress", "CompanyRegion", "CompanyCity", "CompanyCountry", "CompanyDivision"]
        {
            text(question, name)?;
        }
        for name in ["AdminName", "AdminPhone", "AdminEmail", "AdminTitle"] {
            text(question, name)?;
        }
        let method = text(question, "DVAuthMethod")?;
        if number(question, "CSROnline")? != 0 {
            return Err(No::new(230, "this console makes no keys: CSROnline must be 0"));
        }
        let domains: Vec<String> = text(question, "Domains")?.split(',').map(|one| one.trim().to_lowercase()).collect();
        let csr = text(question, "CSR")?;
        request(csr)?;
        self.change(|books| {
            let order = one(books, question)?;
            if order.state != State::WaitingForInformation {
                return Err(not_now(order));
            }
            if domains.len() > order.domains_count as usize {
                return Err(No::new(58_012, "more domains than were bought"));
            }
            order.domains.clone_from(&domains);
            order.csr = csr.to_owned();
            order.done.push("submit".to_owned());
            if order.kind != "DV" {
                order.state = State::WaitingForLetter;
                return Ok(());
            }
            let risky = |domain: &String| SECURITY_WORDS.iter().any(|word| domain.contains(word));
            if domains.iter().any(risky) {
                order.state = State::SecurityReviewFailed;
                return Ok(());
            }
            order.auths = auths(&domains, method)?;
            order.state = State::WaitingForProof;
            Ok(())
        })?;
        said(json!({}))
    }

    fn auths(&self, question: &Question) -> Said {
        let order = self.change(|books| one(books, question).cloned())?;
        if !matches!(order.state, State::WaitingForProof | State::Revoking) {
            return Err(not_now(&order));
        }
        let file = order.auths.iter().any(|auth| auth.kind == "FILE");
        let view = |auth: &Auth| {
            json!({ "AuthKey": auth.key, "AuthValue": auth.value, "Domain": auth.domain, "AuthType": if file { "" } else { &auth.kind },
                    "AuthMethod": if file { "FILE" } else { "DNS" }, "AuthRecord": auth.key, "AuthFile": "",
                    "AuthPath": if file { "/.well-known/pki-validation/" } else { "" } })
        };
        let all: Vec<Value> = order.auths.iter().map(view).collect();
        said(json!({ "AuthMethod": if file { "FILE" } else { "DNS" }, "Auths": all }))
    }

    fn letter(&self, question: &Question) -> Said {
        letter_of(text(question, "ConfirmLetter")?)?;
        let until = now() + self.options.review;
        self.change(|books| {
            let order = one(books, question)?;
            if order.state != State::WaitingForLetter {
                return Err(not_now(order));
            }
            order.state = State::Reviewing;
            order.review_until = until;
            order.done.push("letter".to_owned());
            Ok(())
        })?;
        said(json!({}))
    }

    fn reissue(&self, question: &Question) -> Said {
        let csr = text(question, "CSR")?;
        request(csr)?;
        let until = now() + self.options.review;
        self.change(|books| {
            let order = one(books, question)?;
            if order.state != State::Issued {
                return Err(not_now(order));
            }
            order.csr = csr.to_owned();
            order.certificate = None;
            order.done.push("reissue".to_owned());
            if order.kind == "DV" {
                let file = order.auths.first().is_some_and(|auth| auth.kind == "FILE");
                order.auths = auths(&order.domains, if file { "FILE" } else { "DNS" })?;
                order.state = State::WaitingForProof;
            } else {
                order.state = State::Reviewing;
                order.review_until = until;
            }
            Ok(())
        })?;
        said(json!({}))
    }

    fn renew(&self, question: &Question) -> Said {
        let next = bought(question)?;
        self.change(|books| {
            let order = one(books, question)?;
            if order.state != State::Issued {
                return Err(not_now(order));
            }
            order.renewed = true;
            order.done.push("renew".to_owned());
            let id = books.orders.keys().next_back().map_or(7_001, |last| last + 1);
            books.orders.insert(id, next);
            Ok(())
        })?;
        said(json!({}))
    }

    fn cancel(&self, question: &Question) -> Said {
        self.change(|books| {
            let order = one(books, question)?;
            let open =
                [State::WaitingForInformation, State::WaitingForProof, State::WaitingForLetter, State::Reviewing];
            if !open.contains(&order.state) {
                return Err(not_now(order));
            }
            order.state = State::Cancelled;
            order.done.push("cancel".to_owned());
            Ok(())
        })?;
        said(json!({}))
    }

    fn revoke(&self, question: &Question) -> Said {
        text(question, "Reason")?;
        let letter = question.get("RevokeLetter").and_then(Value::as_str).unwrap_or_default();
        self.change(|books| {
            let order = one(books, question)?;
            if order.state != State::Issued {
                return Err(not_now(order));
            }
            if order.expires < now() + 30 * DAY {
                return Err(No::new(58_013, "a certificate in its last 30 days cannot be revoked"));
            }
            if order.kind == "DV" {
                let domain = order.domains.first().cloned().unwrap_or_default();
                order.auths = vec![record(domain, "DNS_TXT")];
                order.state = State::Revoking;
            } else {
                letter_of(letter)?;
                order.state = State::Revoked;
            }
            order.done.push("revoke".to_owned());
            Ok(())
        })?;
        said(json!({}))
    }

    fn file_url(&self, question: &Question, field: &str, ending: &str, file: fn(i64) -> File) -> Said {
        let id = number(question, "CertificateID")?;
        let name = self.change(|books| {
            one(books, question)?;
            Ok(books.file(file(id), ending))
        })?;
        said(json!({ field: format!("{}/files/{name}", self.base) }))
    }

    /// What time and the domains have changed.
    async fn move_on(&self, id: i64) -> Result<(), No> {
        let Some(order) = self.read(|books| books.orders.get(&id).cloned()) else { return Ok(()) };
        let next = match order.state {
            State::WaitingForProof if proof::is_there(&order.auths, &self.options).await => State::Issued,
            State::Revoking if proof::is_there(&order.auths, &self.options).await => State::Revoked,
            State::Reviewing if now() >= order.review_until => State::Issued,
            _ => return Ok(()),
        };
        let certificate = (next == State::Issued).then(|| self.certify(&order)).transpose()?;
        self.change(|books| {
            // Cancelled or moved by another call meanwhile.
            let Some(kept) = books.orders.get_mut(&id).filter(|kept| kept.state == order.state) else { return Ok(()) };
            kept.state = next;
            if let Some((pem, from, until)) = certificate {
                (kept.certificate, kept.issued, kept.expires) = (Some(pem), from, until);
            }
            Ok(())
        })
    }

    fn certify(&self, order: &Order) -> Result<(String, u64, u64), No> {
        let fault = |error: &dyn std::fmt::Display| No::new(1, error.to_string());
        let key = request(&order.csr)?.info.public_key;
        let days = self.options.days.unwrap_or((order.years * 365).min(LONGEST_DAYS));
        let der = self.authority.issue_for_server(&order.domains, key, days, now()).map_err(|error| fault(&error))?;
        let certificate = Certificate::from_der(&der).map_err(|error| fault(&error))?;
        let until = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
        Ok((certificate.to_pem(LineEnding::LF).map_err(|error| fault(&error))?, now(), until))
    }

    /// A folder per kind of server, as such archives have.
    pub(super) fn archive(&self, id: i64) -> Result<Vec<u8>, No> {
        let fault = |error: &dyn std::fmt::Display| No::new(1, error.to_string());
        let certificate = self.read(|books| books.orders.get(&id).and_then(|order| order.certificate.clone()));
        let certificate = certificate.ok_or_else(|| No::new(58_011, "there is no certificate yet"))?;
        let chain = Certificate::from_der(&self.authority.intermediate).map_err(|error| fault(&error))?;
        let chain = chain.to_pem(LineEnding::LF).map_err(|error| fault(&error))?;
        let root = self.authority.root_pem().map_err(|error| fault(&error))?;
        let files = [
            ("Nginx/server.pem", format!("{certificate}{chain}")),
            ("Apache/server.crt", certificate.clone()),
            ("Apache/ca-bundle.crt", format!("{chain}{root}")),
            ("readme.txt", "For trying out. Not for real use.\n".to_owned()),
        ];
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, content) in files {
            archive.start_file(name, options).map_err(|error| fault(&error))?;
            archive.write_all(content.as_bytes()).map_err(|error| fault(&error))?;
        }
        Ok(archive.finish().map_err(|error| fault(&error))?.into_inner())
    }
}
