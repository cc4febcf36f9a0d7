//! What is in a person's NSS database after a walk, as NSS's own tools and SQLite see it.

use std::{
    path::Path,
    process::{Command, Output},
};

fn certutil(home: &Path, arguments: &[&str]) -> Output {
    let database = format!("sql:{}", home.join(".pki/nssdb").display());
    let mut command = Command::new("certutil");
    command.env("HOME", home).args(arguments).args(["-d", &database]).output().expect("certutil")
}

/// Nicknames with their trust, and the number of private keys that NSS sees.
fn seen(what: &str, home: &Path) -> (Vec<String>, usize) {
    let output = certutil(home, &["-L"]);
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().skip_while(|line| !line.contains("SSL,S/MIME")).skip(1);
    let lines = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let keys = certutil(home, &["-K"]);
    let keys = String::from_utf8_lossy(&keys.stdout).lines().filter(|line| line.starts_with('<')).count();
    // What certutil says of a database whose password the power cut prevented.
    (lines.filter(|line| !line.is_empty() && line != "Database needs user init").collect(), keys)
}

/// Objects that lie in the files, also such as no search finds: certificates, public and private keys.
fn objects(home: &Path) -> i64 {
    let count = |file: &str, table: &str| {
        let path = home.join(".pki/nssdb").join(file);
        let open = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
        let select = format!("SELECT count(*) FROM {table}");
        // A table that a power cut prevented holds nothing.
        open.and_then(|database| database.query_row(&select, [], |row| row.get::<_, i64>(0))).unwrap_or(0)
    };
    count("cert9.db", "nssPublic") + count("key4.db", "nssPrivate")
}

pub(super) fn assert_nothing(what: &str, home: &Path) {
    if home.join(".pki/nssdb/cert9.db").exists() {
        assert_eq!(seen(what, home), (Vec::new(), 0), "{what}: something is left in the store");
    }
    assert_eq!(objects(home), 0, "{what}: an object is left in the store");
}

/// The person's certificate with its key, the intermediate, and nothing more.
pub(super) fn assert_one(what: &str, home: &Path) {
    let (certificates, keys) = seen(what, home);
    let own = certificates.iter().filter(|line| line.ends_with(" u,u,u")).count();
    assert_eq!((own, certificates.len(), keys), (1, 2, 1), "{what}: {certificates:?}");
    let beside = std::fs::read_dir(home.join(".pki")).expect("a folder").count();
    assert_eq!(beside, 1, "{what}: something is left beside the store");
    // The two certificates, the public and the private key.
    assert_eq!(objects(home), 4, "{what}: objects in the store");
}
