//! What the rings share: temporary homes, tokens, CAs and peers.
