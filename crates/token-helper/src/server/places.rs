//! Cards whose keys lie in fixed places: which are free, so that nothing is ever overwritten.

use super::{Open, quirks};
use cryptoki::object::{AttributeType, ObjectClass};
use token_helper::HelperError;
use token_helper::wire::KeyPlace;

impl Open {
    pub(super) fn has_fixed_places(&self) -> bool {
        quirks::fixed_places(&self.token).is_some()
    }

    /// All places and what lies in them; `None`: the token takes any id.
    pub(super) fn key_places(&self) -> Result<Option<Vec<KeyPlace>>, HelperError> {
        let Some(places) = quirks::fixed_places(&self.token) else { return Ok(None) };
        self.require_login()?;
        let state = |(number, name): &(u8, &str)| {
            let key_id = vec![*number];
            Ok(KeyPlace { holds: self.lies_at(&key_id)?, key_id, name: (*name).to_owned() })
        };
        places.iter().map(state).collect::<Result<_, _>>().map(Some)
    }

    /// The label of what has this id. A certificate's comes first, it says most.
    fn lies_at(&self, id: &[u8]) -> Result<Option<String>, HelperError> {
        for class in [ObjectClass::CERTIFICATE, ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            for object in self.objects(class, Some(id))? {
                // ykcs11 2.2 may list an empty place's certificate without content.
                let empty = class == ObjectClass::CERTIFICATE
                    && self.bytes(object, AttributeType::Value).is_none_or(|value| value.is_empty());
                if !empty {
                    return Ok(Some(self.read(object, &[AttributeType::Label]).label()));
                }
            }
        }
        Ok(None)
    }
}
