//! The helper's side: one driver, at most one open token. The only place with `cryptoki`.

mod care;
mod certs;
mod encoding;
mod import;
mod keys;
mod module;
mod objects;
mod pin_pad;
mod places;
mod providers;
mod quirks;
mod refusal;
mod trust;

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use objects::Lists;
use std::ffi::CString;
use std::path::PathBuf;
use token_helper::channel;
use token_helper::wire::{Answer, GeneratedKey, Pin, PinState, PrivateKey, Reply, Request, Token, TokenSelector};
use token_helper::{HelperError, PinFailure};

/// Above this a list is cut short: the driver says how many objects there are, and it may be wrong.
const OBJECT_LIMIT: usize = 2000;

/// The driver and what is open in it.
pub(crate) struct Server {
    driver: PathBuf,
    /// Lives as long as the driver does, which may keep a pointer to it.
    parameters: Option<CString>,
    pkcs11: Option<Pkcs11>,
    open: Option<Open>,
    /// A key was made since the driver was initialised: its view of the token may be stale.
    stale: bool,
    /// The driver refused something to the user that the security officer may do.
    refused_the_user: bool,
    /// A private key that is to be sent behind the answer.
    following: Option<PrivateKey>,
}

/// An open token.
struct Open {
    session: Session,
    token: Token,
    /// To find the token again after a re-initialisation.
    selector: TokenSelector,
    mechanisms: Vec<MechanismType>,
    /// Logged in, or a token that needs no login.
    private_visible: bool,
    /// Kept (and wiped on close) because some keys want it again for each signature, and some drivers want to be
    /// re-initialised after key generation. Only ever a PIN that was right.
    pin: Option<Pin>,
    /// Who logged in with it.
    user: UserType,
    lists: Lists,
}

/// What came in a frame of its own after a request.
pub(crate) enum Secret {
    None,
    Pin(Pin),
    Pins(Pin, Pin),
    Key(PrivateKey),
}

impl Secret {
    fn pin(self) -> Option<Pin> {
        match self {
            Secret::Pin(pin) => Some(pin),
            _ => None,
        }
    }

    fn pins(self) -> Result<(Pin, Pin), HelperError> {
        match self {
            Secret::Pins(first, second) => Ok((first, second)),
            _ => Err(HelperError::Protocol("no two PINs came".into())),
        }
    }
}

impl Server {
    pub(crate) fn new(driver: PathBuf) -> Server {
        Server {
            driver,
            parameters: None,
            pkcs11: None,
            open: None,
            stale: false,
            refused_the_user: false,
            following: None,
        }
    }

    /// The key that belongs to the last answer, if it was about one.
    pub(crate) fn key_that_follows(&mut self) -> Option<PrivateKey> {
        self.following.take()
    }

    /// Does what is asked. A token that was pulled shows in many codes (CKR_GENERAL_ERROR, CKR_USER_NOT_LOGGED_IN, …): after a
    /// refusal the slot is asked whether the token is still there.
    pub(crate) fn answer(&mut self, request: Request, secret: Secret) -> Reply {
        let reply = self.answered(request, secret);
        self.stale |= matches!(reply, Ok(Answer::Generated(GeneratedKey { reinitialized: false, .. })));
        self.refused_the_user |= matches!(reply, Err(HelperError::OfficerRequired { .. }));
        reply.map_err(|error| self.removed(&error).unwrap_or(error))
    }

