//! A display without a screen, and programs that do not outlive their test.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A process that is killed with this.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that is killed when this thread ends in whatever way: also when the test is interrupted.
pub fn ends_with_us(program: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(there, "{program} is not installed: `cargo xtask setup --for test` does that");
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}

/// A display of its own (`1280x900x24`), under a number that Xvfb chooses.
pub fn xvfb(screen: &str) -> (Killed, String) {
    let mut command = ends_with_us("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Killed(command.spawn().expect("Xvfb starts"));
    let mut number = String::new();
    let stdout = child.0.stdout.take().expect("standard output");
    BufReader::new(stdout).read_line(&mut number).expect("the display's number");
    assert!(!number.trim().is_empty(), "Xvfb did not start");
    (child, format!(":{}", number.trim()))
}
