//! Somebody with a home of their own: the command runs for them, and so do browsers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use chopmark_tests::bench::{
    ca::{Ca, Codes},
    command::{Desk, Ran, finish},
    programs::run,
};

pub(crate) struct Person {
    pub(crate) desk: Desk,
    /// What programs find in their environment beside their home.
    pub(crate) env: Vec<(String, String)>,
}

impl Person {
    pub(crate) fn new() -> Person {
        let desk = Desk::new();
        fs::create_dir(desk.path("person")).expect("a home");
        Person { desk, env: Vec::new() }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.desk.path("person")
    }

    /// The database that Chromium and others share.
    pub(crate) fn shared(&self) -> PathBuf {
        self.home().join(".pki/nssdb")
    }

    /// A program in that home, and nothing of the machine's own.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.settle(&mut command);
        command
    }

    fn settle(&self, command: &mut Command) {
        command.env("HOME", self.home()).envs(self.env.iter().cloned());
        for folder in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(folder);
        }
    }

    /// `chopmark --json --batch …`.
    pub(crate) fn chopmark(&self, arguments: &[&str]) -> Ran {
        let mut command = self.desk.command(&[&["--json", "--batch", "--lang", "en"], arguments].concat());
        self.settle(&mut command);
        finish(command.spawn().expect("chopmark starts"))
    }

    pub(crate) fn enroll(&self, ca: &Ca, codes: &Codes, place: &str, more: &[&str]) -> Ran {
        let (profile, code) = (ca.profile.display().to_string(), self.desk.write("code", &codes.authorization_code));
        let order = ["enroll", "--ca", &profile, "--reference", &codes.reference, "--code-file", &code];
        self.chopmark(&[&order[..], &["--place", place], more].concat())
    }

    /// certutil about a database.
    pub(crate) fn certutil(&self, database: &Path, arguments: &[&str]) -> String {
        run(self.program("certutil").args(arguments).args(["-d", &format!("sql:{}", database.display())]))
    }

    /// Nickname and trust of what lies in a database, as `certutil -L` has it: `Alice u,u,u`.
    pub(crate) fn listed(&self, database: &Path) -> Vec<String> {
        let text = self.certutil(database, &["-L"]);
        let lines = text.lines().skip_while(|line| !line.contains("SSL,S/MIME")).skip(1);
        let mut listed: Vec<String> = lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|line| !line.is_empty())
            .collect();
        listed.sort();
        listed
    }

    /// Numbers of private keys in a database.
    pub(crate) fn keys(&self, database: &Path) -> usize {
        let output = self
            .program("certutil")
            .args(["-K", "-d", &format!("sql:{}", database.display()), "-f", &self.desk.write("no-password", "")])
            .output()
            .expect("certutil");
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with('<')).count()
    }
}

/// Waits for something.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what}: not within 30 seconds");
        thread::sleep(Duration::from_millis(50));
    }
}
