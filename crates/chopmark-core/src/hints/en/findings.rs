//! What a check-up finds before it becomes an error, in English.

use super::{System, Words, words_of};
use crate::error::Code;

/// Words for the codes that only a check-up gives.
pub(in crate::hints) fn words(code: Code, system: System) -> Words {
    match code {
        Code::ReaderServiceMissing
        | Code::ReaderServiceStopped
        | Code::ReaderServiceDenied
        | Code::ReaderServiceHangs
        | Code::ReaderServiceFaulty
        | Code::ReaderUnseen
        | Code::ReaderEmpty
        | Code::CardMute
        | Code::CardHeld => readers(code, system),
        Code::CardWithoutDriver
        | Code::CardUnknown
        | Code::DriverGuessed
        | Code::TokenUnseen
        | Code::DriverBadSignature
        | Code::TwoDrivers
        | Code::GenericDriver
        | Code::MakerDriverMissing
        | Code::ChosenDriverGone
        | Code::ChosenDriverUnfit
        | Code::CatalogueFileBroken
        | Code::DriverSlow => drivers(code, system),
        Code::ProviderMissing
        | Code::ProviderWrong
        | Code::ProviderWithoutSha256
        | Code::CertificateUnbound
        | Code::CapiOverride
        | Code::ProviderFails
        | Code::KeyNotInProvider
        | Code::CapiOverrideOff
        | Code::NoSuchProvider
        | Code::ProviderCannot
        | Code::ProviderForgets
        | Code::ProviderKeyGone => providers(code),
        _ => tokens(code, system),
    }
}

fn readers(code: Code, system: System) -> Words {
    match code {
        Code::ReaderServiceMissing => words_of(
            "The smart card service is not installed on this computer, so no card reader can be used.",
            match system {
                System::Linux => &[
                    "Install it: “sudo apt install pcscd” (Debian, Ubuntu) or “sudo dnf install pcsc-lite pcsc-lite-ccid” (Fedora, RHEL).",
                    "Start it: “sudo systemctl enable --now pcscd.socket”.",
                ],
                System::MacOs => &["It is part of macOS: install the latest macOS update, then restart the Mac."],
                System::Windows => &[
                    "It is part of Windows: open “Services” and look for “Smart Card”.",
                    "If it is missing, have your administrator repair Windows (“sfc /scannow”).",
                ],
            },
        ),
        Code::ReaderServiceStopped => words_of(
            "The smart card service is not running, so no card reader can be used.",
            match system {
                System::Linux => &[
                    "Start it: “sudo systemctl enable --now pcscd.socket”.",
                    "If it ends again at once, look into “journalctl -u pcscd”.",
                ],
                System::MacOs => &["Unplug the reader or key, restart the Mac, and plug it in again."],
                System::Windows => &[
                    "Plug in the USB key: Windows starts the service when it sees the first reader.",
                    "Else open “Services”, set “Smart Card” to start automatically, and start it.",
                ],
            },
        ),
        Code::ReaderServiceDenied => words_of(
            "The smart card service runs, but does not let this user in.",
            match system {
                System::Linux => &[
                    "Sit at the computer itself: polkit refuses sessions over SSH and from background services.",
                    "Or ask your administrator for a polkit rule that allows “org.debian.pcsc-lite.access_pcsc” and “access_card”.",
                    "In a snap connect the reader: “snap connect chopmark:pcscd”; in Flatpak allow “socket=pcsc”.",
                ],
                System::MacOs => &[
                    "Allow Chopmark the use of smart cards in System Settings › Privacy & Security, then start it again.",
                ],
                System::Windows => &[
                    "Sign in to the computer itself, or let the remote session pass on smart cards.",
                    "Ask your administrator whether a policy forbids smart cards.",
                ],
            },
        ),
        Code::ReaderServiceHangs => words_of(
            "The smart card service does not answer. Most often one reader or card keeps it busy.",
            match system {
                System::Linux => &[
                    "Unplug all readers and keys, then restart it: “sudo systemctl restart pcscd”.",
                    "Plug them in again one by one: the one that stops it is the culprit.",
                ],
                System::MacOs => &["Unplug all readers and keys, restart the Mac, and plug them in one by one."],
                System::Windows => &[
                    "Unplug all readers and keys, then restart the service “Smart Card”.",
                    "Plug them in again one by one: the one that stops it is the culprit.",
                ],
            },
        ),
        Code::ReaderServiceFaulty => words_of(
            "The smart card service reports an error[ ({text})].",
            match system {
                System::Linux => {
                    &["Restart it: “sudo systemctl restart pcscd”.", "Unplug the reader, plug it in again."]
                }
                System::MacOs => &["Unplug the reader, restart the Mac, and plug it in again."],
                System::Windows => &["Restart the service “Smart Card”.", "Unplug the reader, plug it in again."],
            },
        ),
        Code::ReaderUnseen => words_of(
            "A card reader is plugged in[ ({device})], but the smart card service does not see it.",
            match system {
                System::Linux => &[
                    "Install the readers' driver: “sudo apt install libccid” or “sudo dnf install pcsc-lite-ccid”, then restart pcscd.",
                    "Stop GnuPG's own reader access: “gpgconf --kill scdaemon”.",
                    "Look at the list of supported readers, ccid.apdu.fr; others need their maker's driver.",
                ],
                System::MacOs => &["Unplug it and plug it in again.", "Install the reader's driver from its maker."],
                System::Windows => &[
                    "Look into Device Manager: a reader with a yellow mark lacks its driver.",
                    "Install the reader's driver from its maker.",
                ],
            },
        ),
        Code::ReaderEmpty => words_of(
            "There is no card in the reader[ “{reader}”].",
            &[
                "Put the card in, chip first, until it stops.",
                "If it is in, wipe the chip with a dry cloth and try again.",
            ],
        ),
        Code::CardMute => words_of(
            "The card in the reader[ “{reader}”] does not answer.",
            &[
                "Turn the card round: the chip goes in first and upwards.",
                "Wipe the chip with a dry cloth; try another reader.",
                "If it stays mute, the card is broken: ask whoever gave it to you.",
            ],
        ),
        _ => words_of(
            "Another program holds the card in the reader[ “{reader}”] for itself alone.",
            match system {
                System::Linux => &[
                    "Close other programs that use the card, for example browsers and mail.",
                    "GnuPG holds cards for long: “gpgconf --kill scdaemon” lets go.",
                ],
                _ => &["Close other programs that use the card, for example the maker's tool, browsers and mail."],
            },
        ),
    }
}

