//! `chopmark doctor` in a situation that a test sets up.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::bench::{
    command::{Desk, Ran, finish},
    programs::faulty_module,
    token::Token,
};

/// A desk with a home of the person's, so that nothing of this machine's person is seen.
pub struct Scene {
    /// The command and its files.
    pub desk: Desk,
    /// What it finds in its environment.
    pub env: Vec<(String, String)>,
    /// No token of the machine's: SoftHSM2 looks into a folder of its own.
    _nothing: Token,
}

impl Default for Scene {
    fn default() -> Self {
        Scene::new()
    }
}

impl Scene {
    /// Nothing plugged in, nothing installed but what the machine has.
    pub fn new() -> Scene {
        let desk = Desk::new();
        fs::create_dir(desk.path("person")).unwrap();
        let mut env = vec![("HOME".to_owned(), desk.text("person"))];
        let nothing = Token::empty_soft_hsm();
        env.extend(nothing.env.iter().cloned());
        Scene { desk, env, _nothing: nothing }
    }

    /// With a token of SoftHSM2's.
    #[must_use]
    pub fn with_token(mut self, token: &Token) -> Scene {
        self.env.retain(|(name, _)| name != "SOFTHSM2_CONF");
        self.env.extend(token.env.iter().cloned());
        self
    }

    /// One more driver, as other programs are told of it.
    #[must_use]
    pub fn with_module(mut self, module: &Path) -> Scene {
        self.env.push(("PKCS11_MODULE".to_owned(), module.display().to_string()));
        self
    }

    /// A smart card service of our own, or none, in the place of the machine's.
    #[must_use]
    pub fn with_service(mut self) -> Scene {
        self.env.push(("PCSCLITE_CSOCK_NAME".to_owned(), self.desk.text("comm")));
        self
    }

    /// With the driver that misbehaves.
    pub fn faulty(mode: &str) -> Scene {
        let mut scene = Scene::new().with_module(&faulty_module());
        scene.env.push(("FAULTY_MODE".to_owned(), mode.to_owned()));
        scene
    }

    /// A file beside the home.
    pub fn file(&self, name: &str, content: &[u8]) -> std::path::PathBuf {
        let path = self.desk.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `chopmark doctor`.
    pub fn command(&self, more: &[&str]) -> Command {
        let mut command = self.desk.command(&[&["doctor", "--json", "--driver-timeout", "3"][..], more].concat());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// How it ended.
    pub fn doctor(&self, more: &[&str]) -> Ran {
        finish(self.command(more).spawn().unwrap())
    }

    /// Number and severity of what is found about `about`: the machine has drivers of its own, of which nothing is known here.
    pub fn found(&self, about: &str) -> String {
        found(&self.doctor(&[]).last(), about)
    }
}

/// The same in a result that is there already.
pub fn found(result: &Value, about: &str) -> String {
    let all = result["findings"].as_array().unwrap_or_else(|| panic!("no findings: {result}"));
    let mentions = |one: &&Value| ["about", "message", "detail"].iter().any(|part| text(&one[*part]).contains(about));
    let mut found: Vec<String> =
        all.iter().filter(mentions).map(|one| format!("{} {}", text(&one["code"]), text(&one["severity"]))).collect();
    found.sort();
    found.join(", ")
}

/// A text, or nothing.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Root without the right to read and use what belongs to others.
pub fn without_rights(command: &Command) -> Command {
    by_way_of(&["setpriv", "--bounding-set=-dac_override,-dac_read_search"], command)
}

/// The same command, begun by another program that ends in it.
pub fn by_way_of(way: &[&str], command: &Command) -> Command {
    let mut bound = Command::new(way[0]);
    bound.args(&way[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    bound.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    bound
}
