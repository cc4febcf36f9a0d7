//! The window with a display, a driver and a home of its own. All of it ends with the test.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use chopmark_tests::bench::{
    display::{Killed, ends_with_us, xvfb},
    programs::{program, run, source},
};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longest wait for anything the window does by itself. A slow machine under load, not a person, decides.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rules whose breach shuts somebody out.
const GRAVE: [&str; 2] = ["serious", "critical"];

static AXE: LazyLock<String> = LazyLock::new(|| {
    let file = source("../ui/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}: run `npm ci` in ui/", file.display()))
});

/// How the window is started.
#[derive(Default)]
pub(crate) struct Start<'a> {
    /// `en` or `zh-CN`; empty: not said.
    pub(crate) language: &'a str,
    pub(crate) dark: bool,
    pub(crate) link: Option<&'a str>,
    /// Where drivers find their configuration.
    pub(crate) env: &'a [(String, String)],
    /// A driver that p11-kit's configuration of this user names.
    pub(crate) module: Option<&'a Path>,
    /// Further arguments of the program.
    pub(crate) arguments: &'a [&'a str],
}

pub(crate) struct Window {
    runtime: Runtime,
    client: Client,
    display: String,
    folder: TempDir,
    _driver: Group,
    _xvfb: Killed,
}

/// The driver and all that it started: killed alone, it now and then leaves the window behind.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the window when the test failed: {}", self.picture().display());
        }
        let _ = self.runtime.block_on(self.client.clone().close());
    }
}

