//! Objects of a token as the helper lists them, the way over the channel included: `listing HELPER MODULE PIN`.
//! Prints `list MICROSECONDS OBJECTS`, median of 9. Run by `cargo xtask bench`, beside raw_listing.c.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use token_helper::{
    Helper, Limits,
    wire::{Pin, TokenSelector},
};
use zeroize::Zeroizing;

const RUNS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [helper, module, pin] = &arguments[..] else { panic!("listing HELPER MODULE PIN") };
    let mut helper =
        Helper::start(&PathBuf::from(helper), Path::new(module), Limits::default()).expect("the driver starts");
    let token = helper.tokens().expect("the tokens").into_iter().find(|token| token.initialized).expect("a token");
    let selector = TokenSelector { slot: Some(token.slot), ..TokenSelector::default() };
    let pin = Pin::new(Zeroizing::new(pin.as_bytes().to_vec()));
    helper.open(&selector, Some(&pin)).expect("the token opens");
    let mut found = helper.objects().expect("the objects").objects.len();
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        found = helper.objects().expect("the objects").objects.len();
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    helper.close();
    times.sort_by(f64::total_cmp);
    println!("list {:.1} {found}", times[RUNS / 2]);
}
