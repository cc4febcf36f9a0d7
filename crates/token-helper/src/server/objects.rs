//! What lies on a token: looked through once for each kind of object, a fixed number of calls for each object.

use super::refusal::refusal;
use super::{OBJECT_LIMIT, Open, encoding};
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle};
use std::cell::Cell;
use std::num::NonZeroUsize;
use token_helper::wire::{Object, ObjectKind, Objects};
use token_helper::{HelperError, KeyKind};

/// Objects asked for in one call.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");
/// Certificates above this in all are counted, not sent: a message has its limit, and base64 makes them a third longer.
const CONTENT_LIMIT: usize = 2 << 20;
/// Lists that must come back useless before the driver is asked for one attribute at a time.
const LISTS_TO_TRY: u32 = 3;

/// Whether this driver answers for several attributes at once.
#[derive(Debug, Default)]
pub(super) struct Lists {
    useless: Cell<u32>,
    useful: Cell<bool>,
}

impl Lists {
    fn worth_a_try(&self) -> bool {
        self.useful.get() || self.useless.get() < LISTS_TO_TRY
    }

    fn note(&self, useful: bool) {
        if useful {
            self.useful.set(true);
        } else {
            self.useless.set(self.useless.get() + 1);
        }
    }
}

/// Attributes of one object, by kind.
pub(super) struct Read(Vec<Attribute>);

impl Read {
    pub(super) fn bytes(&self, which: AttributeType) -> Option<&[u8]> {
        self.0.iter().find(|attribute| attribute.attribute_type() == which).and_then(bytes)
    }

    pub(super) fn label(&self) -> String {
        let bytes = self.bytes(AttributeType::Label).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim_end_matches(['\0', ' ']).to_owned()
    }

    pub(super) fn id(&self) -> Vec<u8> {
        self.bytes(AttributeType::Id).unwrap_or_default().to_vec()
    }

    pub(super) fn key_type(&self) -> Option<KeyType> {
        self.0.iter().find_map(|attribute| match attribute {
            Attribute::KeyType(kind) => Some(*kind),
            _ => None,
        })
    }

    /// Which of our keys it is.
    pub(super) fn kind(&self) -> Option<KeyKind> {
        match self.key_type()? {
            KeyType::RSA => {
                let modulus = self.bytes(AttributeType::Modulus)?;
                match modulus.iter().skip_while(|byte| **byte == 0).count() * 8 {
                    2048 => Some(KeyKind::Rsa2048),
                    3072 => Some(KeyKind::Rsa3072),
                    4096 => Some(KeyKind::Rsa4096),
                    _ => None,
                }
            }
            KeyType::EC | KeyType::EC_EDWARDS => encoding::curve(self.bytes(AttributeType::EcParams)?),
            _ => None,
        }
    }
}

fn bytes(attribute: &Attribute) -> Option<&[u8]> {
    match attribute {
        Attribute::Id(bytes)
        | Attribute::Label(bytes)
        | Attribute::Value(bytes)
        | Attribute::Modulus(bytes)
        | Attribute::EcParams(bytes) => Some(bytes),
        _ => None,
    }
}

fn has_content(attribute: &Attribute) -> bool {
    bytes(attribute).is_none_or(|bytes| !bytes.is_empty())
}

impl Open {
    /// Everything there is, as far as it shows.
    pub(super) fn all_objects(&self) -> Result<Objects, HelperError> {
        let mut objects = Vec::new();
        let mut room = CONTENT_LIMIT;
        let mut complete = self.private_visible;
        for (kind, class) in [
            (ObjectKind::Certificate, ObjectClass::CERTIFICATE),
            (ObjectKind::PrivateKey, ObjectClass::PRIVATE_KEY),
            (ObjectKind::PublicKey, ObjectClass::PUBLIC_KEY),
            (ObjectKind::SecretKey, ObjectClass::SECRET_KEY),
            (ObjectKind::Data, ObjectClass::DATA),
        ] {
            let found = self.objects(class, None)?;
            complete &= found.len() < OBJECT_LIMIT;
            for handle in found {
                let object = self.describe(handle, kind);
                let size = object.certificate.as_ref().map_or(0, Vec::len);
                if objects.len() == OBJECT_LIMIT || size > room {
                    complete = false;
                    continue;
                }
                room -= size;
                objects.push(object);
            }
        }
        Ok(Objects { objects, complete })
    }