impl Window {
    pub(crate) fn start(start: &Start<'_>) -> Window {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (xvfb, display) = xvfb("1280x900x24");
        let home = folder.path().join("user");
        let modules = home.join(".config/pkcs11/modules");
        fs::create_dir_all(&modules).expect("a home");
        if let Some(module) = start.module {
            fs::write(modules.join("under-test.module"), format!("module: {}\n", module.display())).expect("a file");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let log = File::create(folder.path().join("driver.log")).expect("a log");
        let mut command = ends_with_us("WebKitWebDriver");
        command.args([&format!("--port={port}"), "--host=127.0.0.1"]);
        command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("DISPLAY", &display).env("HOME", &home);
        command.env("GTK_THEME", if start.dark { "Adwaita:dark" } else { "Adwaita" }).env("NO_AT_BRIDGE", "1");
        command.env("LC_ALL", "C.UTF-8").envs(start.env.iter().cloned());
        let of_the_machine = ["WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_CONFIG_HOME", "XDG_DATA_HOME"];
        let proxies = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        for name in of_the_machine.iter().chain(&proxies).chain(&["XDG_CACHE_HOME", "LANGUAGE"]) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log).process_group(0);
        let driver = Group(command.spawn().expect("WebKitWebDriver starts"));
        wait_for("WebKitWebDriver", || TcpStream::connect(("127.0.0.1", port)).ok());

        let mut arguments = vec!["--home".to_owned(), folder.path().join("home").display().to_string()];
        if !start.language.is_empty() {
            arguments.extend(["--lang", start.language].map(str::to_owned));
        }
        arguments.extend(start.arguments.iter().chain(start.link.iter()).map(|text| (*text).to_owned()));
        let options = json!({ "binary": program("chopmark-window"), "args": arguments });
        let wanted = Capabilities::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(wanted).connect(&format!("http://127.0.0.1:{port}")).await
        });
        let client = client.unwrap_or_else(|error| {
            let log = fs::read_to_string(folder.path().join("driver.log")).unwrap_or_default();
            panic!("the window does not start: {error}\n{log}")
        });
        let window = Window { runtime, client, display, folder, _driver: driver, _xvfb: xvfb };
        window.element("nav-get");
        assert_eq!(window.script("return matchMedia('(prefers-color-scheme: dark)').matches"), start.dark);
        window
    }

    /// A file in this window's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script in the page.
    pub(crate) fn script(&self, script: &str) -> Value {
        self.runtime.block_on(self.client.execute(script, Vec::new())).unwrap_or_else(|error| {
            self.fail(&format!("{script}: {error}"));
        })
    }

    /// Loads the page anew, and returns when the old one is gone and the new one can be used.
    pub(crate) fn reload(&self) {
        self.script("document.documentElement.dataset.old = ''; location.reload()");
        self.wait("html:not([data-old]) [data-testid=nav-get]");
    }

    /// The element that matches, once it is there.
    fn find(&self, css: &str) -> Element {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.runtime.block_on(self.client.find(Locator::Css(css))) {
                Ok(element) => return element,
                Err(error) if Instant::now() > deadline => self.fail(&format!("no {css}: {error}")),
                Err(_) => thread::sleep(Duration::from_millis(30)),
            }
        }
    }

    /// The element with this test id, once it is there.
    pub(crate) fn element(&self, id: &str) -> Element {
        self.find(&format!("[data-testid=\"{id}\"]"))
    }

    /// Waits until something matches.
    pub(crate) fn wait(&self, css: &str) {
        self.find(css);
    }

    /// Waits until nothing matches.
    pub(crate) fn wait_gone(&self, css: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.has(css) {
            if Instant::now() > deadline {
                self.fail(&format!("{css} is still there"));
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    pub(crate) fn has(&self, css: &str) -> bool {
        self.script(&format!("return document.querySelector({}) !== null", json!(css))) == true
    }

    pub(crate) fn text(&self, id: &str) -> String {
        let element = self.element(id);
        self.runtime.block_on(element.text()).unwrap_or_else(|error| self.fail(&format!("{id}: {error}")))
    }

    pub(crate) fn attribute(&self, id: &str, name: &str) -> String {
        let element = self.element(id);
        let value = self.runtime.block_on(element.attr(name));
        value.unwrap_or_else(|error| self.fail(&format!("{id}: {error}"))).unwrap_or_default()
    }

    /// Presses it as a pointer does: what is covered or switched off cannot be pressed.
    pub(crate) fn press(&self, id: &str) {
        let element = self.element(id);
        self.runtime.block_on(element.click()).unwrap_or_else(|error| self.fail(&format!("pressing {id}: {error}")));
    }

    /// Presses the one of these that says so.
    pub(crate) fn press_text(&self, css: &str, text: &str) {
        let elements = self.runtime.block_on(self.client.find_all(Locator::Css(css)));
        for element in elements.unwrap_or_else(|error| self.fail(&format!("{css}: {error}"))) {
            if self.runtime.block_on(element.text()).is_ok_and(|shown| shown.contains(text)) {
                self.runtime.block_on(element.click()).unwrap_or_else(|error| self.fail(&format!("{text}: {error}")));
                return;
            }
        }
        self.fail(&format!("no {css} says {text}"));
    }

    /// Types into a field, over what stands in it.
    pub(crate) fn type_into(&self, id: &str, text: &str) {
        let element = self.element(id);
        // "Clear" of WebDriver fires no event that the page hears, and its Control key stays down for what follows.
        self.script(&format!("document.querySelector('[data-testid={id}]').select()"));
        let keys = format!("{}{text}", char::from(Key::Backspace));
        self.runtime.block_on(element.send_keys(&keys)).unwrap_or_else(|error| self.fail(&format!("{id}: {error}")));
        let typed = self.script(&format!("return document.querySelector('[data-testid={id}]').value"));
        assert_eq!(typed, text, "what stands in {id}");
    }

    /// Test id of what has the focus.
    pub(crate) fn focus(&self) -> String {
        let id = self.script("return document.activeElement?.dataset.testid ?? document.activeElement?.tagName ?? ''");
        id.as_str().unwrap_or_default().to_owned()
    }

    /// The focus comes there by itself.
    pub(crate) fn wait_focus(&self, id: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.focus() != id {
            if Instant::now() > deadline {
                self.fail(&format!("the focus is on {}, not on {id}", self.focus()));
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// axe-core finds nothing grave on what is shown now.
    pub(crate) fn accessible(&self, what: &str) {
        let grave = self.grave_findings();
        if !grave.is_empty() {
            self.fail(&format!("{what}: not accessible: {grave:#?}"));
        }
    }

    /// What axe-core finds on what is shown now that shuts somebody out.
    pub(crate) fn grave_findings(&self) -> Vec<Value> {
        // What fades in is judged when it stands still.
        self.script_async(
            "const done = arguments[arguments.length - 1];
             const moving = document.getAnimations().filter(one => one.effect?.getComputedTiming().endTime !== Infinity);
             Promise.allSettled(moving.map(one => one.finished)).then(() => done(true))",
        );
        if self.script("return typeof axe") == "undefined" {
            self.script(&AXE);
        }
        let found = self.script_async(
            "const done = arguments[arguments.length - 1];
             const where = one => one.nodes.map(node => node.target.join(' ') + ': ' + node.failureSummary);
             const short = one => ({ rule: one.id, impact: one.impact, help: one.help, where: where(one) });
             axe.run(document, { resultTypes: ['violations'] }).then(
               found => done(found.violations.map(short)),
               error => done(String(error)))",
        );
        let mut found = match found {
            Value::Array(found) => found,
            other => self.fail(&format!("axe-core said {other}")),
        };
        found.retain(|one| one["impact"].as_str().is_some_and(|impact| GRAVE.contains(&impact)));
        found
    }

    fn script_async(&self, script: &str) -> Value {
        self.runtime
            .block_on(self.client.execute_async(script, Vec::new()))
            .unwrap_or_else(|error| self.fail(&format!("{script}: {error}")))
    }

    /// Everything that can be read on the page.
    pub(crate) fn page(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// A picture of the display, kept.
    fn picture(&self) -> PathBuf {
        let folder = std::env::temp_dir().join("chopmark-desktop");
        let _ = fs::create_dir_all(&folder);
        let name = thread::current().name().unwrap_or("test").replace("::", "-");
        let picture = folder.join(format!("{name}-{}.png", std::process::id()));
        run(Command::new("import").args(["-display", &self.display, "-window", "root"]).arg(&picture));
        picture
    }

    /// For whoever wants to look: a picture of what is shown now, in the folder that `CHOPMARK_PICTURES` names.
    pub(crate) fn picture_of(&self, what: &str) {
        if let Some(folder) = std::env::var_os("CHOPMARK_PICTURES") {
            let test = thread::current().name().unwrap_or("test").replace("::", "-");
            let picture = Path::new(&folder).join(format!("{test}-{what}.png"));
            run(Command::new("import").args(["-display", &self.display, "-window", "root"]).arg(picture));
        }
    }

    /// Ends the test; the picture of the window and what it says stand in the message.
    pub(crate) fn fail(&self, what: &str) -> ! {
        let picture = self.picture();
        let source = self.runtime.block_on(self.client.execute("return document.body.innerText", Vec::new()));
        let page = source.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
        let log = fs::read_to_string(self.path("driver.log")).unwrap_or_default();
        panic!("{what}\npicture: {}\n--- page\n{page}\n--- driver and window\n{log}", picture.display())
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > deadline => panic!("{what} does not start"),
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
}