    fn answered(&mut self, request: Request, secret: Secret) -> Reply {
        match request {
            Request::Load { parameters, background } => {
                if background {
                    channel::stay_in_the_background();
                }
                self.load(parameters).map(Answer::Module)
            }
            Request::Tokens => self.tokens().map(Answer::Tokens),
            Request::Open { token, .. } => self.open(token, secret.pin()).map(Answer::Token),
            Request::OpenAsOfficer { token } => {
                let Some(pin) = secret.pin() else { return Err(HelperError::Protocol("no PIN came".into())) };
                self.open_as_officer(token, pin).map(Answer::Token)
            }
            Request::KeyPlaces => self.opened()?.key_places().map(Answer::KeyPlaces),
            Request::GenerateKey { kind, label, provisional_id, known } => {
                self.generate_key(kind, &label, &provisional_id, &known).map(Answer::Generated)
            }
            Request::ImportKey { label, provisional_id, public_key } => {
                let Secret::Key(key) = secret else { return Err(HelperError::Protocol("no key came".into())) };
                self.opened()?.import_key(&key, &public_key, &label, &provisional_id).map(Answer::Generated)
            }
            Request::NameKey { from_id, to_id, label } => {
                self.opened()?.name_key(&from_id, &to_id, &label).map(Answer::KeyId)
            }
            Request::FindKey { key_id } => self.opened()?.find_key(&key_id).map(Answer::Key),
            Request::Sign { key_id, algorithm, data } => self.sign(&key_id, algorithm, &data).map(Answer::Signature),
            Request::InstallCertificate { key_id, label, certificate, chain } => {
                self.opened()?.install_certificate(&key_id, &label, &certificate, &chain).map(Answer::Installed)
            }
            Request::Certificates => self.opened()?.certificates().map(Answer::Certificates),
            Request::Keys => self.opened()?.keys().map(Answer::Keys),
            Request::DeleteKey { key_id } => self.opened()?.delete_key(&key_id).map(Answer::KeysDestroyed),
            Request::DeleteCertificate { certificate } => {
                self.opened()?.delete_certificate(&certificate).map(Answer::CertificateDeleted)
            }
            Request::IsRootTrusted { certificate } => {
                self.opened()?.is_root_trusted(&certificate).map(Answer::RootTrusted)
            }
            Request::TrustRoot { certificate, label } => {
                self.opened()?.trust_root(&certificate, &label).map(|()| Answer::Done)
            }
            Request::Objects => self.opened()?.all_objects().map(Answer::Objects),
            Request::DeleteObject { object } => self.opened()?.delete_object(&object).map(|()| Answer::Done),
            Request::InitToken { token, label } => {
                let Secret::Pin(pin) = secret else { return Err(HelperError::Protocol("no PIN came".into())) };
                self.init_token(&token, &label, &pin).map(Answer::Token)
            }
            Request::SetUserPin { token } => {
                let (so_pin, new) = secret.pins()?;
                self.set_user_pin(&token, &so_pin, &new).map(Answer::Token)
            }
            Request::ChangePin { token, whose } => {
                let (old, new) = secret.pins()?;
                self.change_pin(&token, whose, &old, &new).map(Answer::Token)
            }
            Request::Providers { question } => providers::answer(&question).map(Answer::Providers),
            Request::Store { order } => {
                let (answer, key) = providers::done(&order, secret)?;
                self.following = key;
                Ok(Answer::Store(answer))
            }
            Request::Goodbye => Ok(Answer::Bye),
        }
    }

    fn pkcs11(&self) -> Result<&Pkcs11, HelperError> {
        self.pkcs11.as_ref().ok_or_else(|| HelperError::Protocol("no driver is loaded".into()))
    }

    fn opened(&mut self) -> Result<&mut Open, HelperError> {
        self.open.as_mut().ok_or_else(|| HelperError::Protocol("no token is open".into()))
    }
}

impl Open {
    /// Without login private objects are invisible, which looks like "there is none": never take the one for the other.
    fn require_login(&self) -> Result<(), HelperError> {
        let state: PinState = self.token.user_pin;
        if self.private_visible { Ok(()) } else { Err(HelperError::Pin { failure: PinFailure::Required, state }) }
    }

    /// Objects that match. An empty id matches every object in PKCS#11, so it is never looked for.
    fn objects(&self, class: ObjectClass, id: Option<&[u8]>) -> Result<Vec<ObjectHandle>, HelperError> {
        let mut template = vec![Attribute::Token(true), Attribute::Class(class)];
        match id {
            Some([]) => return Ok(Vec::new()),
            Some(id) => template.push(Attribute::Id(id.to_vec())),
            None => {}
        }
        self.handles(&template)
    }

    fn attribute(&self, object: ObjectHandle, which: AttributeType) -> Option<Attribute> {
        self.session.get_attributes(object, &[which]).ok()?.pop()
    }

    fn bytes(&self, object: ObjectHandle, which: AttributeType) -> Option<Vec<u8>> {
        match self.attribute(object, which)? {
            Attribute::Id(bytes)
            | Attribute::Label(bytes)
            | Attribute::Value(bytes)
            | Attribute::Modulus(bytes)
            | Attribute::PublicExponent(bytes)
            | Attribute::EcParams(bytes)
            | Attribute::EcPoint(bytes)
            | Attribute::PublicKeyInfo(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn flag(&self, object: ObjectHandle, which: AttributeType) -> Option<bool> {
        match self.attribute(object, which)? {
            Attribute::Sensitive(value) | Attribute::Extractable(value) | Attribute::AlwaysAuthenticate(value) => {
                Some(value)
            }
            _ => None,
        }
    }

    fn id(&self, object: ObjectHandle) -> Vec<u8> {
        self.bytes(object, AttributeType::Id).unwrap_or_default()
    }
}
