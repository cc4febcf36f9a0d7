//! What a message is for, and the path that goes with it (RFC 9811 §3.3, RFC 9483 §6.1).

use reqwest::Url;

use crate::model::{PathStyle, RequestKind, TransportOptions};

/// What a transaction is for. Polls and confirmations go where their request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the whole of the table in RFC 9483 §6.1, whichever of it the jobs use")]
pub(crate) enum Operation {
    /// ir: enrolling to a PKI that does not know us (§4.1.1).
    Initialization,
    /// cr: enrolling to a PKI that knows us (§4.1.2).
    Certification,
    /// kur (§4.1.3).
    KeyUpdate,
    /// p10cr (§4.1.4).
    Pkcs10,
    /// rr (§4.2).
    Revocation,
    /// genm for the CA's certificates (§4.3.1).
    GetCaCerts,
    /// genm for the next root (§4.3.2).
    GetRootUpdate,
    /// genm for what to fill in (§4.3.3).
    GetCertReqTemplate,
    /// genm for revocation lists (§4.3.4).
    GetCrls,
}

impl Operation {
    /// Its segment of the path.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Operation::Initialization => "initialization",
            Operation::Certification => "certification",
            Operation::KeyUpdate => "keyupdate",
            Operation::Pkcs10 => "pkcs10",
            Operation::Revocation => "revocation",
            Operation::GetCaCerts => "getcacerts",
            Operation::GetRootUpdate => "getrootupdate",
            Operation::GetCertReqTemplate => "getcertreqtemplate",
            Operation::GetCrls => "getcrls",
        }
    }
}

impl From<RequestKind> for Operation {
    fn from(kind: RequestKind) -> Operation {
        match kind {
            RequestKind::Ir => Operation::Initialization,
            RequestKind::Cr => Operation::Certification,
            RequestKind::P10cr => Operation::Pkcs10,
        }
    }
}

/// Where a message goes.
pub(super) fn address(base: &Url, transport: &TransportOptions, operation: Operation) -> Url {
    let mut url = base.clone();
    if transport.paths == PathStyle::AsIs {
        return url;
    }
    // An http URL always has segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend([".well-known", "cmp"]);
        if let Some(label) = &transport.label {
            segments.extend(["p", label.as_str()]);
        }
        if transport.paths == PathStyle::WellKnownOperation {
            segments.push(operation.segment());
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_its_path() {
        use Operation::*;
        let base = Url::parse("https://ca.example:8443/").unwrap();
        for (operation, segment) in [
            (Initialization, "initialization"),
            (Certification, "certification"),
            (KeyUpdate, "keyupdate"),
            (Pkcs10, "pkcs10"),
            (Revocation, "revocation"),
            (GetCaCerts, "getcacerts"),
            (GetRootUpdate, "getrootupdate"),
            (GetCertReqTemplate, "getcertreqtemplate"),
            (GetCrls, "getcrls"),
        ] {
            let path = |paths, label: Option<&str>| {
                let transport = TransportOptions { paths, label: label.map(str::to_owned), ..Default::default() };
                address(&base, &transport, operation).to_string()
            };
            let root = "https://ca.example:8443/.well-known/cmp";
            assert_eq!(path(PathStyle::WellKnown, None), root);
            assert_eq!(path(PathStyle::WellKnown, Some("sales")), format!("{root}/p/sales"));
            assert_eq!(path(PathStyle::WellKnownOperation, None), format!("{root}/{segment}"));
            assert_eq!(path(PathStyle::WellKnownOperation, Some("sales")), format!("{root}/p/sales/{segment}"));
            assert_eq!(path(PathStyle::WellKnownOperation, Some("a/b c%")), format!("{root}/p/a%2Fb%20c%25/{segment}"));
        }
    }

    #[test]
    fn the_address_of_a_ca_with_its_own_is_left_as_it_is() {
        let base = Url::parse("http://ca.example/ejbca/publicweb/cmp/alias?x=1").unwrap();
        assert_eq!(address(&base, &TransportOptions::default(), Operation::KeyUpdate), base);
    }
}
