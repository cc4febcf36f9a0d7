//! `openssl cmp` as the CA: our protocol crate alone, then the command, against the system's release and a current one.

use crate::{command, conformance::Table, estate::Estate, exchanges, mock_ca::Release};

#[test]
fn the_systems_release() {
    check(&Release::system());
}

#[test]
fn a_current_release() {
    if let Some(release) = Release::current() {
        check(&release);
    }
}

fn check(release: &Release) {
    let table = release.table("as the CA");
    let estate = Estate::new(release);
    exchanges::rows(&table, release, &estate);
    command::rows(&table, release, &estate);
    absent(table, release).close();
}

/// What the mock server of a release cannot do.
fn absent(table: Table, release: &Release) -> Table {
    let table = table.absent("4.1.5", "no PBMAC1, up to 3.6.5; the request is refused");
    if release.has((3, 5)) {
        return table
            .absent("4.3.2", "without an update at hand it ends with a crash instead of saying that there is none");
    }
    table
        .absent("3.2", "it cannot sign its answers with Ed25519 or RSA-PSS keys; it verifies ours")
        .absent("4.1.3", "it does not look at the certificate that is to be renewed")
        .absent("4.1.6", "came with OpenSSL 3.5")
        .absent("4.3.1", "it gives the question back, which says: nothing")
        .absent("4.3.2", "as 4.3.1")
        .absent("4.3.3", "as 4.3.1")
        .absent("4.3.4", "as 4.3.1")
}
