//! Systems whose store Chopmark does not use.

use std::path::Path;

use cmp_protocol::signature::SignatureScheme;

use crate::{
    app::Desk,
    drivers::Machine,
    error::{Code, Error, Result},
    hints::Language,
    journal::{Job, KeyRecord},
    keys::software::SoftwareKey,
    model::{ComputerStore, KeyChoice, Place},
    stores::{Bundle, token::Read},
    ui::Ui,
};

/// There is none: it cannot be opened.
pub(crate) enum ComputerPlace {}

#[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
impl ComputerPlace {
    pub(crate) async fn open(job: &mut Job, desk: &Desk, ui: &dyn Ui) -> Result<ComputerPlace> {
        ComputerPlace::open_at(job.record.order.place.clone(), desk, ui).await
    }

    pub(crate) async fn open_at(_: Place, _: &Desk, _: &dyn Ui) -> Result<ComputerPlace> {
        Err(Error::new(Code::BadInput, "opening the computer's store").with("reason", "place-computer"))
    }

    pub(crate) fn key_kinds(&self) -> &[KeyChoice] {
        match *self {}
    }

    pub(crate) async fn make_key(&mut self, _: &mut Job, _: KeyChoice, _: &dyn Ui) -> Result<KeyRecord> {
        match *self {}
    }

    pub(crate) async fn take_key(&mut self, _: &mut Job, _: &SoftwareKey, _: &dyn Ui) -> Result<KeyRecord> {
        match *self {}
    }

    pub(crate) async fn sign(&mut self, _: &KeyRecord, _: SignatureScheme, _: &[u8]) -> Result<Vec<u8>> {
        match *self {}
    }

    pub(crate) async fn install(&mut self, _: &KeyRecord, _: &Bundle, _: &dyn Ui) -> Result<()> {
        match *self {}
    }

    pub(crate) async fn use_installed(
        &mut self,
        _: &KeyRecord,
        _: SignatureScheme,
        _: &[u8],
        _: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        match *self {}
    }

    pub(crate) async fn discard(&mut self, _: &Job, _: &dyn Ui) -> Result<()> {
        match *self {}
    }

    pub(crate) async fn remove(&mut self, _: &[u8], _: &KeyRecord, _: &dyn Ui) -> Result<()> {
        match *self {}
    }

    pub(crate) fn name(&self) -> &str {
        match *self {}
    }

    pub(crate) async fn wants_root(&mut self, _: &[u8]) -> Result<bool> {
        match *self {}
    }

    pub(crate) async fn trust_root(&mut self, _: &[u8], _: &str) -> Result<()> {
        match *self {}
    }
}

pub(crate) fn stores(_: &Machine, _: Language) -> Vec<ComputerStore> {
    Vec::new()
}

/// Keys do not leave it.
#[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
pub(crate) async fn key_of(_: &Desk, _: Place, _: &[u8], _: &dyn Ui) -> Result<SoftwareKey> {
    Err(Error::new(Code::KeyCannotLeave, "exporting a key"))
}

#[allow(clippy::unused_async, reason = "the stores of other systems are waited for")]
pub(crate) async fn certificates(_: &Desk, _: &Path, _: Option<&Place>) -> Result<Vec<Read>> {
    Ok(Vec::new())
}
