//! How the window was started: `chopmark-window [--home DIR] [--lang en|zh-CN] [--driver-timeout SECONDS]
//! [chopmark://…]`.

use std::{path::PathBuf, time::Duration};

use chopmark_core::hints::Language;

/// Arguments and environment; arguments win.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Start {
    /// Folder of journal, profiles and settings.
    pub(crate) home: Option<PathBuf>,
    /// Language that no setting overrides.
    pub(crate) language: Option<Language>,
    /// Longest time for any one call of a driver, as the command has it.
    pub(crate) driver_timeout: Option<Duration>,
    /// The deep link.
    pub(crate) link: Option<String>,
}

impl Start {
    /// Reads the arguments (without the program's name). What it does not know it passes over: desktops add their own.
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>, env: impl Fn(&str) -> Option<String>) -> Start {
        let (mut home, mut language, mut link) = (env("CHOPMARK_HOME"), env("CHOPMARK_LANG"), None);
        let mut driver_timeout = None;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--home" => home = arguments.next(),
                "--lang" => language = arguments.next(),
                "--driver-timeout" => driver_timeout = arguments.next().and_then(|text| text.parse::<u32>().ok()),
                url if is_link(url) => link = Some(argument),
                _ => {}
            }
        }
        let given = |text: &String| !text.is_empty();
        Start {
            home: home.filter(given).map(PathBuf::from),
            language: language.filter(given).map(|tag| Language::from_tag(&tag)),
            driver_timeout: driver_timeout
                .filter(|seconds| *seconds > 0)
                .map(|seconds| Duration::from_secs(seconds.into())),
            link,
        }
    }
}

fn is_link(text: &str) -> bool {
    text.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("chopmark://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], env: &[(&str, &str)]) -> Start {
        Start::read(arguments.iter().map(ToString::to_string), |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn arguments_win_over_the_environment() {
        let env = [("CHOPMARK_HOME", "/a"), ("CHOPMARK_LANG", "en")];
        let start = read(&["--home", "/b", "--lang", "zh-CN", "--driver-timeout", "5"], &env);
        let driver_timeout = Some(Duration::from_secs(5));
        let language = Some(Language::ZhCn);
        assert_eq!(start, Start { home: Some("/b".into()), language, driver_timeout, link: None });
        assert_eq!(read(&["--driver-timeout", "0"], &env).driver_timeout, None);
        assert_eq!(read(&[], &env).home, Some("/a".into()));
    }

    #[test]
    fn finds_the_link_wherever_it_stands() {
        for arguments in
            [&["chopmark://enroll?ref=1"][..], &["--home", "/b", "--gapplication", "chopmark://enroll?ref=1"]]
        {
            assert_eq!(read(arguments, &[]).link.as_deref(), Some("chopmark://enroll?ref=1"));
        }
        assert_eq!(read(&["https://example.org", "参考号参考号"], &[]).link, None);
    }
}