    fn describe(&self, handle: ObjectHandle, kind: ObjectKind) -> Object {
        let named = [AttributeType::Label, AttributeType::Id];
        let (read, size) = match kind {
            // Only of what is public anyway: a certificate.
            ObjectKind::Certificate => {
                let read = self.read(handle, &[named[0], named[1], AttributeType::Value]);
                let size = read.bytes(AttributeType::Value).map(<[u8]>::len);
                (read, size)
            }
            ObjectKind::PrivateKey | ObjectKind::PublicKey => (self.read_key(handle), None),
            ObjectKind::SecretKey => (self.read(handle, &named), None),
            ObjectKind::Data => (self.read(handle, &named[..1]), self.size(handle)),
        };
        let certificate = match kind {
            ObjectKind::Certificate => {
                read.bytes(AttributeType::Value).filter(|der| !der.is_empty()).map(<[u8]>::to_vec)
            }
            _ => None,
        };
        Object {
            #[allow(clippy::useless_conversion, reason = "CK_OBJECT_HANDLE has 32 bits on Windows")]
            handle: handle.handle().into(),
            kind,
            key_id: read.id(),
            label: read.label(),
            key: read.kind(),
            certificate,
            size: size.map(|size| size as u64),
        }
    }

    /// Id, label and kind of a key.
    pub(super) fn read_key(&self, handle: ObjectHandle) -> Read {
        let mut read = self.read(handle, &[AttributeType::Label, AttributeType::Id, AttributeType::KeyType]);
        let detail = match read.key_type() {
            Some(KeyType::RSA) => Some(AttributeType::Modulus),
            Some(KeyType::EC | KeyType::EC_EDWARDS) => Some(AttributeType::EcParams),
            _ => None,
        };
        read.0.extend(detail.and_then(|detail| self.attribute(handle, detail)));
        read
    }

    /// Several attributes in one call. Many drivers fail the whole list for one attribute they do not know, so a list is believed
    /// only if each of them came and none is empty; else they are asked for one by one.
    pub(super) fn read(&self, handle: ObjectHandle, which: &[AttributeType]) -> Read {
        if self.lists.worth_a_try() {
            let list = self.session.get_attributes(handle, which).unwrap_or_default();
            if list.len() == which.len() && list.iter().all(has_content) {
                self.lists.note(true);
                return Read(list);
            }
        }
        let one_by_one: Vec<Attribute> = which.iter().filter_map(|one| self.attribute(handle, *one)).collect();
        // An object that really has less says nothing about lists.
        if one_by_one.len() == which.len() && one_by_one.iter().all(has_content) {
            self.lists.note(false);
        }
        Read(one_by_one)
    }

    fn size(&self, handle: ObjectHandle) -> Option<usize> {
        match self.session.get_attribute_info(handle, &[AttributeType::Value]).ok()?.pop()? {
            AttributeInfo::Available(size) => Some(size),
            _ => None,
        }
    }

    /// Handles of objects of a class.
    pub(super) fn handles(&self, template: &[Attribute]) -> Result<Vec<ObjectHandle>, HelperError> {
        let found = self.session.iter_objects_with_cache_size(template, AT_ONCE).map_err(refusal)?;
        found.take(OBJECT_LIMIT).collect::<Result<_, _>>().map_err(refusal)
    }

    /// Only what still is what it was when it was listed. Its handle is another where the driver was begun anew since (for the
    /// security officer): then it is the only one that is the same in all else.
    pub(super) fn delete_object(&mut self, listed: &Object) -> Result<(), HelperError> {
        let class = match listed.kind {
            ObjectKind::Certificate => ObjectClass::CERTIFICATE,
            ObjectKind::PrivateKey => ObjectClass::PRIVATE_KEY,
            ObjectKind::PublicKey => ObjectClass::PUBLIC_KEY,
            ObjectKind::SecretKey => ObjectClass::SECRET_KEY,
            ObjectKind::Data => ObjectClass::DATA,
        };
        let id = Some(&*listed.key_id).filter(|id| !id.is_empty());
        let as_listed = |object: &ObjectHandle| {
            let now = self.describe(*object, listed.kind);
            (now.label == listed.label && now.certificate == listed.certificate).then_some((now.handle, *object))
        };
        let mut found: Vec<_> = self.objects(class, id)?.iter().filter_map(as_listed).collect();
        if found.len() > 1 || id.is_none() {
            found.retain(|(handle, _)| *handle == listed.handle);
        }
        let (_, object) = found.pop().ok_or(HelperError::ObjectNotFound)?;
        self.session.destroy_object(object).map_err(|error| self.officer_or(error))
    }
}
