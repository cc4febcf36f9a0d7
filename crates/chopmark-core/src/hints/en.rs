//! The words in English. What happened and why, in one or two sentences; then what to do now. Nobody is blamed.

mod acme;
mod validation;

use super::{System, Words};
use crate::error::Code;

pub(super) mod findings;
mod letters;

const fn words_of(message: &'static str, hints: &'static [&'static str]) -> Words {
    Words { message, hints }
}

/// Words for a code; `kind` is the fact `reason` or, for a question nobody may be asked, `what`.
pub(super) fn words(code: Code, kind: &str, system: System) -> Words {
    match code {
        Code::Internal => words_of(
            "Something went wrong inside Chopmark. This is our fault.",
            &["Try again.", "If it comes back, copy this for the help desk."],
        ),
        Code::Journal => words_of(
            "The record of jobs on this computer cannot be read or written, so nothing was started.",
            &[
                "Check that the disk is not full and that you may write to Chopmark's folder.",
                "Close other windows of Chopmark, then try again.",
            ],
        ),
        Code::BadInput => validation::bad_input(kind).unwrap_or_else(|| bad_input(kind, system)),
        Code::NobodyToAsk => nobody_to_ask(kind),
        Code::NoSuchProfile => words_of(
            "No CA[ named “{ca}”] is known on this computer.",
            &[
                "List the known ones with “chopmark ca list”.",
                "Add the CA's profile file, or open the link from the CA's mail.",
            ],
        ),
        Code::BadProfile => words_of(
            "The CA profile[ “{ca}”] cannot be used: it is missing, or it is not a CA profile.",
            &[
                "Get the profile again from your CA or administrator.",
                "Look at the details for the line that does not fit.",
            ],
        ),
        Code::CertificateNotFound => words_of(
            "No certificate[ “{certificate}”] was found here.",
            &[
                "Plug in the USB key that holds it.",
                "List all certificates and pick one by the start of its SHA-256 fingerprint.",
            ],
        ),
        Code::JobNotFound => words_of(
            "There is no job[ “{job}”] on this computer.",
            &["Look into the activity list for the jobs there are; it belongs to this user and this computer."],
        ),
        Code::BadLink => words_of(
            "This link is not one that Chopmark understands.",
            &["Open the link from the CA's mail again, whole.", "Or type the two codes from the mail by hand."],
        ),
        Code::JobBusy => words_of(
            "Another window or command is working on this job[ ({job})] right now.",
            &["Wait until it is done, or stop it there."],
        ),
        Code::JobFinished => words_of(
            "This job[ ({job})] is finished already; there is nothing left to do.",
            &["Look at your certificates: the new one is among them if the job ended well."],
        ),
        Code::HasCertificate => words_of(
            "The CA has issued a certificate for this job[ ({job})], so it is not discarded.",
            &["Resume the job: it installs the certificate, proves it and tells the CA."],
        ),
        Code::CaOfCertificateUnknown => words_of(
            "It is not known here which CA this certificate[ ({certificate})] came from.",
            &["Say which CA to ask (--ca NAME).", "Add the CA first if it is not in the list of CAs."],
        ),
        Code::NoKeyForCertificate => words_of(
            "The certificate[ ({certificate})] is there, but its key is not. Without the key it can prove nothing to the CA.",
            &[
                "Plug in the USB key that holds the key, and try again.",
                "If the key is lost: ask the CA for codes, and use them instead of the key.",
            ],
        ),
        Code::CodeLooksWrong => words_of(
            match kind {
                "reference-number" => {
                    "The reference number looks mistyped[ (character {positions})]. Nothing was sent."
                }
                _ => "The authorization code looks mistyped[ (character {positions})]. Nothing was sent.",
            },
            &[
                "Compare it with the CA's mail: look for blanks, long dashes, full-width or foreign letters, 0 and O, 1 and l.",
                "If it is right as it is, say so: with “--code-as-is” on the command line, or when asked.",
            ],
        ),
        Code::LabelNotTyped => words_of(
            "What was typed is not the name of the USB key[ “{token}”]. Nothing was changed.",
            &[
                "Type the name exactly as it is shown; that it takes a moment is the point.",
                "On the command line: --confirm-label.",
            ],
        ),
        Code::KeyOfOpenJob => words_of(
            "The USB key[ “{token}”] holds the key of a job that is not over[ ({job})]; without it the certificate would be lost.",
            &["Finish the job first, or discard it: see the activity list."],
        ),
        Code::KeyCannotLeave => words_of(
            "The key of this certificate cannot be taken out of its place[ ({place})]. Only the certificate can be copied from there.",
            &[
                "Export the certificate alone (“--format pem” without “--with-key”).",
                "To use the key elsewhere, take the USB key there, or get a certificate of its own for that place.",
            ],
        ),
        Code::FileOfOpenJob => words_of(
            "The file[ {path}] belongs to a job that is not over[ ({job})]; without it the certificate would be lost.",
            &["Finish the job first, or discard it: see the activity list."],
        ),
        Code::ObjectNotFound => words_of(
            "There is nothing by that name[ ({object})] on the USB key[ “{token}”].",
            &[
                "List what is on it (“chopmark token objects”) and copy the name from there.",
                "Keys only show with the PIN.",
            ],
        ),
        Code::Cancelled => {
            words_of("Cancelled.[ The job ({job}) and its key are kept: go on with it, or discard it.]", &[])
        }
        Code::ChangesDeclined => words_of(
            "You did not accept what the CA changed, so the new certificate was given back.",
            &["Talk to the CA about the name it should write, then ask for new codes."],
        ),

        Code::NoDriver => words_of("No driver for a USB key is installed on this computer.", install_driver(system)),
        Code::DriverNotFound => words_of(
            "The driver's file is not there[: {driver}].",
            &["Check the path for a typing mistake.", "If the driver was removed or updated, install it again."],
        ),
        Code::DriverWrongArchitecture => words_of(
            "The driver was built for another kind of processor[: it is {is}][, this computer needs {needs}].",
            match system {
                System::Windows => {
                    &["Install the maker's driver package for this computer's processor (x64 or ARM64)."]
                }
                System::MacOs => &[
                    "Install the maker's newest driver: one for Apple silicon, or a universal one.",
                    "If there is only one for Intel, install Rosetta, then try again.",
                ],
                System::Linux => &["Install the driver package made for this computer's processor."],
            },
        ),
        Code::DriverWrongBits => words_of(
            "The driver is the edition of another word size[: it is {is}][, Chopmark needs {needs}].",
            match system {
                System::Windows => &[
                    "If the 64-bit driver is installed too, choose its DLL: it lies in System32, the 32-bit one in SysWOW64.",
                    "Else install the 64-bit package of the same driver.",
                ],
                _ => &["Install the 64-bit package of the same driver, then try again."],
            },
        ),
        Code::DriverUnreadable => words_of(
            "The driver's file[ {driver}] is there, but this user may not read it.",
            match system {
                System::Windows => &["Install the driver again as administrator, for all users."],
                _ => &[
                    "Let everybody read the file (“chmod a+r” on it, and “a+x” on its folders), or ask your administrator.",
                    "Or install the driver's package again.",
                ],
            },
        ),
        Code::NotADriver => words_of(
            "This file is not a driver for USB keys (PKCS#11)[: {driver}].",
            &[
                "Choose the maker's PKCS#11 library; one package often holds several libraries.",
                "Leave the driver out, and Chopmark looks for one itself.",
            ],
        ),
        Code::DriverNotLoadable => words_of(
            "The driver[ {driver}] is there, but it cannot be loaded.",
            if system == System::Windows {
                &[
                    "Install the driver again with its own installer; it may need the Visual C++ runtime.",
                    "Restart Windows if the driver was installed just now.",
                ]
            } else if system == System::MacOs {
                &[
                    "Look into System Settings › Privacy & Security whether macOS has blocked it.",
                    "Install the driver again with its own installer.",
                ]
            } else {
                &[
                    "Install the driver's package again; a library it needs may be missing (“ldd” on the file shows which).",
                    "Check that the smart card service (pcscd) is installed and running.",
                ]
            },
        ),
        Code::DriverCrashed => words_of(
            "The driver[ {driver}] crashed[ during “{verb}”]. Chopmark itself is unharmed.",
            &[
                "Unplug the USB key, plug it in again, and try again.",
                "Install the newest driver from the key's maker.",
                "If several drivers are installed, choose the one that belongs to this key.",
            ],
        ),
        Code::DriverExited => words_of(
            "The driver[ {driver}] ended its own process[ during “{verb}”].",
            &["Try again.", "If it happens again, install the newest driver from the key's maker."],
        ),
        Code::DriverClosedChannel => words_of(
            "The driver[ {driver}] cut its connection to Chopmark[ during “{verb}”].",
            &["Try again.", "If it happens again, install the newest driver from the key's maker."],
        ),
        Code::DriverHangs => words_of(
            "The driver[ {driver}] has not answered[ for {seconds} seconds], so it was stopped.",
            if system == System::Linux {
                &[
                    "Look for a window or a light that waits for you: some keys want a touch or a PIN of their own.",
                    "Unplug the USB key, close other programs that use it, plug it in and try again.",
                    "Restart the smart card service (pcscd).",
                ]
            } else {
                &[
                    "Look for a window or a light that waits for you: some keys want a touch or a PIN of their own.",
                    "Unplug the USB key, close other programs that use it, plug it in and try again.",
                    "Restart the computer if it stays like this.",
                ]
            },
        ),
        Code::DriverFault => words_of(
            "The driver[ {driver}] reported an error it gives no reason for[ ({rv})].",
            &[
                "Unplug the USB key, plug it in again, and try again.",
                "Check that this is the driver made for this key; a generic one often can read a key but not make keys on it.",
                "Install the newest driver from the key's maker.",
            ],
        ),
        Code::HelperBroken => words_of(
            "A part of Chopmark, the helper for drivers, is missing or of another version[: {program}].",
            &["Install Chopmark again, whole.", "If a virus scanner has moved the file away, allow it."],
        ),

        Code::TokenNotFound => words_of(
            "The USB key[ “{token}”] is not there, or the driver does not see it.",
            if system == System::Windows {
                &[
                    "Plug it in, directly into the computer if it was in a hub.",
                    "Choose the driver that belongs to this key: the wrong one sees nothing.",
                    "Over remote desktop the key must be in the computer you sit at, and smart cards must be passed on.",
                ]
            } else if system == System::MacOs {
                &[
                    "Plug it in, directly into the computer if it was in a hub.",
                    "Choose the driver that belongs to this key: the wrong one sees nothing.",
                    "Unplug it for ten seconds, then plug it in again.",
                ]
            } else {
                &[
                    "Plug it in, directly into the computer if it was in a hub.",
                    "Choose the driver that belongs to this key: the wrong one sees nothing.",
                    "Check that the smart card service (pcscd) is running.",
                ]
            },
        ),
        Code::TokenAmbiguous => words_of(
            "Several USB keys fit[ “{token}”][: {seen}].",
            &["Unplug those that are not meant.", "Or name the key by its serial number."],
        ),
        Code::PinWrong => words_of(
            "The USB key[ “{token}”] refused the PIN.[ {state}][ {tries} tries left.]",
            &[
                "Type the PIN again, slowly; check Caps Lock and the number pad.",
                "Some keys have several PINs: this one is the user PIN.",
                "If you are not sure, stop here and ask who gave you the key.",
            ],
        ),
        Code::PinLocked => words_of(
            "The PIN of the USB key[ “{token}”] is locked after too many wrong tries.",
            &[
                "Unlock it under “USB keys” with the administrator PIN (SO PIN, PUK), or with “chopmark token unblock”.",
                "Or ask whoever gave you the key.",
            ],
        ),
        Code::PinExpired => words_of(
            "The USB key[ “{token}”] wants a new PIN before it can be used.",
            &["Change the PIN under “USB keys” (“chopmark token change-pin”), then try again."],
        ),
        Code::PinNotSet => words_of(
            "The USB key[ “{token}”] has no PIN yet.",
            &[
                "Set one under “USB keys” (“chopmark token set-pin”); it takes the administrator PIN.",
                "Or let your administrator do it.",
            ],
        ),
        Code::PinLength => words_of(
            "The PIN is too short or too long for the USB key[ “{token}”]. It was not counted as a wrong try on most keys.",
            &["Type the PIN again, whole, without spaces."],
        ),
        Code::TokenNotInitialized => words_of(
            "The USB key[ “{token}”] is empty: it has never been set up.",
            &["Set it up under “USB keys” (“chopmark token init”), or ask your administrator."],
        ),
        Code::SoPinWrong => words_of(
            "The USB key[ “{token}”] refused the administrator PIN (SO PIN, PUK).[ {state}]",
            &[
                "Look it up where the key was set up; it is not your own PIN.",
                "Do not guess: once it is locked, nobody can unlock this key any more.",
            ],
        ),
        Code::NewPinRefused => words_of(
            "The USB key[ “{token}”] does not take this new PIN.[ It wants {min} to {max} characters.]",
            &[
                "Choose one that is neither too short nor too long; some keys take digits only, or no simple rows of them.",
                "The old PIN is still the valid one.",
            ],
        ),
        Code::PinUnchanged => {
            words_of("The new PIN is the same as the old one, so nothing was changed.", &["Choose another PIN."])
        }
        Code::TokenFull => words_of(
            "The USB key[ “{token}”] has no room for another key or certificate.[ Taken: {seen}.]",
            &[
                "Look under “USB keys” (“chopmark token orphans”) for what is no longer needed, and delete it there.",
                "Keep the keys that old encrypted mail or files still need.",
                "Or use another USB key.",
            ],
        ),
        Code::TokenWriteProtected => words_of(
            "The USB key[ “{token}”] cannot be written to, or this driver may only read it.",
            &["Choose the maker's own driver for it.", "Or use another USB key."],
        ),
        Code::TokenRemoved => words_of(
            "The USB key[ “{token}”] was pulled out in the middle.",
            &[
                "Plug it in again, firmly, and not into a hub.",
                "Resume the job if it is in the activity list; else start again.",
            ],
        ),
        Code::KeyKindUnsupported => words_of(
            "The USB key[ “{token}”] cannot make this kind of key[ ({key})].",
            &[
                "Choose another kind of key: RSA 2048 works nearly everywhere.",
                "Check that the maker's own driver is used; a generic one offers less.",
            ],
        ),
        Code::TemplateRefused => words_of(
            "The USB key[ “{token}”] refused to make a key with the properties a safe key has.",
            &[
                "Try another kind of key: RSA 2048 works nearly everywhere.",
                "Install the newest driver from the key's maker.",
            ],
        ),
        Code::KeyImportRefused => words_of(
            "The USB key[ “{token}”] does not take a key that was made elsewhere, and here the CA has made it.",
            &[
                "Enrol again and let the USB key make the key itself, which is also safer.",
                "Or put this certificate into a file.",
                "The codes may be used up: then ask the CA for new ones.",
            ],
        ),
        Code::KeyCannotOpen => words_of(
            "The CA has made the key and sent it locked for a key on the USB key, which can sign but not open it.",
            &["Enrol again and let the USB key make the key itself.", "Or ask the CA for codes, and enrol with them."],
        ),
        Code::KeyNotFound => words_of(
            "The key that was made for this job is not on the USB key[ “{token}”] any more.",
            &[
                "Plug in the USB key that the job was begun with.",
                "If the key was deleted, ask the CA for new codes and start again.",
            ],
        ),

        Code::OfficerRequired => words_of(
            "The USB key[ “{token}”] lets only its administrator do this.",
            &[
                "Do it with the maker's tool and the administrator PIN (on a PIV key: the management key).",
                "Or ask whoever gave you the key.",
            ],
        ),
        Code::NotDeleted => words_of(
            "The card[ “{token}”] cannot delete this[: {object}].",
            &[
                "Cards of this kind (OpenPGP) keep a key until it is replaced or the card is reset with its own tool.",
                "Without a certificate the key does no harm there.",
            ],
        ),
        Code::TokenBusy => words_of(
            "Another program is using the USB key[ “{token}”] right now.",
            &[
                "Close browsers, mail programs and the maker's tool, then try again.",
                "Or unplug the key and plug it in again.",
            ],
        ),
        Code::CaRefused => words_of(
            "The CA refused the request[ ({failInfo})].[ It says: “{text}”.]",
            &["Ask the CA why; give it your reference number, never the authorization code."],
        ),
        Code::CodesWrong => words_of(
            match kind {
                "" => "The CA does not accept the two codes.",
                "0" => "The CA does not accept the two codes. It says that no tries are left: they are locked.",
                "1" => "The CA does not accept the two codes. It says that 1 try is left.",
                _ => "The CA does not accept the two codes. It says that {triesLeft} tries are left.",
            },
            &[
                "Compare both with the CA's mail, letter by letter: 0 and O, 1 and l look alike.",
                "Check that the right CA is chosen.",
                "If they are right, ask the CA for new codes.",
            ],
        ),
        Code::CodesSpent => words_of(
            "The CA does not take these codes any more: they are used up, expired, or not known to it.[ It says: “{text}”.]",
            &["Look whether you have the certificate already: codes work once.", "Ask the CA for new codes."],
        ),
        Code::RequestNotAllowed => words_of(
            "The CA does not issue what was asked for.[ It says: “{text}”.]",
            &["Leave name and key to the CA's own choice.", "Ask the CA what it allows for these codes."],
        ),
        Code::CaTrouble => words_of(
            "The CA has trouble of its own.[ It says: “{text}”.]",
            &["Try again later with the same codes.", "If it lasts, tell the CA."],
        ),
        Code::AlgorithmRefused => words_of(
            "The CA does not accept this kind of key or signature.[ It says: “{text}”.]",
            &["Choose another kind of key: RSA 2048 is taken nearly everywhere.", "Ask the CA which kinds it takes."],
        ),
        Code::ClockRefused => words_of("The CA says that the clock of this computer is wrong.", set_clock(system)),
        Code::TransactionRefused => words_of(
            "The CA does not go on with this job: it does not know it any more, or it is finished there.",
            &["Look whether you have the certificate already.", "Ask the CA for new codes and start again."],
        ),

        Code::SignatureRefused => words_of(
            "The CA does not take the certificate that the request is signed with.[ It says: “{text}”.]",
            &[
                "Check whether the certificate has expired or was revoked: then it takes new codes from the CA, as for a first certificate.",
                "Check that the right CA is asked: only the one that issued a certificate can renew or revoke it.",
            ],
        ),
        Code::AlreadyRevoked => words_of(
            "This certificate is revoked already.[ The CA says: “{text}”.]",
            &["There is nothing left to do. For a new certificate, ask the CA for codes."],
        ),

        Code::ProtectionRefused => words_of(
            "The CA does not take the way in which the codes protect the request[ ({protection})].[ It says: “{text}”.]",
            &[
                "Try again and let another way be used when asked; on the command line: “--fallback-protection”.",
                "Ask the CA which way it takes, and set “protection” under “cmp” in its profile: pbm-sha256, pbm-sha512, pbm-sha1 or pbmac1-sha256.",
                "The key is kept: the job can be resumed.",
            ],
        ),
        Code::StillWaiting => words_of(
            "The CA has not decided yet.[ It wants to be asked again in {retryAfter} seconds.] Nothing is lost.",
            &[
                "Resume the job later; keep the CA's mail with the two codes until then.",
                "Ask the CA if approval takes long.",
            ],
        ),

        Code::CaNameUnknown => words_of("The CA's address[ {host}] cannot be found.", no_network()),
        Code::CaNoConnection => words_of("There is no connection to the CA[ at {host}].", no_network()),
        Code::CaTls => words_of(
            "The secure connection to the CA[ at {host}] cannot be trusted, so nothing was sent.",
            &[
                "Check date and time of this computer.",
                "In a company network: the proxy may put its own certificate in between; ask your administrator.",
                "Get the CA's profile again if it is old.",
            ],
        ),
        Code::CaHttpStatus => words_of(
            "The CA's server answered with an error[ (HTTP {status})].",
            &["Check the CA's address in its profile.", "Try again later; if it lasts, tell the CA."],
        ),
        Code::CaNotCmp => words_of(
            "Something answers at the CA's address, but it is not a certificate service[ (it sent {contentType})].",
            &[
                "Check the CA's address in its profile.",
                "In a network with a sign-in page (hotel, guest network): open a web page and sign in first.",
            ],
        ),
        Code::CaAnswerTooLarge => words_of(
            "The CA's answer is far larger than any certificate, so it was not read.",
            &["Check the CA's address in its profile.", "If the address is right, tell the CA."],
        ),
        Code::CaAnswerEmpty => words_of(
            "The CA's server answered with nothing.",
            &["Check the CA's address in its profile.", "Try again later; if it lasts, tell the CA."],
        ),
        Code::CaAnswerGarbled => words_of(
            "The CA's answer cannot be read.",
            &["Try again.", "If it comes back, copy this for the help desk: the CA may need to see it."],
        ),
        Code::CaAnswerBer => words_of(
            "The CA's answer is encoded in a way the protocol forbids (BER instead of DER), so it was not read.",
            &["Copy this for the help desk: the CA has to mend it."],
        ),
        Code::CaRedirects => words_of(
            "The CA's server sends us elsewhere[: {location}]. That is not followed, for safety.",
            &["Ask the CA for its present address, or get its profile again."],
        ),
        Code::CaTimeout => words_of(
            "The CA[ at {host}] has not answered in time.",
            &[
                "Try again; a job that was already sent stays in the activity list and can be resumed.",
                "Check network and proxy.",
            ],
        ),
        Code::ProxyWantsPassword => words_of(
            "The proxy[ {host}] does not let us through without the right user name and password.",
            &[
                "Give the user name in the address, “--proxy http://USER@HOST:PORT”; the password is asked for, or comes from --proxy-password-file.",
                "Check user name and password with your administrator.",
            ],
        ),
        Code::ProxyNoConnection => words_of(
            "The proxy[ {host}] cannot be reached.",
            &["Check the proxy's address and port.", "Outside the company network, leave --proxy out."],
        ),
        Code::CaWantsCertificate => words_of(
            "The CA's server[ {host}] lets in only those who show a certificate of their own, and none was given.",
            &[
                "Name the PKCS#12 file your CA gave you for this: “tlsCertificate” in the profile, or --tls-certificate.",
                "Ask the CA whether there is an address without it.",
            ],
        ),
        Code::CaRefusesCertificate => words_of(
            "The CA's server[ {host}] does not accept the certificate shown to it[: {path}].",
            &[
                "Check that the right file is named and that its certificate has not run out or been revoked.",
                "Ask the CA which certificate it expects.",
            ],
        ),

        Code::AnswerProtection if kind == "signer" => words_of(
            "The CA's answer is signed by someone who may not speak for this CA, so it was not used[: {found}].",
            &[
                "Get the CA's profile again: its roots may have changed.",
                "If that does not help, copy this for the help desk: the profile can name the certificate that signs for the CA.",
            ],
        ),
        Code::AnswerProtection => words_of(
            "The CA's answer does not match your authorization code. The code is mistyped, or the answer is not from the CA.",
            &[
                "Compare the authorization code with the CA's mail, letter by letter.",
                "If it is right, stop here and tell the CA.",
            ],
        ),
        Code::AnswerUnprotected => words_of(
            "The CA's answer carries no protection, so nobody can say who wrote it; it was not used.[ It says: “{text}”.]",
            &["Check that both codes and the chosen CA are right.", "If they are, tell the CA."],
        ),
        Code::AnswerMismatch => words_of(
            "The answer belongs to another exchange[ ({check})], so it was not used.",
            &[
                "Try again, or resume the job.",
                "If it comes back, tell the CA: somebody may be meddling with the connection.",
            ],
        ),
        Code::AnswerTime => words_of(
            match kind {
                "ahead" => "This computer's clock is {seconds} seconds ahead of the CA's.",
                "behind" => "This computer's clock is {seconds} seconds behind the CA's.",
                _ => "The CA's answer is dated too far from this computer's time[: {seconds} seconds apart].",
            },
            set_clock(system),
        ),
        Code::ChainUntrusted if kind == "no-roots" => words_of(
            "The profile of the CA[ “{ca}”] has no root certificate, so nothing that the CA sends can be believed.",
            &["Get the CA's whole profile from the CA or your administrator, and add it again."],
        ),
        Code::ChainUntrusted => words_of(
            "The new certificate does not lead to a root that this CA's profile trusts[: {reason}].",
            &[
                "Get the CA's profile again: its roots may have changed.",
                "If that does not help, tell the CA. The certificate was not installed.",
            ],
        ),
        Code::CertificateForOtherKey => words_of(
            "The CA sent a certificate that belongs to another key, so it was not installed.",
            &["Tell the CA: the request may have been mixed up with another one."],
        ),
        Code::DeliveredKeyClosed => words_of(
            "The key that the CA has made cannot be opened, so nothing was installed[ ({found})].",
            &[
                "Let this computer or the USB key make the key, if the CA allows it.",
                "Otherwise copy this for the help desk: the CA may need to see it.",
            ],
        ),
        Code::DeliveredKeySigner => words_of(
            "The key that came with the certificate was not made by someone who may make keys for this CA, so nothing was installed.",
            &["Do not use the key.", "Tell the CA and copy this for the help desk."],
        ),
        Code::DeliveredKeyForeign => words_of(
            "The key that came with the certificate does not belong to it, so nothing was installed.",
            &["Tell the CA: the key may have been mixed up with another one."],
        ),
        Code::CaRevoked => words_of(
            "A certificate of the CA has been revoked[: {subject}]. What it vouches for was not used.",
            &["Do not go on.", "Tell the CA and copy this for the help desk."],
        ),
        Code::RevocationUnknown => words_of(
            "Whether the CA's certificate[ {subject}] is still good cannot be learnt[: {found}].",
            &[
                "Check the network: the CA's revocation list or its OCSP server must be in reach. Then resume the job.",
                "If it comes back, copy this for the help desk.",
            ],
        ),
        Code::AnswerUnexpected => words_of(
            "The CA's answer is of a kind that does not belong here[ ({found})].",
            &["Try again.", "If it comes back, copy this for the help desk: the CA may need to see it."],
        ),
        Code::ProofFailed => words_of(
            "The certificate was installed, but a trial signature with its key does not verify, so the CA was not told that all is well.",
            &[
                "Unplug the USB key, plug it in again, and resume the job.",
                "Install the newest driver from the key's maker.",
                "If it stays like this, copy this for the help desk.",
            ],
        ),
        Code::ErrorUnprotected => words_of(
            "An error came back that carries no protection, so it may come from anybody.[ It says: “{text}”.]",
            &[
                "The usual cause is a mistyped reference number or authorization code: compare both.",
                "Check that the right CA is chosen.",
                "The key is kept: the job can be resumed.",
            ],
        ),

        Code::FileExists => words_of(
            "There is a file of that name already[: {path}]. It was left as it is.",
            &["Choose another name, or move the old file away."],
        ),
        Code::FileNotWritable => words_of(
            "The file cannot be written[: {path}].",
            &["Check that the folder exists and that you may write there.", "Check that the disk is not full."],
        ),
        Code::FilePasswordWrong => words_of(
            "The password does not open the file[ {path}].",
            &[
                "Type it again; check Caps Lock.",
                "It is the password chosen when the file was made, not the authorization code.",
            ],
        ),
        Code::StorePasswordWrong => words_of(
            "The password does not open the store[ “{store}”].",
            &[
                "Type it again; check Caps Lock. It can be tried as often as you like.",
                "For Firefox it is the primary password: Settings › Privacy & Security.",
            ],
        ),
        Code::StoreUnavailable => words_of(
            "This system lacks what Chopmark needs to open the store[ “{store}”]: the NSS library is not installed.",
            &[
                "Debian and Ubuntu: “apt install libnss3”; Fedora: “dnf install nss-softokn”.",
                "Or use a USB key or a file instead.",
            ],
        ),
        Code::StoreNotFound => words_of(
            "There is no certificate store of a browser in[ {path}].",
            &["List the stores that are there: “chopmark stores”.", "Start the browser once: it makes its store then."],
        ),
        Code::BrowserListUnreadable => words_of(
            "The browser's list of drivers cannot be changed[: {path}].",
            &["Check that you may read and write the file.", "Close the browser and try again."],
        ),
        Code::DriverHiddenFromBrowser => words_of(
            "The browser[ {browser}] runs in a sandbox and cannot see the driver's file[ {driver}].",
            &[
                "Use the browser from the distribution's packages or from its maker instead.",
                "Or put the certificate into this browser's own store.",
            ],
        ),
        Code::FileNotReadable => words_of(
            "The file cannot be read[: {path}].",
            &["Check that it is there, that you may read it, and that it is of the right kind."],
        ),
        Code::KeptKeyUnreadable => words_of(
            "The key kept for this job cannot be read[: {path}].",
            &[
                "Resume the job as the same user and on the same computer that began it.",
                "If the file is lost, ask the CA for new codes and start again.",
            ],
        ),

        Code::Unconfirmed => words_of(
            "The certificate is installed and works, but the CA has not heard of it yet.",
            &["Resume the job soon: some CAs revoke a certificate that nobody confirms.", "Check the network first."],
        ),
        code if validation::is_about(code) => validation::words(code, kind),
        code => findings::words(code, system),
    }
}

fn install_driver(system: System) -> &'static [&'static str] {
    if system == System::Windows {
        &[
            "Install the driver of your USB key: many keys carry it on a small drive that appears when they are plugged in.",
            "Else get it from the page of your CA or of the key's maker, then try again.",
        ]
    } else if system == System::MacOs {
        &["Get the macOS driver from the page of your CA or of the key's maker, then try again."]
    } else {
        &[
            "Get the Linux driver from the page of your CA or of the key's maker.",
            "For common smart cards install the packages “opensc” and “pcscd”.",
            "If the driver lies in an unusual place, name its file (module-path).",
        ]
    }
}

