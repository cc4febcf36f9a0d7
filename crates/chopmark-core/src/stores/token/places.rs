//! Cards whose keys lie in fixed places: a free one is chosen, and what lies in the others is never touched.

use token_helper::{
    client::{Helper, HelperError},
    wire::KeyPlace,
};

use super::{TokenPlace, officer::Deed};
use crate::{
    certificate,
    drivers::key_kind,
    error::{Code, Error, Result},
    journal::{Job, KeyRecord, hex, unhex},
    keys::key_id,
    model::KeyChoice,
    ui::Ui,
};

impl TokenPlace {
    /// Where the card can hold keys; `None`: the token takes any id.
    async fn key_places(&mut self) -> Result<Option<Vec<KeyPlace>>> {
        self.call(|helper| helper.key_places()).await?.map_err(|error| self.error(error))
    }

    /// Its keys lie in places that the card has.
    pub(crate) async fn has_fixed_places(&mut self) -> Result<bool> {
        Ok(self.key_places().await?.is_some())
    }

    /// The id of the first free place of the card; `None`: the token takes any id.
    pub(super) async fn free_place(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(places) = self.key_places().await? else { return Ok(None) };
        for place in &places {
            if place.holds.is_none() || self.is_left_over(&place.key_id).await? {
                return Ok(Some(place.key_id.clone()));
            }
        }
        let taken =
            places.iter().map(|place| format!("{}: {}", place.name, place.holds.as_deref().unwrap_or_default()));
        let taken: Vec<String> = taken.collect();
        let error = Error::new(Code::TokenFull, "looking for a place for the key").with("token", &self.token.label);
        Err(if taken.is_empty() { error } else { error.with("seen", taken.join(", ")) })
    }

    /// A key of a job that was given up, which the card could not forget, and no certificate.
    async fn is_left_over(&mut self, id: &[u8]) -> Result<bool> {
        if self.learned.left_keys.is_empty() {
            return Ok(false);
        }
        let wanted = id.to_vec();
        let look = move |helper: &mut Helper| {
            let certified = helper.certificates()?.iter().any(|one| one.key_id == wanted);
            Ok(if certified { None } else { helper.find_key(&wanted)?.and_then(|key| key.public_key) })
        };
        match self.call(look).await?.map_err(|error| self.error(error))? {
            Some(public_key) => Ok(self.learned.left_keys.contains(&hex(&key_id(&public_key)?))),
            None => Ok(false),
        }
    }

    /// The key that lies there from a job that was given up, if it is of this kind: no certificate was ever asked for it, and OpenSC
    /// makes no key over another.
    pub(super) async fn left_over(&mut self, id: &[u8], kind: KeyChoice) -> Result<Option<KeyRecord>> {
        if self.learned.left_keys.is_empty() {
            return Ok(None);
        }
        let wanted = id.to_vec();
        let found = self.call(move |helper| helper.find_key(&wanted)).await?.map_err(|error| self.error(error))?;
        let Some(found) = found.filter(|key| key.kind == Some(key_kind(kind))) else { return Ok(None) };
        let Some(public_key) = found.public_key else { return Ok(None) };
        let left = hex(&key_id(&public_key)?);
        if !self.learned.left_keys.contains(&left) {
            return Ok(None);
        }
        self.learn(|learned| learned.left_keys.retain(|key| *key != left));
        Ok(Some(KeyRecord { public_key: hex(&public_key), key_id: hex(&found.key_id), named: false }))
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
            Ok(()) | Err(HelperError::Pkcs11 { .. }) => {}
            Err(error) => return Err(self.error(error)),
        }
        // OpenSC says that it destroyed the key, and it is there again the next time: noted in any case.
        let left = hex(&key_id(&ours)?);
        self.learn(|learned| {
            if !learned.left_keys.contains(&left) {
                learned.left_keys.push(left);
            }
        });
        Ok(())
    }
}
