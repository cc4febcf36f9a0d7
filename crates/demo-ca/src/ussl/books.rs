//! What the console keeps: every order and the names of files, in one JSON file.

use std::{collections::BTreeMap, path::Path};

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::{
    authority::{hex, write},
    error::{Error, Result},
    rng,
};

const FILE: &str = "console.json";

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) port: Option<u16>,
    pub(crate) orders: BTreeMap<i64, Order>,
    pub(crate) files: BTreeMap<String, File>,
}

/// What a name of a file stands for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum File {
    ConfirmLetter(i64),
    RevokeLetter(i64),
    Certificate(i64),
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) brand: String,
    pub(crate) name: String,
    /// DV, OV or EV.
    pub(crate) kind: String,
    pub(crate) domains_count: u32,
    pub(crate) years: u32,
    pub(crate) created: u64,
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) domains: Vec<String>,
    #[serde(default)]
    pub(crate) csr: String,
    #[serde(default)]
    pub(crate) auths: Vec<Auth>,
    #[serde(default)]
    pub(crate) review_until: u64,
    /// PEM.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    #[serde(default)]
    pub(crate) issued: u64,
    #[serde(default)]
    pub(crate) expires: u64,
    #[serde(default)]
    pub(crate) renewed: bool,
    /// Each thing that was done, for tests that count.
    #[serde(default)]
    pub(crate) done: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Auth {
    pub(crate) domain: String,
    pub(crate) key: String,
    pub(crate) value: String,
    /// DNS_CNAME, DNS_TXT or FILE.
    pub(crate) kind: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    WaitingForInformation,
    WaitingForProof,
    WaitingForLetter,
    Reviewing,
    Issued,
    Refused,
    SecurityReviewFailed,
    Cancelled,
    Revoking,
    Revoked,
}

impl Order {
    /// Code and words. Published are the codes of an issued, a renewed and a refused order; `SIM_…` is the simulator's.
    pub(crate) fn state_words(&self) -> (&'static str, &'static str) {
        match self.state {
            State::Issued if self.renewed => ("RENEWED", "已续费"),
            State::Issued => ("COMPLETED", "已签发"),
            State::Refused => ("REJECTED", "已拒绝"),
            State::SecurityReviewFailed => ("SECURITY_REVIEW_FAILED", "安全审核失败"),
            State::WaitingForInformation => ("SIM_INFORMATION", "待补充资料"),
            State::WaitingForProof => ("SIM_PROOF", "等待域名验证"),
            State::WaitingForLetter => ("SIM_LETTER", "等待上传确认函"),
            State::Reviewing => ("SIM_REVIEW", "审核中"),
            State::Cancelled => ("CANCELED", "已取消"),
            State::Revoking => ("SIM_REVOKING", "等待吊销验证"),
            State::Revoked => ("REVOKED", "已吊销"),
        }
    }
}

impl Books {
    pub(crate) fn open(dir: &Path) -> Result<Books> {
        let file = dir.join(FILE);
        if !file.exists() {
            return Ok(Books::default());
        }
        let text = std::fs::read(&file).map_err(Error::file(&file))?;
        serde_json::from_slice(&text).map_err(|error| Error::Usage(format!("{}: {error}", file.display())))
    }

    pub(crate) fn keep(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| Error::Usage(error.to_string()))?;
        write(&dir.join(FILE), &text, 0o600)
    }

    /// A name for a file that cannot be guessed.
    pub(crate) fn file(&mut self, file: File, ending: &str) -> String {
        let name = format!("{}.{ending}", random_hex(16));
        self.files.insert(name.clone(), file);
        name
    }
}

pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rng().fill_bytes(&mut random);
    hex(&random)
}
