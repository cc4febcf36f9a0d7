//! The window from outside: how long until it can be used, what memory it takes, and whether it stands still meanwhile. Linux
//! only: WebKitWebDriver, /proc.

use anyhow::Result;
use std::path::Path;

/// The longest times between two frames, in milliseconds.
pub(crate) struct Frames {
    /// While nothing happens, before and after: what the machine does to a page that does nothing.
    pub(crate) idle: f64,
    /// While the drivers are asked.
    pub(crate) looking: f64,
    /// How many frames there were then.
    pub(crate) count: f64,
    /// How long looking took.
    pub(crate) took: f64,
    /// From the page's own start until the first USB key stood there, while most drivers had not answered.
    pub(crate) first: f64,
}

/// What stands on the first page once it can be used.
#[cfg(target_os = "linux")]
const READY: &str = "[data-testid=\"reference\"]";

/// Milliseconds per start, and KiB of memory per start.
#[cfg(not(target_os = "linux"))]
pub(crate) fn measure(_: &Path, _: &[String], _: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    anyhow::bail!("the window is measured on Linux only")
}

/// Frames while the drivers in that home folder are looked at.
#[cfg(not(target_os = "linux"))]
pub(crate) fn frames(_: &Path, _: &[String], _: &Path) -> Result<Frames> {
    anyhow::bail!("the window is measured on Linux only")
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{frames, measure};

#[cfg(target_os = "linux")]
mod linux {
    use super::{Frames, Path, READY, Result};
    use crate::shell::Background;
    use anyhow::{Context, bail};
    use serde_json::{Value, json};
    use std::{
        fs,
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        os::unix::process::CommandExt,
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    pub(crate) fn measure(program: &Path, arguments: &[String], runs: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        let (_xvfb, display) = xvfb()?;
        let (mut times, mut memory) = (Vec::new(), Vec::new());
        // The first start fills the caches and does not count.
        for run in 0..=runs {
            let (session, time) = Session::start(program, arguments, &display, None)?;
            thread::sleep(Duration::from_secs(1)); // let it come to rest
            let kib = self::memory(session.group.0)?;
            if run > 0 {
                times.push(time);
                memory.push(kib);
            }
        }
        Ok((times, memory))
    }

    /// Watches the frames for three seconds, then while the drivers are looked at, then for three seconds more.
    const WATCH: &str = r#"
        const done = arguments[arguments.length - 1];
        const button = () => document.querySelector('[data-testid="rail-refresh"]');
        const looking = () => button().classList.contains('turning');
        const watch = over => new Promise(end => {
          const began = performance.now();
          let [last, longest, count] = [began, 0, 0];
          const frame = () => {
            const now = performance.now();
            [longest, last, count] = [Math.max(longest, now - last), now, count + 1];
            if (over(now - began)) end({ longest, count, took: now - began }); else requestAnimationFrame(frame);
          };
          requestAnimationFrame(frame);
        });
        (async () => {
          await watch(() => document.querySelector('[data-testid="rail-keys"] .key:not(.soft)'));
          const first = performance.now();
          await watch(took => took > 500 && !looking());
          const idle = await watch(took => took > 3000);
          button().click();
          const busy = await watch(took => took > 500 && !looking());
          const after = await watch(took => took > 3000);
          done({ idle: Math.max(idle.longest, after.longest), looking: busy.longest, count: busy.count, took: busy.took, first });
        })().catch(error => done(String(error)));
    "#;

    pub(crate) fn frames(program: &Path, arguments: &[String], home: &Path) -> Result<Frames> {
        let (_xvfb, display) = xvfb()?;
        let (session, _) = Session::start(program, arguments, &display, Some(home))?;
        session.call("/timeouts", &json!({"script": 120_000}))?;
        let told = session.call("/execute/async", &json!({"script": WATCH, "args": []}))?;
        let number = |name: &str| told["value"][name].as_f64().with_context(|| format!("no {name} in {told}"));
        Ok(Frames {
            idle: number("idle")?,
            looking: number("looking")?,
            count: number("count")?,
            took: number("took")?,
            first: number("first")?,
        })
    }

    fn xvfb() -> Result<(Background, String)> {
        let mut xvfb = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start Xvfb")?;
        let stdout = xvfb.stdout.take().context("no standard output")?;
        let xvfb = Background(xvfb);
        let mut display = String::new();
        BufReader::new(stdout).read_line(&mut display)?;
        Ok((xvfb, display.trim().to_owned()))
    }

    /// A window with its page ready. Ended when this goes.
    struct Session {
        port: u16,
        id: String,
        group: Group,
        _driver: Background,
    }

    impl Session {
        /// The window, and the milliseconds until it could be used.
        fn start(program: &Path, arguments: &[String], display: &str, home: Option<&Path>) -> Result<(Session, f64)> {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut command = Command::new("WebKitWebDriver");
            command.arg(format!("--port={port}")).arg("--host=127.0.0.1");
            command.env("DISPLAY", format!(":{display}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
            command.env_remove("WAYLAND_DISPLAY");
            if let Some(home) = home {
                command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
            }
            // Killed alone, the driver now and then leaves the window behind.
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            let driver = command.spawn().context("cannot start WebKitWebDriver")?;
            let mut session =
                Session { port, id: String::new(), group: Group(driver.id()), _driver: Background(driver) };
            let deadline = Instant::now() + Duration::from_secs(60);
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                if Instant::now() > deadline {
                    bail!("WebKitWebDriver does not listen");
                }
                thread::sleep(Duration::from_millis(10));
            }
            let options = json!({"binary": program, "args": arguments});
            let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
            let started = Instant::now();
            let opened = call(port, "POST", "/session", &wanted)?;
            session.id =
                opened["value"]["sessionId"].as_str().with_context(|| format!("no session: {opened}"))?.to_owned();
            let element = json!({"using": "css selector", "value": READY});
            while session.call("/element", &element)?["value"]["error"].is_string() {
                if Instant::now() > deadline {
                    bail!("the window shows no {READY} after {} s", started.elapsed().as_secs());
                }
                thread::sleep(Duration::from_millis(10));
            }
            Ok((session, started.elapsed().as_secs_f64() * 1000.0))
        }

        fn call(&self, path: &str, body: &Value) -> Result<Value> {
            call(self.port, "POST", &format!("/session/{}{path}", self.id), body)
        }
    }

    impl Drop for Session {
        fn drop(&mut self) {
            let _ = call(self.port, "DELETE", &format!("/session/{}", self.id), &Value::Null);
        }
    }

    /// The driver and all that it started, ended together.
    struct Group(u32);

    impl Drop for Group {
        fn drop(&mut self) {
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0)]).stderr(Stdio::null()).status();
        }
    }

    /// One WebDriver call. A connection each: there are few, and an HTTP client would be a large guest here.
    fn call(port: u16, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(150)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer)?;
        serde_json::from_slice(&answer).context("WebKitWebDriver answers no JSON")
    }

    /// PSS of everything below the driver: the window and WebKit's processes.
    fn memory(driver: u32) -> Result<f64> {
        let mut parents = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            // The name in parentheses may hold anything; the parent is the second word behind it.
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            parents.push((pid, parent.unwrap_or(0)));
        }
        let mut family = vec![driver];
        let mut next = 0;
        while next < family.len() {
            let parent = family[next];
            family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
            next += 1;
        }
        let pss = |pid: &u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0)
        };
        Ok(family[1..].iter().map(pss).sum())
    }
}
