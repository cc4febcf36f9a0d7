//! The key of a certificate that is renewed or revoked: it protects what is said to the CA (RFC 9483 §4.1.3, §4.2).

use cmp_protocol::signature::SignatureScheme;
use der::Decode;
use spki::SubjectPublicKeyInfoOwned;

use crate::{
    app::Desk,
    certificate,
    error::{Code, Error, Result},
    journal::{KeyRecord, OldRecord, hex, unhex, unhex_all},
    keys,
    model::{FoundCertificate, Place},
    stores::{OpenPlace, computer::ComputerPlace, file::FilePlace, token::TokenPlace},
    ui::Ui,
};

/// The key, in a place that is open.
pub(crate) struct OldKey {
    record: OldRecord,
    scheme: SignatureScheme,
    /// `None`: it lies in the job's own place, beside the new key.
    place: Option<OpenPlace>,
}

impl OldRecord {
    /// What is at hand of a certificate that was found, with the intermediates known for it.
    pub(crate) fn of(found: &FoundCertificate, chain: &[Vec<u8>]) -> Result<OldRecord> {
        let der = certificate::der_of(&found.certificate)?;
        let public_key = certificate::public_key(&der)?;
        let (place, extras) = Place::parse(&found.place)?;
        let key_id = match extras.id {
            Some(id) => id,
            None => keys::key_id(&public_key)?,
        };
        Ok(OldRecord {
            certificate: hex(&der),
            chain: chain.iter().map(|der| hex(der)).collect(),
            key: KeyRecord { public_key: hex(&public_key), key_id: hex(&key_id), named: true },
            place,
        })
    }

    /// How its key signs.
    pub(crate) fn scheme(&self) -> Result<SignatureScheme> {
        let bad = |error: String| Error::new(Code::Internal, "reading the old key").because(error);
        let key = SubjectPublicKeyInfoOwned::from_der(&unhex(&self.key.public_key)?)
            .map_err(|error| bad(error.to_string()))?;
        SignatureScheme::for_key(&key).map_err(|error| bad(error.to_string()))
    }
}

impl OldKey {
    /// Beside the new key, in the place that the job has opened.
    pub(crate) fn beside(record: &OldRecord) -> Result<OldKey> {
        Ok(OldKey { record: record.clone(), scheme: record.scheme()?, place: None })
    }

    /// In a place of its own: finds the token and logs in, or asks for the file's password.
    pub(crate) async fn open(record: &OldRecord, desk: &Desk, ui: &dyn Ui) -> Result<OldKey> {
        let place = match &record.place {
            Place::Token { .. } => {
                OpenPlace::Token(Box::new(TokenPlace::open_at(record.place.clone(), desk, ui).await?))
            }
            place @ Place::Computer { .. } => {
                OpenPlace::Computer(Box::new(ComputerPlace::open_at(place.clone(), desk, ui).await?))
            }
            Place::File { path } => {
                let certificate = unhex(&record.certificate)?;
                OpenPlace::File(FilePlace::open_existing(path.into(), &certificate, ui).await?)
            }
        };
        Ok(OldKey { record: record.clone(), scheme: record.scheme()?, place: Some(place) })
    }

    /// What speaks through this key: its certificate and chain, DER.
    pub(crate) fn certificates(&self) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
        Ok((unhex(&self.record.certificate)?, unhex_all(&self.record.chain)?))
    }

    pub(crate) fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// Signs, in X.509 form. `own` is the job's own place, where it has one.
    pub(crate) async fn sign(&mut self, own: Option<&mut OpenPlace>, data: &[u8]) -> Result<Vec<u8>> {
        let place = self.place.as_mut().or(own).ok_or_else(|| Error::new(Code::Internal, "using the old key"))?;
        place.sign(&self.record.key, self.scheme, data).await
    }
}