fn drivers(code: Code, system: System) -> Words {
    match code {
        Code::CardWithoutDriver => words_of(
            "“{token}” is plugged in; its driver[ “{driver}”] is not installed.",
            match system {
                System::Windows => &[
                    "[Get the driver here: {download}]",
                    "Many keys carry the driver on a small drive that appears when they are plugged in.",
                    "Install it, unplug the key, plug it in again.",
                ],
                _ => &[
                    "[Get the driver here: {download}]",
                    "Or ask your CA for the driver for this system.",
                    "Install it, unplug the key, plug it in again.",
                ],
            },
        ),
        Code::CardUnknown => words_of(
            "It is not known which driver the card in the reader[ “{reader}”] needs.",
            match system {
                System::Linux => &[
                    "Ask whoever gave you the card which driver (PKCS#11 module) belongs to it.",
                    "Try OpenSC, which reads many cards: “sudo apt install opensc”.",
                ],
                System::MacOs => &[
                    "Ask whoever gave you the card which driver belongs to it.",
                    "Try OpenSC, which reads many cards: opensc.org has an installer.",
                ],
                System::Windows => &[
                    "Ask whoever gave you the card which driver belongs to it.",
                    "Look into Windows Update: drivers of many cards come from there.",
                ],
            },
        ),
        Code::DriverGuessed => words_of(
            "Which driver “{token}” needs is only a guess[: perhaps “{driver}”].",
            &[
                "Look at the print on the key for maker and model, and compare.",
                "[Its maker's page: {download}]",
                "Ask whoever gave you the key.",
            ],
        ),
        Code::TokenUnseen => words_of(
            "The driver[ “{driver}”] is installed and runs, but does not see “{token}”.",
            match system {
                System::Linux => &[
                    "Unplug it, wait ten seconds, plug it in directly into the computer.",
                    "Restart the smart card service: “sudo systemctl restart pcscd”.",
                    "Install the maker's newest driver: an old one does not know new models.",
                ],
                _ => &[
                    "Unplug it, wait ten seconds, plug it in directly into the computer.",
                    "Install the maker's newest driver: an old one does not know new models.",
                ],
            },
        ),
        Code::DriverBadSignature => words_of(
            "The signature of the driver's file[ {driver}] is broken: the file was damaged or changed after its maker signed it.",
            &[
                "Do not use it: have the computer scanned for malware.",
                "Remove the driver, and install it again from its maker's page.",
            ],
        ),
        Code::TwoDrivers => words_of(
            "“{token}” is seen through two drivers. Chopmark uses “{driver}”[, not “{other}”].",
            &["Nothing has to be done. If another program picks the wrong one, choose the driver there too."],
        ),
        Code::GenericDriver => words_of(
            "For “{token}” a driver for many makers' cards is used[ ({driver})], though its own driver is installed[ ({other})].",
            &["Choose the maker's own driver: it knows more about the key, and makes keys on it."],
        ),
        Code::MakerDriverMissing => words_of(
            "“{token}” works with a driver for many makers' cards[ ({driver})]; the one made for it[ ({other})] is not installed.",
            &["If making a key fails, install the maker's driver.", "[Get it here: {download}]"],
        ),
        Code::ChosenDriverGone => words_of(
            "The driver that was chosen for “{token}” is not there any more[: {driver}].",
            &["Install it again, or forget the choice: then Chopmark picks one that fits."],
        ),
        Code::ChosenDriverUnfit => words_of(
            "The driver that was chosen for “{token}”[, {driver},] is not one for it.",
            &["[Choose “{other}” instead.]", "Or forget the choice: then Chopmark picks one that fits."],
        ),
        Code::CatalogueFileBroken => words_of(
            "A file with added drivers cannot be used[: {path}]. Nothing in it counts until it is corrected.",
            &["Correct the place that the details name, or ask whoever wrote the file.", "Or set it aside."],
        ),
        _ => words_of(
            "The driver[ “{driver}”] takes long to answer[: {seconds} seconds].",
            &["Unplug readers and keys that are not needed.", "Install the newest driver from the key's maker."],
        ),
    }
}

