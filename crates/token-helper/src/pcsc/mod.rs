//! `--readers`: how the smart card service stands, its readers and cards.

mod library;

use library::{Failure, Found, Library, Session};
use std::io::{Read, Write};
use std::time::Duration;
use token_helper::readers::{Reader, Service, State, WATCH_FLAG};

/// How long to wait before a service that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// Says it, and goes on saying it when it is to watch; never returns.
pub(crate) fn run(arguments: &[std::ffi::OsString]) -> ! {
    token_helper::channel::stay_in_the_background();
    end_with_the_client();
    let service = match Library::load() {
        Ok(service) => service,
        Err(detail) => {
            say(&Service::in_state(State::NotInstalled, detail));
            std::process::exit(0);
        }
    };
    if !arguments.iter().any(|argument| argument == WATCH_FLAG) {
        say(&look(&service));
        std::process::exit(0);
    }
    watch(&service)
}

/// The client holds the other end of standard input: closed, or gone with it, it ends this process, even inside a call that never
/// returns.
fn end_with_the_client() {
    std::thread::spawn(|| {
        let mut input = std::io::stdin();
        let mut bytes = [0; 64];
        while input.read(&mut bytes).is_ok_and(|read| read > 0) {}
        std::process::exit(0);
    });
}

fn say(service: &Service) {
    let text = serde_json::to_string(service).unwrap_or_default();
    let mut output = std::io::stdout().lock();
    if writeln!(output, "{text}").and_then(|()| output.flush()).is_err() {
        std::process::exit(0);
    }
}

fn look(service: &Library) -> Service {
    let ask = || {
        let session = service.open()?;
        let names = session.readers()?;
        session.states(&names)
    };
    ask().map_or_else(failed, |found| answers(&found))
}

fn answers(found: &[Found]) -> Service {
    Service { state: State::Running, detail: String::new(), readers: found.iter().map(reader).collect() }
}

fn reader(found: &Found) -> Reader {
    Reader {
        name: found.name.to_string_lossy().into_owned(),
        card: found.is(library::PRESENT),
        mute: found.is(library::MUTE),
        exclusive: found.is(library::EXCLUSIVE),
        atr: found.atr.iter().map(|byte| format!("{byte:02X}")).collect(),
    }
}

fn failed(failure: Failure) -> Service {
    let state = match failure.code {
        library::NO_SERVICE | library::SERVICE_STOPPED | library::COMM_ERROR => library::without_answer(),
        library::SECURITY_VIOLATION | library::NO_ACCESS => State::Denied,
        _ => State::Faulty,
    };
    Service::in_state(state, failure.name())
}

/// Says how things stand whenever that has changed.
fn watch(service: &Library) -> ! {
    let mut said = None;
    loop {
        let now = match service.open().and_then(|session| follow(&session, &mut said)) {
            Ok(never) => match never {},
            Err(failure) => failed(failure),
        };
        tell(now, &mut said);
        std::thread::sleep(AGAIN);
    }
}

fn tell(now: Service, said: &mut Option<Service>) {
    if said.as_ref() != Some(&now) {
        say(&now);
        *said = Some(now);
    }
}

/// Waits inside the service, which is no polling: nothing is asked of any card.
fn follow(session: &Session<'_>, said: &mut Option<Service>) -> Result<std::convert::Infallible, Failure> {
    loop {
        let names = session.readers()?;
        let found = session.states(&names)?;
        let mut now = answers(&found);
        // What drivers do with a card is no change: they are asked because of changes.
        now.readers.iter_mut().for_each(|reader| reader.exclusive = false);
        tell(now, said);
        session.wait(&found)?;
    }
}
