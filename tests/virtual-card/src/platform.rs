//! The trussed platform under the applets: memory in files, the system's random numbers, and the back-ends both applets need.
//!
//! After `trussed::virt` and `trussed_staging::virt`, whose random numbers always start from the same seed: two cards would have
//! the same keys.

use std::path::Path;
use trussed::{
    backend::{Backend as _, BackendId},
    pipe::TrussedChannel,
    platform,
    serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl},
    service::ServiceResources,
    types::Context,
    virt::{Runner, StorageConfig, Store, StoreConfig, UserInterface},
};
use trussed_auth::AuthExtension;
use trussed_auth_backend::{AuthBackend, AuthContext, FilesystemLayout};
use trussed_chunked::ChunkedExtension;
use trussed_core::{
    Error,
    api::{Reply, Request, reply, request},
    types::Location,
};
use trussed_hpke::HpkeExtension;
use trussed_rsa_alloc::SoftwareRsa;
use trussed_staging::{StagingBackend, StagingContext};
use trussed_wrap_key_to_file::WrapKeyToFileExtension;

pub(crate) type Client<'a> = trussed::virt::Client<'a, BackEnds>;

/// Runs `body` with a client of a platform whose memory lies in `dir`.
pub(crate) fn with_client<R>(dir: &Path, name: &str, body: impl FnOnce(Client<'_>) -> R) -> R {
    let mut memory = StoreConfig {
        internal: StorageConfig::filesystem(dir.join("internal")),
        external: StorageConfig::filesystem(dir.join("external")),
        volatile: StorageConfig::ram(),
    };
    memory.with_store(|store| {
        let channel = TrussedChannel::new();
        let (requester, responder) = channel.split().expect("a new channel has two ends");
        let mut runner = Runner::new();
        runner.add_endpoint(responder, name, ORDER);
        let client = Client::new(requester, runner.syscall(), None);
        let platform = Platform { random: rand_core::OsRng, store, user: UserInterface::new() };
        runner.run(platform, BackEnds::default(), || body(client))
    })
}

struct Platform<'a> {
    random: rand_core::OsRng,
    store: Store<'a>,
    user: UserInterface,
}

impl<'a> platform::Platform for Platform<'a> {
    type R = rand_core::OsRng;
    type S = Store<'a>;
    type UI = UserInterface;

    fn user_interface(&mut self) -> &mut Self::UI {
        &mut self.user
    }

    fn rng(&mut self) -> &mut Self::R {
        &mut self.random
    }

    fn store(&self) -> Self::S {
        self.store
    }
}

/// Asked in this order until one knows the request.
const ORDER: &[BackendId<BackEnd>] = &[
    BackendId::Custom(BackEnd::Staging),
    BackendId::Custom(BackEnd::Auth),
    BackendId::Custom(BackEnd::Rsa),
    BackendId::Core,
];

pub(crate) enum BackEnd {
    Staging,
    Auth,
    Rsa,
}

pub(crate) struct BackEnds {
    staging: StagingBackend,
    auth: AuthBackend,
}

impl Default for BackEnds {
    fn default() -> Self {
        Self { staging: StagingBackend::new(), auth: AuthBackend::new(Location::Internal, FilesystemLayout::V1) }
    }
}

#[derive(Default)]
pub(crate) struct Contexts {
    staging: StagingContext,
    auth: AuthContext,
}

/// The numbers are ours alone: client and dispatch are in one program.
#[derive(Clone, Copy)]
pub(crate) enum Extension {
    Chunked,
    Hpke,
    WrapKeyToFile,
    Auth,
}

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        extension as Self
    }
}

impl TryFrom<u8> for Extension {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self, Error> {
        [Self::Chunked, Self::Hpke, Self::WrapKeyToFile, Self::Auth]
            .into_iter()
            .find(|extension| *extension as u8 == number)
            .ok_or(Error::FunctionNotSupported)
    }
}

impl ExtensionId<ChunkedExtension> for BackEnds {
    type Id = Extension;
    const ID: Extension = Extension::Chunked;
}

impl ExtensionId<HpkeExtension> for BackEnds {
    type Id = Extension;
    const ID: Extension = Extension::Hpke;
}

impl ExtensionId<WrapKeyToFileExtension> for BackEnds {
    type Id = Extension;
    const ID: Extension = Extension::WrapKeyToFile;
}

impl ExtensionId<AuthExtension> for BackEnds {
    type Id = Extension;
    const ID: Extension = Extension::Auth;
}

impl ExtensionDispatch for BackEnds {
    type BackendId = BackEnd;
    type Context = Contexts;
    type ExtensionId = Extension;

    fn core_request<P: platform::Platform>(
        &mut self,
        back_end: &BackEnd,
        context: &mut Context<Contexts>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        let (core, own) = (&mut context.core, &mut context.backends);
        match back_end {
            BackEnd::Staging => self.staging.request(core, &mut own.staging, request, resources),
            BackEnd::Auth => self.auth.request(core, &mut own.auth, request, resources),
            BackEnd::Rsa => SoftwareRsa.request(core, &mut (), request, resources),
        }
    }

    fn extension_request<P: platform::Platform>(
        &mut self,
        back_end: &BackEnd,
        extension: &Extension,
        context: &mut Context<Contexts>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        let (core, own) = (&mut context.core, &mut context.backends);
        macro_rules! staging {
            ($extension:ty) => {
                ExtensionImpl::<$extension>::extension_request_serialized(
                    &mut self.staging,
                    core,
                    &mut own.staging,
                    request,
                    resources,
                )
            };
        }
        match (back_end, extension) {
            (BackEnd::Staging, Extension::Chunked) => staging!(ChunkedExtension),
            (BackEnd::Staging, Extension::Hpke) => staging!(HpkeExtension),
            (BackEnd::Staging, Extension::WrapKeyToFile) => staging!(WrapKeyToFileExtension),
            (BackEnd::Auth, Extension::Auth) => {
                self.auth.extension_request_serialized(core, &mut own.auth, request, resources)
            }
            _ => Err(Error::RequestNotAvailable),
        }
    }
}