fn providers(code: Code) -> Words {
    match code {
        Code::ProviderMissing => words_of(
            "The certificate[ “{certificate}”] is bound to a provider that is not installed[: {provider}].",
            &[
                "Install the driver of the USB key that the certificate belongs to; it brings this provider along.",
                "If the key was moved to another driver, unplug it, plug it in again: Windows binds it anew.",
            ],
        ),
        Code::ProviderWrong => words_of(
            "The wrong provider is chosen for the certificate[ “{certificate}”]: its key is not in “{provider}”[ but in “{other}”].",
            &[
                "Remove the certificate from the store (certmgr.msc), not from the key; unplug the key, plug it in again.",
                "If two drivers fight over the key, remove the one that is not made for it.",
            ],
        ),
        Code::ProviderWithoutSha256 => words_of(
            "The provider “{provider}” cannot sign with SHA-256, which every CA asks for today.",
            &[
                "Install the maker's newest driver.",
                "If the driver brings several providers, choose the one for RSA and AES (type 24) or the KSP.",
            ],
        ),
        Code::CertificateUnbound => words_of(
            "The certificate[ “{certificate}”] in Windows' store is bound to no key, so no program can use it.",
            &[
                "Plug in the USB key that holds its key: the driver binds it.",
                "Else remove the certificate from the store, and let the driver bring it again.",
            ],
        ),
        Code::CapiOverride => words_of(
            "Windows keeps RSA keys of smart cards away from old programs: since the update against CVE-2024-30098 “{provider}” does not have the key of[ “{certificate}”], and they say “Invalid provider type specified”.",
            &[
                "Use programs that work with KSPs, and update the old ones: that is the safe way.",
                "Until then an administrator can set DisableCapiOverrideForRSA to 0; newer updates of Windows no longer honour it.",
            ],
        ),
        Code::ProviderFails => words_of(
            "The provider “{provider}” is registered, but cannot be opened.",
            &[
                "Install the driver that it belongs to again, or remove it if the key is no longer used.",
                "Restart Windows if it was installed just now.",
            ],
        ),
        Code::KeyNotInProvider => words_of(
            "The key of the certificate[ “{certificate}”] is not in “{provider}”, nor in any other provider.",
            &[
                "Plug in the USB key that holds it.",
                "If the key was initialised since, the certificate is of no use any more: get a new one.",
            ],
        ),
        Code::NoSuchProvider => words_of(
            "No provider[ named “{provider}”] is installed on this computer.[ Installed: {seen}.]",
            &[
                "List what there is with “chopmark drivers”, and copy the name from there.",
                "If it belongs to a USB key, install the key's driver; it brings its provider along.",
                "Leave the provider out to let Chopmark choose one.",
            ],
        ),
        Code::ProviderCannot => words_of(
            "The provider[ “{provider}”] cannot make or use this kind of key[ ({key})].",
            &[
                "Choose another kind of key: RSA 2048 works nearly everywhere.",
                "For keys on curves choose a KSP: CSPs know RSA only.",
            ],
        ),
        Code::ProviderForgets => words_of(
            "The provider[ “{provider}”] said that it made a key, but the key is not there.",
            &[
                "Choose another provider (“chopmark drivers” lists them).",
                "If it belongs to a USB key, install the newest driver from the key's maker.",
            ],
        ),
        Code::ProviderKeyGone => words_of(
            "The key is not in Windows' key store any more[ (“{provider}”)].",
            &[
                "If it is on a USB key or card, plug that in.",
                "If it was deleted, the certificate is of no use any more: get a new one.",
            ],
        ),
        _ => words_of(
            "The protection against CVE-2024-30098 is switched off on this computer (DisableCapiOverrideForRSA is 0).",
            &["Have your administrator remove the setting once no old program needs it."],
        ),
    }
}

