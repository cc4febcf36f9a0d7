//! Cards whose keys lie in fixed places: a free one is chosen, and what lies in the others is never touched.

use token_helper::{client::HelperError, wire::KeyPlace};

use super::{TokenPlace, officer::Deed};
use crate::{
    certificate,
    error::{Code, Error, Result},
    journal::{Job, unhex},
    ui::Ui,
};

impl TokenPlace {
    /// Where the card can hold keys; `None`: the token takes any id.
    async fn key_places(&mut self) -> Result<Option<Vec<KeyPlace>>> {
        self.call(|helper| helper.key_places()).await?.map_err(|error| self.error(error))
    }

    pub(super) async fn has_fixed_places(&mut self) -> Result<bool> {
        Ok(self.key_places().await?.is_some())
    }

    /// The id of the first free place of the card; `None`: the token takes any id.
    pub(super) async fn free_place(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(places) = self.key_places().await? else { return Ok(None) };
        if let Some(free) = places.iter().find(|place| place.holds.is_none()) {
            return Ok(Some(free.key_id.clone()));
        }
        let taken =
            places.iter().map(|place| format!("{}: {}", place.name, place.holds.as_deref().unwrap_or_default()));
        let taken: Vec<String> = taken.collect();
        let error = Error::new(Code::TokenFull, "looking for a place for the key").with("token", &self.token.label);
        Err(if taken.is_empty() { error } else { error.with("seen", taken.join(", ")) })
    }

    /// Removes what the job made in its place of the card: certificates of its key, then the key if the card can be without one.
    /// What a card cannot forget is overwritten by its next key.
    pub(super) async fn clear_place(&mut self, job: &Job, ui: &dyn Ui) -> Result<()> {
        let Some(id) = job.record.provisional_id.as_deref().map(unhex).transpose()? else { return Ok(()) };
        let ours = match &job.record.key {
            Some(key) => Some(unhex(&key.public_key)?),
            // Interrupted while it was made: the place was free before.
            None => self.find_made(&id).await?.map(|key| unhex(&key.public_key)).transpose()?,
        };
        let Some(ours) = ours else { return Ok(()) };
        let found = self.call(|helper| helper.certificates()).await?.map_err(|error| self.error(error))?;
        let of_our_key = |der: &[u8]| certificate::public_key(der).is_ok_and(|key| key == ours);
        for one in found.into_iter().filter(|one| one.key_id == id && of_our_key(&one.der)) {
            let deleted = self.permitted(Deed::Write, move |helper| helper.delete_certificate(&one.der), ui).await?;
            deleted.map_err(|error| self.error(error))?;
        }
        let (still, wanted) = (ours.clone(), id.clone());
        let deleted = self.permitted(
            Deed::Write,
            move |helper| match helper.find_key(&wanted)? {
                Some(key) if key.public_key.as_ref() == Some(&still) => helper.delete_key(&wanted).map(|_| ()),
                _ => Ok(()),
            },
            ui,
        );
        match deleted.await? {
            Ok(()) | Err(HelperError::Pkcs11 { .. }) => Ok(()),
            Err(error) => Err(self.error(error)),
        }
    }
}
