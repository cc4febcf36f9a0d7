//! The certificate console for trying out as the real program, in a folder of its own.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::bench::programs::program;

/// A console that is killed when this is dropped.
pub struct Console {
    folder: TempDir,
    options: Vec<String>,
    serving: Option<(Child, BufReader<ChildStdout>)>,
    /// Address of the interface; the same after a restart.
    pub api: String,
    /// The account's public key.
    pub public_key: String,
    /// File with its private key.
    pub key_file: String,
    /// The root's certificate, PEM.
    pub root: PathBuf,
}

impl Drop for Console {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Console {
    /// Starts a new one that asks this name server and looks at web servers on this port.
    pub fn start(dns: &str, http_port: u16, more: &[&str]) -> Console {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut options: Vec<String> = ["--dns", dns, "--http-port"].map(str::to_owned).into();
        options.push(http_port.to_string());
        options.extend(more.iter().map(|one| (*one).to_owned()));
        let (serving, ready) = serve(folder.path(), &options);
        let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {ready}")).to_owned();
        Console {
            api: text("api"),
            public_key: text("publicKey"),
            key_file: text("privateKeyFile"),
            root: text("root").into(),
            serving: Some(serving),
            options,
            folder,
        }
    }

    /// Kills it and starts it again.
    pub fn restart(&mut self) {
        self.kill();
        let (serving, ready) = serve(self.folder.path(), &self.options);
        assert_eq!(ready["api"], self.api.as_str(), "the same address");
        self.serving = Some(serving);
    }

    fn kill(&mut self) {
        if let Some((mut child, _)) = self.serving.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The next call with an effect loses its `answer` (after it was done) or its `question` (before).
    pub fn lose_next(&self, which: &str) {
        std::fs::write(self.folder.path().join("lose-next"), which).expect("a file");
    }

    /// Nothing is lost any more.
    pub fn lose_nothing(&self) {
        let _ = std::fs::remove_file(self.folder.path().join("lose-next"));
    }

    /// Its books.
    pub fn books(&self) -> Value {
        let text = std::fs::read(self.folder.path().join("console.json")).expect("books");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// What was done with an order, in its order.
    pub fn done(&self, id: &str) -> Vec<String> {
        let books = self.books();
        let done = books["orders"][id]["done"].as_array().unwrap_or_else(|| panic!("no order {id}: {books}"));
        done.iter().map(|one| one.as_str().expect("a word").to_owned()).collect()
    }
}

fn serve(folder: &Path, options: &[String]) -> ((Child, BufReader<ChildStdout>), Value) {
    let mut child = Command::new(program("chopmark-demo-ca"))
        .arg("ussl")
        .arg("--dir")
        .arg(folder)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the console starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("its standard output"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    ((child, stdout), ready)
}
