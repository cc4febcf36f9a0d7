//! Keys in Windows' providers and this user's certificate stores: a helper for each order. What answers may be a vendor's code
//! like any driver.

use super::{Answer, Canceller, Channel, Helper, HelperError, Limits, Request, Verb, providers::PROVIDERS};
use crate::frame::{self, FrameError};
use crate::wire::{KeyAddress, KeyForm, KeyKind, Pin, PrivateKey, SignatureAlgorithm, StoreAnswer, StoreOrder};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How helpers are started for it.
#[derive(Debug, Clone)]
pub struct WindowsStore {
    program: PathBuf,
    limits: Limits,
    /// Ends the one that works now.
    working: Arc<Mutex<Option<Canceller>>>,
}

/// A key that was found or made: DER SubjectPublicKeyInfo.
pub type PublicKey = Vec<u8>;

impl WindowsStore {
    /// `program`: the helper.
    pub fn new(program: &Path, limits: Limits) -> WindowsStore {
        WindowsStore { program: program.to_owned(), limits, working: Arc::default() }
    }

    /// Makes a key that cannot be exported, or takes the one that lies there.
    pub fn make_key(&self, at: &KeyAddress, kind: KeyKind) -> Result<PublicKey, HelperError> {
        match self.order(Verb::GenerateKey, StoreOrder::MakeKey { at: at.clone(), kind })? {
            StoreAnswer::Key { public_key } => public_key.ok_or(HelperError::KeyNotFound),
            other => Err(unexpected(&other)),
        }
    }

    /// Brings a key (PKCS#8) that was made elsewhere, or takes the one that lies there. `exportable`: it may leave again.
    pub fn take_key(
        &self,
        at: &KeyAddress,
        key: &PrivateKey,
        public_key: &[u8],
        exportable: bool,
    ) -> Result<PublicKey, HelperError> {
        let order = StoreOrder::TakeKey { at: at.clone(), public_key: public_key.to_owned(), exportable };
        let (_, answer) = self.order_with(Verb::ImportKey, order, |channel| frame::send_key(channel, key))?;
        match answer {
            StoreAnswer::Key { public_key } => public_key.ok_or(HelperError::KeyNotFound),
            other => Err(unexpected(&other)),
        }
    }

    /// The private key of a certificate (DER), if it may leave. Where it may only in a wrapping, that has this password.
    pub fn give_key(&self, certificate: &[u8], password: &Pin) -> Result<(KeyForm, PrivateKey), HelperError> {
        let order = StoreOrder::GiveKey { certificate: certificate.to_owned() };
        let (mut helper, answer) =
            self.order_with(Verb::ExportKey, order, |channel| frame::send_pin(channel, password))?;
        match answer {
            StoreAnswer::Given { form } => helper.key_that_follows(Verb::ExportKey).map(|key| (form, key)),
            other => Err(unexpected(&other)),
        }
    }

    /// The key that lies there.
    pub fn find_key(&self, at: &KeyAddress) -> Result<Option<PublicKey>, HelperError> {
        match self.order(Verb::FindKey, StoreOrder::FindKey { at: at.clone() })? {
            StoreAnswer::Key { public_key } => Ok(public_key),
            other => Err(unexpected(&other)),
        }
    }

    /// Signs the data (not its hash), in X.509 form.
    pub fn sign(&self, at: &KeyAddress, algorithm: SignatureAlgorithm, data: &[u8]) -> Result<Vec<u8>, HelperError> {
        match self.order(Verb::Sign, StoreOrder::Sign { at: at.clone(), algorithm, data: data.to_owned() })? {
            StoreAnswer::Signature { signature } => Ok(signature),
            other => Err(unexpected(&other)),
        }
    }

    /// Destroys a key, if it is there.
    pub fn delete_key(&self, at: &KeyAddress) -> Result<(), HelperError> {
        self.done(Verb::DeleteKey, StoreOrder::DeleteKey { at: at.clone() })
    }

