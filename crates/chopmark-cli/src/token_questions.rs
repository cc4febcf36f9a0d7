//! What is asked when a USB key is taken care of: its PINs, and its name before something goes for good.

use chopmark_core::{
    error::{Code, Error},
    model::{NewPinProblem, PinOwner, PinPadAsks, PinState, Removal, RemovalWarning, word},
    ui::Answer,
};
use rust_i18n::t;
use serde_json::json;

use crate::{
    output::plain,
    secrets::copy,
    terminal::{PATIENCE, Terminal, nobody},
};

/// The security officer's PIN. One from a file is never sent twice, as with the user's.
pub(crate) async fn so_pin(
    terminal: &Terminal<'_>,
    token: String,
    state: PinState,
    wrong_before: bool,
) -> Option<Answer> {
    if wrong_before && (terminal.given().so_pin.is_some() || !terminal.can_ask) {
        let error = Error::new(Code::SoPinWrong, "signing in to the token");
        return terminal.give_up(error.with("token", token).with("state", word(&state)));
    }
    if let Some(pin) = &terminal.given().so_pin {
        return Some(Answer::Secret(copy(pin)));
    }
    if !terminal.can_ask {
        return terminal.give_up(nobody("so-pin"));
    }
    if wrong_before {
        terminal.output.note(&t!("ask.pin-wrong"));
    }
    if state == PinState::FinalTry {
        terminal.output.note(&t!("ask.so-last-try"));
    }
    terminal.secret(&t!("ask.so-pin", token = plain(&token))).await.map(Answer::Secret)
}

/// A new PIN, typed twice.
pub(crate) async fn new_pin(
    terminal: &Terminal<'_>,
    token: String,
    whose: PinOwner,
    length: Option<(u32, u32)>,
    refused: Option<NewPinProblem>,
) -> Option<Answer> {
    let (given, missing) = match whose {
        PinOwner::User => (&terminal.given().new_pin, "new-pin"),
        PinOwner::SecurityOfficer => (&terminal.given().new_so_pin, "so-pin"),
    };
    match given {
        // The core knows what is wrong with it.
        Some(_) if refused.is_some() => return Some(Answer::Later),
        Some(pin) => return Some(Answer::Secret(copy(pin))),
        None if !terminal.can_ask => return terminal.give_up(nobody(missing)),
        None => {}
    }
    match refused {
        Some(NewPinProblem::Unchanged) => terminal.output.note(&t!("ask.pin-unchanged")),
        Some(NewPinProblem::Length) => terminal.output.note(&t!("ask.pin-bad-length")),
        None => {}
    }
    let name = match whose {
        PinOwner::User => t!("ask.new-pin", token = plain(&token)),
        PinOwner::SecurityOfficer => t!("ask.new-so-pin", token = plain(&token)),
    };
    let prompt = match length {
        Some((min, max)) => format!("{name} ({}): ", t!("ask.characters", min = min, max = max)),
        None => format!("{name}: "),
    };
    for _ in 0..PATIENCE {
        let first = terminal.secret(&prompt).await?;
        let second = terminal.secret(&t!("ask.new-password-again")).await?;
        if first.expose() == second.expose() {
            return Some(Answer::Secret(first));
        }
        terminal.output.note(&t!("ask.not-the-same"));
    }
    None
}

/// Nobody has to press anything here: the device asks.
pub(crate) fn pin_pad(terminal: &Terminal<'_>, token: &str, asks: PinPadAsks) -> Option<Answer> {
    let what = t!(format!("pad.{}", word(&asks)));
    terminal.output.note(&t!("ask.on-the-device", token = plain(token), what = what));
    Some(Answer::Yes)
}

/// The name of the USB key, typed in.
pub(crate) async fn type_label(
    terminal: &Terminal<'_>,
    token: String,
    act: Removal,
    (things, warnings): (&[String], &[RemovalWarning]),
    wrong_before: bool,
) -> Option<Answer> {
    // Told also where the label is given in advance: nobody deletes the only copy without a word.
    if !wrong_before {
        say_what_goes(terminal, &token, act, things, warnings);
    }
    if let Some(label) = &terminal.given().confirm_label {
        // What it was not the first time it is not the second.
        return Some(if wrong_before { Answer::Later } else { Answer::Text(label.clone()) });
    }
    if !terminal.can_ask {
        return terminal.give_up(nobody("confirm-label").with("seen", token));
    }
    if wrong_before {
        terminal.output.note(&t!("ask.label-wrong"));
    }
    let token = plain(&token);
    let prompt = match act {
        Removal::File => t!("ask.label-file", name = token),
        Removal::Store => t!("ask.label-certificate", name = token),
        _ => t!("ask.label", token = token),
    };
    terminal.line(&prompt).await.map(Answer::Text)
}

fn say_what_goes(terminal: &Terminal<'_>, name: &str, act: Removal, things: &[String], warnings: &[RemovalWarning]) {
    let output = terminal.output;
    if output.json {
        let event = json!({ "event": "removal", "name": name, "act": act, "things": things, "warnings": warnings });
        output.event(&event);
    }
    output.note(&t!("ask.will-be-gone"));
    things.iter().for_each(|thing| output.note(&format!("  {}", plain(thing))));
    for warning in warnings {
        output.note(&t!(format!("warning.{}", word(warning))));
    }
}