fn tokens(code: Code, system: System) -> Words {
    match code {
        Code::PinCountLow => words_of(
            "A wrong PIN was entered on the USB key[ “{token}”]; few tries are left.",
            &["Type the PIN slowly next time: a good one brings all tries back.", "If you are not sure, ask first."],
        ),
        Code::PinFinalTry => words_of(
            "One more wrong PIN locks the USB key[ “{token}”].",
            &["Do not guess: ask whoever gave you the key.", "A good PIN brings all tries back."],
        ),
        Code::SoPinCountLow => words_of(
            "A wrong administrator PIN (SO PIN) was entered on the USB key[ “{token}”].",
            &["Nothing has to be done as long as the PIN itself works."],
        ),
        Code::SoPinFinalTry => words_of(
            "One more wrong administrator PIN (SO PIN) locks the USB key[ “{token}”] against unblocking, for good on most keys.",
            &["Do not guess it. Your own PIN is not touched by this."],
        ),
        Code::SoPinLocked => words_of(
            "The administrator PIN (SO PIN) of the USB key[ “{token}”] is locked: if your own PIN gets locked too, nothing opens the key.",
            &["Take care with your own PIN.", "Plan for another USB key."],
        ),
        Code::PinPad => words_of(
            "The PIN of the USB key[ “{token}”] is typed on the device itself.",
            &["Look at the device when a PIN is wanted; Chopmark shows no field for it."],
        ),
        Code::TokenNearlyFull => words_of(
            "The USB key[ “{token}”] is nearly full[: {free} bytes are free].",
            &["Delete certificates and keys that are no longer needed; keep those that old encrypted mail needs."],
        ),
        Code::KeyTooSmall => words_of(
            "The keys that the USB key[ “{token}”] makes are too small for this CA[: it makes {keys}][, the CA takes {wants}].",
            &[
                "Use a newer USB key.",
                "Check that the maker's own driver is used; a generic one offers less.",
                "Ask the CA.",
            ],
        ),
        Code::KeyWithoutCertificate => words_of(
            "There are keys without a certificate on the USB key[ “{token}”][: {keys}].",
            &[
                "Look into the activity list whether a job still waits for its certificate.",
                "If not, the key is left over and takes up room; it can be deleted under “USB keys”.",
            ],
        ),
        Code::CertificateExpired => words_of(
            "The certificate “{certificate}” has expired[ {days} days ago].",
            &["Ask the CA for codes, and get a new one.", "Keep the old key as long as old encrypted mail needs it."],
        ),
        Code::CertificateExpiring => words_of(
            "The certificate “{certificate}” expires in {days} days.",
            &["Renew it now: as long as it is valid, no codes are needed."],
        ),
        Code::CertificateNotYetValid => words_of(
            "The certificate “{certificate}” is not valid yet[: in {days} days].",
            &["Check date and time of this computer.", "If they are right, wait, or ask the CA."],
        ),
        Code::Sandboxed => words_of(
            match system {
                System::Linux => {
                    "Chopmark runs in a sandbox[ ({sandbox})], and may not see all drivers, readers and files of this computer."
                }
                _ => "Chopmark runs in a sandbox[ ({sandbox})], and may not see everything on this computer.",
            },
            &["If something is missing here that is there, install Chopmark from its package instead."],
        ),
        Code::BrowserSnap => words_of(
            "{browser} comes from a snap: it sees neither this computer's certificate store nor its drivers.",
            &[
                "Install the browser as a normal package (deb, rpm) for certificates and USB keys.",
                "Or use another browser for these pages.",
            ],
        ),
        Code::BrowserFlatpak => words_of(
            "{browser} comes from Flatpak: it sees neither this computer's certificate store nor its drivers.",
            &[
                "Install the browser as a normal package (deb, rpm) for certificates and USB keys.",
                "Or use another browser for these pages.",
            ],
        ),
        Code::BrowserWithoutDriver => words_of(
            "{browser} does not know the driver[ “{driver}”] of the USB key[ “{token}”], so it does not offer its certificates.",
            &[
                "Let Chopmark do it here[, or with “chopmark drivers register {path}” for all browsers at once]; start the browser again then.",
                "By hand, in Firefox: Settings › Privacy & Security › Security Devices › Load[, and choose {path}].",
            ],
        ),
        Code::CaRootExpired => words_of(
            "The root certificate of the CA[ “{ca}”] in its profile has expired[ {days} days ago], so no certificate of it can be believed.",
            &[
                "Get the CA's current profile from the CA or your administrator.",
                "Ask the CA for its new root: “chopmark ca root-update”.",
            ],
        ),
        Code::CaRootExpiring => words_of(
            "The root certificate of the CA[ “{ca}”] expires in {days} days.",
            &["Ask the CA for its new root: “chopmark ca root-update”, or get its current profile."],
        ),
        Code::BadReport => words_of(
            "This file is not a report of a check-up that this version can read[: {path}].",
            &[
                "Check that it is the whole file, as it was saved.",
                "If it comes from a newer Chopmark, update this one.",
            ],
        ),
        Code::NoSuchFix => words_of(
            "There is no such repair[ ({fix})] (any more).",
            &["Run the check-up again: it offers what can be repaired, and lists what can be taken back."],
        ),
        Code::FixFailed => words_of(
            "The repair could not be done[ ({fix})]. Nothing was changed.",
            &["Look at the details: often a right is missing.", "Ask your administrator to do it by hand."],
        ),
        _ => words_of("", &[]),
    }
}

/// What a repair will do, and what it did.
pub(in crate::hints) fn repair(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "choose-driver" => ("Use {driver} for this key from now on.", "{driver} was chosen for a key."),
        "forget-choice" => ("Forget the choice of {driver}.", "The choice of {driver} was forgotten."),
        "register-driver" => ("Let {browser} use the driver {driver}.", "{browser} was given the driver {driver}."),
        "unregister-driver" => {
            ("Take the driver {driver} away from {browser}.", "The driver {driver} was taken away from {browser}.")
        }
        "set-aside" => ("Set the file {path} aside, by renaming it.", "The file {path} was set aside."),
        "bind-certificate" => {
            ("Bind the certificate to “{provider}”, which has its key.", "A certificate was bound to “{provider}”.")
        }
        _ => (
            "Let old programs use RSA keys of smart cards again (needs an administrator; lowers a protection).",
            "Old programs were let at RSA keys of smart cards again.",
        ),
    }
}