    /// Puts a certificate (DER) beside its key, and its issuers where they belong.
    pub fn install(&self, certificate: &[u8], at: &KeyAddress, chain: &[Vec<u8>]) -> Result<(), HelperError> {
        let (certificate, at, chain) = (certificate.to_owned(), at.clone(), chain.to_owned());
        self.done(Verb::InstallCertificate, StoreOrder::Install { certificate, at, chain })
    }

    /// Does this user's Windows trust this root (DER)?
    pub fn trusts(&self, root: &[u8]) -> Result<bool, HelperError> {
        match self.order(Verb::Certificates, StoreOrder::Trusts { root: root.to_owned() })? {
            StoreAnswer::Trusts { trusts } => Ok(trusts),
            other => Err(unexpected(&other)),
        }
    }

    /// From now on it does, if the person tells Windows so.
    pub fn trust(&self, root: &[u8]) -> Result<(), HelperError> {
        self.done(Verb::InstallCertificate, StoreOrder::Trust { root: root.to_owned() })
    }

    /// Where a certificate (DER) says that its key is.
    pub fn binding(&self, certificate: &[u8]) -> Result<Option<KeyAddress>, HelperError> {
        match self.order(Verb::Certificates, StoreOrder::Binding { certificate: certificate.to_owned() })? {
            StoreAnswer::Binding { at } => Ok(at),
            other => Err(unexpected(&other)),
        }
    }

    /// Changes that.
    pub fn bind(&self, certificate: &[u8], at: Option<&KeyAddress>) -> Result<(), HelperError> {
        let order = StoreOrder::Bind { certificate: certificate.to_owned(), at: at.cloned() };
        self.done(Verb::InstallCertificate, order)
    }

    /// Finds the certificate (DER) anew and signs with the key that it names: the certificate found, and the signature.
    pub fn sign_as(
        &self,
        certificate: &[u8],
        algorithm: SignatureAlgorithm,
        data: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), HelperError> {
        let order = StoreOrder::SignAs { certificate: certificate.to_owned(), algorithm, data: data.to_owned() };
        match self.order(Verb::Sign, order)? {
            StoreAnswer::Signed { certificate, signature } => Ok((certificate, signature)),
            other => Err(unexpected(&other)),
        }
    }

    /// Takes a certificate (DER) away, if it is there.
    pub fn remove(&self, certificate: &[u8]) -> Result<(), HelperError> {
        self.done(Verb::DeleteCertificate, StoreOrder::Remove { certificate: certificate.to_owned() })
    }

    /// Ends what is under way, from another thread. A key may have been made all the same.
    pub fn cancel(&self) {
        if let Some(working) = &*self.working.lock().unwrap_or_else(PoisonError::into_inner) {
            working.cancel();
        }
    }

    fn done(&self, verb: Verb, order: StoreOrder) -> Result<(), HelperError> {
        match self.order(verb, order)? {
            StoreAnswer::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    fn order(&self, verb: Verb, order: StoreOrder) -> Result<StoreAnswer, HelperError> {
        self.order_with(verb, order, |_| Ok(())).map(|(_, answer)| answer)
    }

    fn order_with(
        &self,
        verb: Verb,
        order: StoreOrder,
        secret: impl FnOnce(&mut Channel) -> Result<(), FrameError>,
    ) -> Result<(Helper, StoreAnswer), HelperError> {
        let mut helper = Helper::connect(&self.program, Path::new(PROVIDERS), self.limits.clone(), &[])?;
        *self.working.lock().unwrap_or_else(PoisonError::into_inner) = Some(helper.canceller());
        match helper.call_with(verb, &Request::Store { order }, secret)? {
            Answer::Store(answer) => Ok((helper, answer)),
            other => Err(helper.unexpected(&other)),
        }
    }
}

fn unexpected(answer: &StoreAnswer) -> HelperError {
    HelperError::Protocol(format!("an answer to another order: {:?}", std::mem::discriminant(answer)))
}
