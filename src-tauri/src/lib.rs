//! Chopmark's window: hosts the user interface (`ui/`) and hands its wishes to [`chopmark_core::app::App`].

mod commands;
mod orders;
mod running;
mod start;

use std::sync::{Arc, Mutex, RwLock};

use chopmark_core::{
    app::{App, Options, token_named},
    hints::{self, Language},
    model::{ErrorView, Place},
};
use tauri::{AppHandle, Emitter, Manager, webview::PageLoadEvent};

use crate::{
    running::{Entry, Running, Watching},
    start::Start,
};

/// What lives as long as the window.
struct Window {
    start: Start,
    app: RwLock<Result<Arc<App>, ErrorView>>,
    running: Running,
    watching: Watching,
    /// A deep link that the page has not fetched yet.
    link: Mutex<Option<String>>,
}

impl Window {
    fn new(start: Start) -> Window {
        let app = RwLock::new(open(&start, start.language));
        let link = Mutex::new(start.link.clone());
        Window { start, app, running: Running::default(), watching: Watching::default(), link }
    }

    fn app(&self) -> Result<Arc<App>, ErrorView> {
        self.app.read().expect("no panic while held").clone()
    }

    /// What taking care of a USB key needs: the app, a way for questions to the page, and the key.
    fn care(&self, run: u32, page: AppHandle, token: &str) -> Result<(Arc<App>, Entry, Place), ErrorView> {
        let app = self.app()?;
        let ready = self.running.begin(run, page, None).and_then(|entry| Ok((entry, token_named(token)?)));
        let (entry, place) = ready.map_err(|error| app.explain(&error))?;
        Ok((app, entry, place))
    }

    /// Opens the app in the language chosen (`None`: the system's); the one given at the start wins.
    fn speak(&self, choice: Option<Language>) -> Result<Language, ErrorView> {
        let app = open(&self.start, self.start.language.or(choice));
        *self.app.write().expect("no panic while held") = app.clone();
        app.map(|app| app.language())
    }
}

fn open(start: &Start, language: Option<Language>) -> Result<Arc<App>, ErrorView> {
    let options =
        Options { home: start.home.clone(), language, driver_timeout: start.driver_timeout, ..Options::default() };
    App::open(options).map(Arc::new).map_err(|error| hints::explain(&error, language.unwrap_or_default()))
}

/// Opens the window. With a home of its own it also keeps what the page remembers (its language) there.
fn show(app: &mut tauri::App) -> Result<(), Box<dyn std::error::Error>> {
    let config = app.config().app.windows[0].clone();
    let mut window = tauri::WebviewWindowBuilder::from_config(app.handle(), &config)?;
    if let Some(home) = &app.state::<Window>().start.home {
        window = window.data_directory(home.join("window"));
    }
    window.build()?;
    Ok(())
}

/// Brings the window to the front and hands it the link that a second start (or macOS) brought.
fn arrived(app: &AppHandle, link: Option<String>) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
    if let Some(link) = link {
        // Kept as well as told: the page may not be listening yet. It fetches the link by `first_link` in both cases.
        *app.state::<Window>().link.lock().expect("no panic while held") = Some(link);
        let _ = app.emit("link", ());
    }
}

/// Tells the page when something is plugged in or pulled out, as long as the window is there.
fn tell_of_changes(handle: AppHandle) {
    tauri::async_runtime::spawn(async move {
        let Ok(app) = handle.state::<Window>().app() else { return };
        let mut watch = app.watch_plugged();
        drop(app);
        while watch.changed().await {
            let _ = handle.emit("plugged-changed", ());
        }
    });
}

/// Runs the window until it is closed.
pub fn run() {
    let start = Start::read(std::env::args().skip(1), |name| std::env::var(name).ok());
    tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            arrived(app, Start::read(arguments.into_iter().skip(1), |_| None).link);
        }))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .manage(Window::new(start))
        .invoke_handler(commands::handler())
        .on_page_load(|page, load| {
            // The page that knew of the jobs is gone. They stay in the journal.
            if load.event() == PageLoadEvent::Started {
                let window = page.state::<Window>();
                window.running.cancel_all();
                window.watching.stop_all();
            }
        })
        .setup(|app| {
            // Elsewhere a link comes as an argument, which `Start` reads; macOS sends an event.
            #[cfg(target_os = "macos")]
            {
                use tauri_plugin_deep_link::DeepLinkExt;
                let handle = app.handle().clone();
                app.deep_link()
                    .on_open_url(move |event| arrived(&handle, event.urls().first().map(ToString::to_string)));
            }
            tell_of_changes(app.handle().clone());
            show(app)
        })
        .run(tauri::generate_context!())
        .expect("the window can be opened");
}
