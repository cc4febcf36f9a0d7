//! `chopmark doctor` with real readers and cards: a smart card service in each of its states, and a card's PIN from well to locked.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use chopmark_tests::{
    bench::{
        card::{Card, Kind},
        command::finish,
    },
    scene::{Scene, by_way_of, text, without_rights},
};

use super::{bench::Bench, have};

/// The libraries of the system without libpcsclite: a mount of the process's own over them.
const WITHOUT_LIBRARY: &str = "mount -t tmpfs none \"$1\" && mkdir \"$1/upper\" \"$1/work\" && \
    mount -t overlay -o \"lowerdir=$2,upperdir=$1/upper,workdir=$1/work\" none \"$2\" && \
    rm \"$2\"/libpcsclite* && shift 2 && exec \"$@\"";

type Row = (&'static str, fn(&mut Card), fn(&Scene, &Command) -> Command, &'static str);

/// What is found about service and readers, whatever the machine's drivers think of it.
#[test]
fn a_smart_card_service_in_each_state() {
    if have("a reader of vpcd", Card::lacks().map_or(Ok(()), |lacks| Err(lacks.to_owned()))).is_none() {
        return;
    }
    let rows: [Row; 5] = [
        ("a reader without card", |_| (), |_, command| by_way_of(&["env"], command), "CM-2307"),
        ("nobody may use it", no_rights, |_, command| without_rights(command), "CM-2303"),
        ("it hangs", |reader| reader.signal("STOP"), |_, command| by_way_of(&["env"], command), "CM-2304"),
        ("it has ended", |reader| reader.signal("KILL"), |_, command| by_way_of(&["env"], command), "CM-2302"),
        ("its library is missing", |_| (), without_library, "CM-2301"),
    ];
    for (about, happens, way, expected) in rows {
        let mut reader = Card::reader(Kind::OpenPgp);
        happens(&mut reader);
        let mut scene = Scene::new();
        scene.env.push(("PCSCLITE_CSOCK_NAME".to_owned(), reader.socket().display().to_string()));
        let last = finish(way(&scene, &scene.command(&[])).spawn().expect("chopmark starts")).last();
        let mut codes: Vec<&str> =
            last["findings"].as_array().expect("findings").iter().map(|one| text(&one["code"])).collect();
        codes.retain(|code| code.starts_with("CM-23"));
        codes.dedup();
        assert_eq!(codes, [expected], "{about}: {last:#}");
    }
}

fn no_rights(reader: &mut Card) {
    fs::set_permissions(reader.socket(), fs::Permissions::from_mode(0o0)).expect("its socket");
}

fn without_library(scene: &Scene, command: &Command) -> Command {
    let folder = scene.desk.path("libraries");
    fs::create_dir(&folder).expect("a folder");
    let libraries = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    assert!(Path::new(&libraries).join("libpcsclite.so.1").exists(), "libpcsclite lies elsewhere");
    let folder = folder.display().to_string();
    by_way_of(&["unshare", "--mount", "sh", "-c", WITHOUT_LIBRARY, "sh", &folder, &libraries], command)
}

/// Each wrong PIN is one that a person gave; what the card says of itself after it is what the check-up says.
fn check_pin(title: &str, bench: Result<Bench, String>, expected: [&str; 4]) {
    let Some(bench) = have(title, bench) else { return };
    let mut scene = Scene::new();
    scene.env.extend(bench.env.iter().filter(|(name, _)| name == "PCSCLITE_CSOCK_NAME").cloned());
    let wrong = scene.desk.write("wrong", "918273\n");
    for (tries, expected) in expected.iter().enumerate() {
        assert_eq!(scene.found(&bench.label), *expected, "{title}, {tries} wrong");
        if tries < 3 {
            let place = bench.place();
            let mut command =
                scene.desk.command(&["--json", "--batch", "token", "objects", &place, "--pin-file", &wrong]);
            command.envs(scene.env.iter().cloned());
            let code = if tries < 2 { "CM-2103" } else { "CM-2104" };
            finish(command.spawn().expect("chopmark starts")).failed(21, code, "pin");
        }
    }
}

#[test]
fn a_piv_cards_pin() {
    let expected = ["", "CM-2601 warning", "CM-2602 warning", "CM-2104 error"];
    check_pin("Virtual PIV card, ykcs11", Bench::piv(), expected);
}

/// OpenSC has no flag for few tries left, and goes on saying "incorrect" of a card that is locked.
#[test]
fn an_open_pgp_cards_pin() {
    let expected = ["", "", "CM-2602 warning", "CM-2104 error"];
    check_pin("Virtual OpenPGP card, OpenSC", Bench::open_pgp(), expected);
}