fn set_clock(system: System) -> &'static [&'static str] {
    if system == System::Windows {
        &[
            "Set the clock: Settings › Time & language › Date & time › Sync now.",
            "Then try again; check the time zone too.",
        ]
    } else if system == System::MacOs {
        &[
            "Set the clock: System Settings › General › Date & Time › set automatically.",
            "Then try again; check the time zone too.",
        ]
    } else {
        &[
            "Set the clock (“timedatectl set-ntp true” where systemd is used); check the time zone too.",
            "Then try again.",
        ]
    }
}

fn no_network() -> &'static [&'static str] {
    &[
        "Check that this computer is online, and the VPN if the CA needs one.",
        "In a company network a proxy may be needed: ask your administrator.",
        "Check the CA's address in its profile.",
    ]
}

const PLACE_FORMS: &str = "Write a USB key as “pkcs11:token=NAME”, a file as “file:PATH.p12” or “file:PATH.pem”, this computer's store as “computer”.";
const PIN_WAYS: &str = "Leave it out to be asked for it, or put it into a file and name that.";

fn bad_input(reason: &str, system: System) -> Words {
    match reason {
        "key-by-ca-p10cr" => words_of(
            "This CA is asked with PKCS#10 requests, which have no place for a key that the CA makes.",
            &[
                "Leave out --key-by-ca: the key is made here.",
                "Or have the CA's profile say another request (ir or cr).",
            ],
        ),
        "place-empty" => words_of("The place for key and certificate is empty.", &[PLACE_FORMS]),
        "import-to-file" => words_of(
            "A file is no place for an import.",
            &[
                "Name a USB key (“pkcs11:token=NAME”) or “computer”.",
                "To change a file's form or password: “chopmark export”.",
            ],
        ),
        "import-there" => words_of(
            "This certificate is there already, with its key.",
            &["There is nothing to do. “chopmark certs” lists it."],
        ),
        "place-computer" => words_of(
            "This computer's own store cannot be used as a place on this system.",
            &["Use a USB key (“pkcs11:token=NAME”) or a file (“file:PATH.p12” or “file:PATH.pem”)."],
        ),
        "place-store" => words_of(
            "On this system there is one store for certificates, so no folder can be named for it.",
            &["Write “computer” without “store”."],
        ),
        "place-unknown" => words_of(
            "The place is in none of the known forms.",
            &[PLACE_FORMS, "“chopmark tokens” shows the USB keys that are plugged in, ready to copy."],
        ),
        "place-too-long" => words_of("The place is longer than any real one.", &[PLACE_FORMS]),
        "path-empty" => words_of("The place names no file.", &["Give the file's whole path and name."]),
        "path-not-text" => words_of(
            "The path has characters that no path should have, or is too long.",
            &["Choose another file name."],
        ),
        "file-host" => words_of(
            "The file's address names another computer; files are only written on this one.",
            &["Write “file:” and the path, without slashes in front for a host."],
        ),
        "pin-value" => words_of(
            "A PIN must not stand in the place (pin-value): other programs can read what stands on a command line.",
            &[
                "Take it out; if this line was stored or shared, change the PIN.",
                "Name a file with the PIN instead (pin-source, or --pin-file).",
            ],
        ),
        "slot" => words_of(
            "A USB key cannot be named by its slot[ ({attribute})]: slots move whenever something is plugged in.",
            &["Name it by “token=” or “serial=”; “chopmark tokens” shows both."],
        ),
        "module-name" => words_of(
            "A driver cannot be named by module-name here.",
            &["Name its file: “module-path=/path/of/the/driver”; “chopmark drivers” shows it."],
        ),
        "attribute-in-query" => words_of(
            "A part[ (“{attribute}”)] stands on the wrong side of the question mark in the place.",
            &["Write “pkcs11:token=NAME?module-path=FILE&pin-source=FILE”."],
        ),
        "attribute-twice" => words_of("The place says[ “{attribute}”] the same thing twice.", &["Keep one of them."]),
        "attribute-unknown" => words_of(
            "The place has a part[ “{attribute}”] that is not known here.",
            &[
                "Known for “pkcs11:” are token, serial, manufacturer, model, object and id; after the question mark module-path and pin-source.",
                "Known for “computer:” are store, provider, object and id.",
            ],
        ),
        "attribute-without-value" => words_of(
            "The place has a part without a value.",
            &[
                "Each part is NAME=VALUE, as in “pkcs11:token=Alice”; “;”, “?” and “&” inside a value are written %3B, %3F and %26.",
            ],
        ),
        "attribute-too-long" => words_of("A part[ “{attribute}”] of the place is too long.", &[PLACE_FORMS]),
        "percent" => words_of(
            "A percent sign[ in “{attribute}”] is not followed by two hexadecimal digits.",
            &["Write a percent sign itself as %25, a space as %20."],
        ),
        "not-text" => words_of(
            "A part[ “{attribute}”] of the place is not readable text.",
            &["Write letters beyond ASCII as they are, or as UTF-8 with percent signs."],
        ),
        "pin-source" => words_of(
            "pin-source names something other than a file on this computer; commands are not run and addresses not fetched.",
            &["Write “pin-source=file:/path/of/the/file”."],
        ),
        "key-unknown" => words_of(
            "The kind of key[ “{key}”] is not known.",
            &["Choose rsa:2048, rsa:3072, rsa:4096, ec:p256, ec:p384, ec:p521 or ed25519."],
        ),
        "san" => words_of(
            "An alternative name[ ({what})] is not in a known form.",
            &["Write “dns:NAME” or “email:ADDRESS”, with commas in between."],
        ),
        "reference" => words_of(
            "The reference number is empty or not one line of text.",
            &["Copy it from the CA's mail; it is the one of the two codes that is not secret."],
        ),
        "proxy" => words_of(
            "The proxy's address is in no known form.",
            &["Write “http://HOST:PORT”, with a user name “http://USER@HOST:PORT”."],
        ),
        "proxy-password" => words_of(
            "A password must not stand in the proxy's address: other programs can read what stands on a command line.",
            &[
                "Leave the password out: it is asked for, or comes from --proxy-password-file.",
                "If this line was stored or shared, change the password.",
            ],
        ),
        "tls-certificate" => words_of(
            "The file for the TLS connection is not one with a certificate and its key[: {path}].",
            &["Name a PKCS#12 file (NAME.p12 or NAME.pfx) with certificate and private key."],
        ),
        "two-stdin" => {
            words_of("Two secrets cannot both come from standard input (“-”).", &["Give one of them as a file."])
        }
        "secret-unreadable" => words_of(
            "The file with the secret cannot be read[: {path}].",
            &["Check that it is there and that you may read it.", PIN_WAYS],
        ),
        "secret-empty" => {
            words_of("The secret given is empty[: {path}].", &["Put it on the first line, nothing else."])
        }
        "secret-too-long" => words_of(
            "The secret given is too long to be one[: {path}].",
            &["Check that the right file is named.", "Put the secret on the first line, nothing else."],
        ),
        "secret-not-text" => words_of(
            "The secret given is not one line of UTF-8 text[: {path}].",
            if system == System::Windows {
                &[
                    "Put it on the first line, nothing else.",
                    "Save the file as UTF-8: PowerShell's “>” may write UTF-16.",
                ]
            } else {
                &["Put it on the first line, nothing else.", "Save the file as UTF-8."]
            },
        ),
        "trust-unreadable" => words_of(
            "The file with the CA's roots cannot be read[: {path}].",
            &["Name a PEM file with the CA's root certificates."],
        ),
        "certificate-ambiguous" => {
            words_of("Several certificates fit[: {seen}].", &["Give more of the SHA-256 fingerprint."])
        }
        "certificate-without-object" => words_of(
            "The place holds more than one certificate[: {seen}].",
            &["Add “id=” or “object=” to the place, or give the start of the SHA-256 fingerprint."],
        ),
        "fingerprint" => words_of(
            "This names no certificate.",
            &[
                "Give the start of its SHA-256 fingerprint (at least four hexadecimal digits), or a place with “id=” or “object=”.",
            ],
        ),
        "token-label" => words_of(
            "This cannot be the name of a USB key.",
            &["Choose 1 to 32 characters on one line; letters beyond ASCII count as two to four."],
        ),
        "object-ambiguous" => words_of("Several things on the USB key fit[: {seen}].", &["Give more of the name."]),
        "token-place" => words_of(
            "This names no USB key.",
            &["Give its name as “chopmark tokens” shows it, or “pkcs11:token=NAME”."],
        ),
        "usage" => words_of("The command cannot be understood[: {what}].", &["“chopmark --help” shows what there is."]),
        _ => words_of(
            "Something that was given cannot be used[: {what}].",
            &["Look at the details, correct it, and try again."],
        ),
    }
}

