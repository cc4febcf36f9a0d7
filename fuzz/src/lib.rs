//! What the fuzz targets share: the client they play and the mutator that knows DER.

pub mod client;
pub mod mutate;
