//! Builds the user interface when its sources changed, then lets Tauri embed it.
//!
//! `CHOPMARK_SKIP_UI=1` leaves the user interface out (clippy, editors, machines without node).

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// Every command of ours; each needs its permission in `capabilities/`.
const COMMANDS: &[&str] = &[
    "acme_directories",
    "acme_directory",
    "acme_order_again",
    "answer",
    "ask_template",
    "ca_add",
    "ca_list",
    "ca_read",
    "ca_remove",
    "cancel",
    "certificate",
    "certificate_detail",
    "certificates",
    "check_up",
    "choose_driver",
    "console_orders",
    "environment",
    "first_link",
    "fix",
    "follow_order",
    "journal",
    "language",
    "link",
    "notify",
    "order_account_add",
    "order_account_remove",
    "order_accounts",
    "order_add",
    "order_buy",
    "order_cancel",
    "order_certificate",
    "order_check",
    "order_fetch",
    "order_file",
    "order_letter",
    "order_letter_form",
    "order_names",
    "order_price",
    "order_products",
    "order_refresh",
    "order_reissue",
    "order_remove",
    "order_renew",
    "order_request",
    "order_revoke",
    "order_rules",
    "order_settle",
    "order_submit",
    "orders",
    "plugged",
    "programs",
    "providers",
    "register_driver",
    "reminders",
    "report",
    "save_report",
    "start_acme_go_on",
    "start_acme_order",
    "start_delete",
    "start_discard",
    "start_enroll",
    "start_export",
    "start_import",
    "start_order_install",
    "start_order_key",
    "start_renew",
    "start_resume",
    "start_revoke",
    "start_server_export",
    "stores",
    "token_change_pin",
    "token_delete",
    "token_export",
    "token_init",
    "token_list",
    "token_objects",
    "token_set_pin",
    "token_unblock",
    "undo_fix",
    "unwatch_order",
    "watch_order",
];

/// What the user interface is made of, relative to `ui/`.
const SOURCES: &[&str] =
    &["src", "index.html", "package.json", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts"];

fn main() {
    // Asked for when it runs: two checkouts may share a target folder, and with it the compiled script.
    let ui = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../ui");
    println!("cargo::rerun-if-env-changed=CHOPMARK_SKIP_UI");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", ui.join(source).display());
    }
    if env::var_os("CHOPMARK_SKIP_UI").is_some_and(|value| value != "0") {
        placeholder(&ui.join("dist"));
    } else if stale(&ui) {
        if !ui.join("node_modules").is_dir() {
            npm(&ui, &["ci"]);
        }
        npm(&ui, &["run", "build"]);
    }
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)).expect("the window's configuration");
}

/// `generate_context!` wants a page to embed.
fn placeholder(dist: &Path) {
    let page = dist.join("index.html");
    if !page.exists() {
        fs::create_dir_all(dist).expect("ui/dist");
        fs::write(page, "<!doctype html><title>Chopmark</title>built without its user interface").expect("ui/dist");
    }
}

/// Is a source newer than what was built from it? A placeholder counts as never built.
fn stale(ui: &Path) -> bool {
    let assets = ui.join("dist/assets");
    let Ok(built) = fs::metadata(assets).and_then(|data| data.modified()) else { return true };
    SOURCES.iter().any(|source| newest(ui.join(source)) > built)
}

fn newest(path: PathBuf) -> SystemTime {
    let own = fs::metadata(&path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Ok(entries) = fs::read_dir(&path) else { return own };
    entries.flatten().map(|entry| newest(entry.path())).fold(own, Ord::max)
}

fn npm(ui: &Path, arguments: &[&str]) {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let status = Command::new(program).args(arguments).current_dir(ui).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("npm {} in ui/: {status}", arguments.join(" ")),
        Err(error) => panic!("npm is needed for the window ({error}); CHOPMARK_SKIP_UI=1 builds without"),
    }
}
