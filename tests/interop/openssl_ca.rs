//! `openssl cmp` as the CA: our protocol crate alone, then the command, against the system's release and a current one.

use crate::{command, conformance::Table, exchanges, mock_ca::Release};

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
    exchanges::rows(&table, release);
    command::rows(&table, release);
    absent(table, release).close();
}

/// What the mock server of a release cannot do.
fn absent(table: Table, release: &Release) -> Table {
    let table = table.absent("4.1.5", "no PBMAC1, up to 3.6.5");
    if release.has((3, 5)) { table } else { table.absent("4.1.6", "came with OpenSSL 3.5") }
}