fn nobody_to_ask(what: &str) -> Words {
    match what {
        "place" => words_of(
            "It was not said where key and certificate shall live, and nobody may be asked.[ Seen: {seen}.]",
            &["Give --place: “pkcs11:token=NAME”, “file:PATH.p12”, “file:PATH.pem” or “computer”."],
        ),
        "ca" => words_of(
            "It was not said which CA to use, and nobody may be asked.[ Known: {seen}.]",
            &["Give --ca with one of the known names, a profile file or an address.", "“chopmark ca add” adds one."],
        ),
        "reference" => {
            words_of("The reference number is missing, and nobody may be asked.", &["Give it with --reference."])
        }
        "authorization-code" => words_of(
            "The authorization code is missing, and nobody may be asked.",
            &["Give a file with --code-file, or “--code-file -” for standard input."],
        ),
        "verification-code" => words_of(
            "The code for the renewal is missing, and nobody may be asked.",
            &["Give a file with --verification-code-file, or leave out --reference to renew with the old key."],
        ),
        "confirm-revocation" => words_of(
            "Revoking cannot be taken back, and nobody may be asked whether it is meant.[ Certificate: {seen}.]",
            &["Run it with --yes if it is.", "Or run it in a terminal, without --batch."],
        ),
        "confirm-root" => words_of(
            "A new root is to be trusted, and nobody may be asked whether it is the right one.[ SHA-256: {seen}.]",
            &[
                "Compare the fingerprint with what the CA publishes, then run it with --yes.",
                "Or run it in a terminal, without --batch.",
            ],
        ),
        "pin" => words_of(
            "The PIN of the USB key is missing, and nobody may be asked.",
            &["Give a file with --pin-file, or name one in the place (pin-source)."],
        ),
        "store-password" => words_of(
            "The password of the store is missing, and nobody may be asked.",
            &["Give a file with --password-file."],
        ),
        "file-password" => words_of(
            "The password of the file is missing, and nobody may be asked.",
            &["Give a file with --password-file."],
        ),
        "proxy-password" => words_of(
            "The password for the proxy is missing, and nobody may be asked.",
            &["Give a file with --proxy-password-file."],
        ),
        "tls-password" => words_of(
            "The password of the TLS certificate's file is missing, and nobody may be asked.",
            &["Give a file with --tls-password-file."],
        ),
        "changes" | "accept-changes" => words_of(
            "The CA issued something else than what was asked for, and nobody may be asked whether that is right.[ Changed: {seen}.]",
            &["Run it with --yes to accept what the CA changes.", "Or run it in a terminal, without --batch."],
        ),
        "so-pin" => words_of(
            "The administrator PIN (SO PIN, PUK) is missing, and nobody may be asked.",
            &["Give a file with --so-pin-file."],
        ),
        "new-pin" => {
            words_of("The new PIN is missing, and nobody may be asked.", &["Give a file with --new-pin-file."])
        }
        "confirm-label" => words_of(
            "This takes away something for good, and nobody may be asked whether it is meant.[ USB key: {seen}.]",
            &["Give the key's name with --confirm-label if it is.", "Or run it in a terminal, without --batch."],
        ),
        "job" => words_of(
            "It was not said which job to resume, and nobody may be asked.[ Open: {seen}.]",
            &["Give the job's number, or --all."],
        ),
        _ => words_of(
            "Something must be asked, and nobody may be asked[: {what}].[ Seen: {seen}.]",
            &["Run it in a terminal, without --batch."],
        ),
    }
}

/// Words for the stable values of facts, without hyphens and in lower case. An empty word leaves the sentence out.
pub(super) fn word(name: &str, value: &str) -> Option<&'static str> {
    Some(match (name, value) {
        ("state", "ok") => "",
        ("state", "notset") => "No PIN has been set on it.",
        ("state", "countlow") => "A wrong PIN was entered before; only few tries are left.",
        ("state", "finaltry") => "One try is left; another wrong PIN locks it.",
        ("state", "locked") => "It is locked now.",
        ("state", "mustchange") => "The PIN must be changed before use.",
        ("check", "transactionid") => "its transaction number differs",
        ("check", "nonce" | "recipnonce" | "sendernonce") => "it does not repeat our random number",
        _ => return None,
    })
}
