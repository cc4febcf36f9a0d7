// Generated from crates/chopmark-core by `cargo xtask types`. Do not edit.

/**
 * A CA profile. No secrets.
 */
export type CaProfile = { 
/**
 * Short name, used on the command line.
 */
name: string, 
/**
 * Name for people.
 */
title: string, 
/**
 * CMP over HTTP endpoint.
 */
url: string, 
/**
 * Roots the CA's certificates must lead to, PEM.
 */
roots: Array<string>, 
/**
 * Roots for the TLS connection besides the system's, PEM.
 */
tlsRoots: Array<string>, 
/**
 * Protocol details; all have defaults.
 */
cmp: CmpOptions, 
/**
 * How its messages travel; all has defaults.
 */
transport: TransportOptions, 
/**
 * Keys the CA takes, best first; empty: any.
 */
keys: Array<KeyChoice>, 
/**
 * For trying out only.
 */
demo: boolean, };

/**
 * A certificate in words.
 */
export type CertificateInfo = { 
/**
 * Whole subject, RFC 4514.
 */
subject: string, 
/**
 * Common name.
 */
cn: string | null, 
/**
 * Organizational units, in the order of the subject.
 */
ou: Array<string>, 
/**
 * Organizations.
 */
o: Array<string>, 
/**
 * Serial number, hex.
 */
serial: string, 
/**
 * Whole issuer, RFC 4514.
 */
issuer: string, 
/**
 * Common name of the issuer.
 */
issuerCn: string | null, 
/**
 * Start of validity, RFC 3339 UTC.
 */
notBefore: string, 
/**
 * End of validity, RFC 3339 UTC.
 */
notAfter: string, 
/**
 * Seconds since 1970 of the end of validity.
 */
notAfterUnix: number, 
/**
 * Key type in words, `RSA 2048` or `EC P-256`.
 */
key: string, 
/**
 * Key usages, RFC 5280 names.
 */
keyUsage: Array<string>, 
/**
 * Extended key usages: name where known, else OID.
 */
extendedKeyUsage: Array<string>, 
/**
 * Alternative names, `dns:…`, `email:…`.
 */
san: Array<string>, 
/**
 * SHA-256 fingerprint, lower-case hex.
 */
sha256: string, 
/**
 * PEM.
 */
pem: string, };

/**
 * What a look into all places gave.
 */
export type CertificateList = { 
/**
 * Those found, nearest expiry first.
 */
certificates: Array<FoundCertificate>, 
/**
 * What could not be looked into, and why.
 */
problems: Array<ErrorView>, };

/**
 * A difference between request and certificate.
 */
export type Change = { 
/**
 * What it is about: `subject`, `san`, `validity`.
 */
field: string, 
/**
 * What was asked for.
 */
requested: string, 
/**
 * What the certificate says.
 */
granted: string, };

/**
 * One line of the environment check.
 */
export type CheckLine = { 
/**
 * `driver`, `token`, `ca`, `clock`.
 */
check: string, 
/**
 * How it stands.
 */
state: CheckState, 
/**
 * Facts to put into the sentence (token label, driver name, seconds off …).
 */
facts: { [key in string]: string }, 
/**
 * What is wrong, with what to do.
 */
problem: ErrorView | null, };

/**
 * State of a check line.
 */
export type CheckState = "good" | "warning" | "bad";

/**
 * Protocol details of a profile.
 */
export type CmpOptions = { 
/**
 * `ir`, `cr` or `p10cr`.
 */
request: RequestKind, 
/**
 * How requests are protected.
 */
protection: MacChoice, 
/**
 * Iterations of the key derivation.
 */
iterations: number, 
/**
 * Seconds the CA's clock may be off.
 */
clockTolerance: number, 
/**
 * DN of the CA for the `recipient` field, RFC 4514; empty: the NULL-DN.
 */
recipient: string, 
/**
 * Ask for implicit confirmation. Only for CAs that cannot do without (invariant 3).
 */
implicitConfirm: boolean, };

/**
 * What a password on the way to the CA is for.
 */
export type ConnectionSecret = "proxy" | "tls-certificate";

/**
 * A driver that is installed (PKCS#11 module).
 */
export type Driver = { 
/**
 * Its file.
 */
path: string, 
/**
 * How it was found: `known-path`, `p11-kit`, `named`.
 */
origin: string, 
/**
 * What it is called in our list of known drivers.
 */
name: string | null, 
/**
 * What it calls itself, when it answered.
 */
description: string | null, 
/**
 * Its maker, when it answered.
 */
manufacturer: string | null, 
/**
 * Its version, when it answered.
 */
version: string | null, 
/**
 * Why it could not be used.
 */
problem: ErrorView | null, };

/**
 * What an enrolment is for; everything in it may be written to the journal.
 */
export type EnrollOrder = { 
/**
 * The CA profile's name.
 */
ca: string, 
/**
 * The reference number (public half of the two codes).
 */
reference: string, 
/**
 * Where key and certificate shall live.
 */
place: Place, 
/**
 * Which key to make; `None` takes the profile's first choice.
 */
key: KeyChoice | null, 
/**
 * The subject asked for, as an RFC 4514 string; `None` leaves it to the CA.
 */
subject: string | null, 
/**
 * Alternative names asked for: `dns:…`, `email:…`.
 */
san: Array<string>, 
/**
 * Give up with "still waiting" instead of polling.
 */
noWait: boolean, };

/**
 * How an enrolment or a resumed job ended well.
 */
export type Enrolled = { 
/**
 * The job's number in the journal.
 */
job: string, 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * Where it lies, as a URI (`pkcs11:…`, `file:…`).
 */
place: string, 
/**
 * Where it lies, as people say it (token label or path).
 */
placeName: string, 
/**
 * The driver's file, for a token.
 */
driver: string | null, 
/**
 * CKA_ID or local key identifier, hex.
 */
keyId: string, 
/**
 * The installed key signed and the installed certificate verified.
 */
proved: boolean, 
/**
 * The CA acknowledged the confirmation.
 */
confirmed: boolean, 
/**
 * Milliseconds per step.
 */
timings: Array<Timing>, };

/**
 * An error as people see it.
 */
export type ErrorView = { 
/**
 * Stable number, `CM-2103`.
 */
code: string, 
/**
 * Class (`pin`, `driver`, `ca-refused`, …), one per exit code.
 */
class: string, 
/**
 * What happened, one or two sentences.
 */
message: string, 
/**
 * What to do, at most three steps.
 */
hints: Array<string>, 
/**
 * Raw words of driver or CA, for the fold.
 */
detail: string, };

/**
 * One event of a running job.
 */
export type Event = { "event": "step", 
/**
 * Which.
 */
step: Step, } | { "event": "step-done", 
/**
 * Which.
 */
step: Step, 
/**
 * How long it took, in milliseconds.
 */
ms: number, } | { "event": "waiting", 
/**
 * Seconds until the CA is asked again.
 */
retryAfter: number, 
/**
 * What the CA said about it.
 */
text: string | null, } | { "event": "driver", 
/**
 * The driver's file.
 */
driver: string, 
/**
 * The driver's name.
 */
description: string, 
/**
 * Label of the token.
 */
token: string, };

/**
 * A certificate that was found, and where.
 */
export type FoundCertificate = { 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * Where it lies, as a URI.
 */
place: string, 
/**
 * Where it lies, as people say it.
 */
placeName: string, 
/**
 * `token` or `file`.
 */
placeKind: string, 
/**
 * Its key is there too; `None`: cannot be told without the PIN.
 */
hasKey: boolean | null, };

/**
 * State of a job.
 */
export type JobState = "running" | "interrupted" | "waiting" | "unconfirmed" | "done" | "failed" | "cancelled";

/**
 * One job of the journal.
 */
export type JobView = { 
/**
 * Number.
 */
job: string, 
/**
 * `enroll`.
 */
kind: string, 
/**
 * State.
 */
state: JobState, 
/**
 * When it began, RFC 3339 UTC.
 */
started: string, 
/**
 * When it was last touched, RFC 3339 UTC.
 */
updated: string, 
/**
 * What was ordered.
 */
order: EnrollOrder, 
/**
 * Last step that was finished.
 */
lastStep: Step | null, 
/**
 * Certificate, once there is one: CN and fingerprint.
 */
subject: string | null, 
/**
 * SHA-256 fingerprint of the certificate.
 */
sha256: string | null, 
/**
 * When the CA is asked again (seconds since 1970), while waiting.
 */
nextPoll: number | null, 
/**
 * The failure, if it failed.
 */
error: ErrorView | null, 
/**
 * The steps as they were written, oldest first.
 */
entries: Array<JournalLine>, };

/**
 * One line of a job's record.
 */
export type JournalLine = { 
/**
 * When, RFC 3339 UTC.
 */
at: string, 
/**
 * What, a stable word.
 */
what: string, 
/**
 * Detail, never a secret.
 */
detail: string, };

/**
 * A key that can be made.
 */
export type KeyChoice = "rsa:2048" | "rsa:3072" | "rsa:4096" | "ec:p256" | "ec:p384" | "ec:p521" | "ed25519";

/**
 * What a deep link asks for. Nothing of it is trusted yet.
 */
export type LinkOffer = { 
/**
 * The profile it fits, if the CA is known.
 */
knownCa: string | null, 
/**
 * The CA's URL (or the location of a profile) that the link names.
 */
ca: string, 
/**
 * Host of that URL, to show.
 */
host: string, 
/**
 * Reference number.
 */
reference: string, 
/**
 * The profile offered for an unknown CA, when it could be fetched.
 */
offered: CaProfile | null, 
/**
 * SHA-256 fingerprints (hex) of the roots offered.
 */
rootFingerprints: Array<string>, };

/**
 * MAC protection from the two codes.
 */
export type MacChoice = "pbm-sha256" | "pbm-sha512" | "pbm-sha1" | "pbmac1-sha256";

/**
 * What the path of a request is.
 */
export type PathStyle = "as-is" | "well-known" | "well-known-operation";

/**
 * What a token says about its user PIN.
 */
export type PinState = "ok" | "not-set" | "count-low" | "final-try" | "locked" | "must-change";

/**
 * Where key and certificate live.
 */
export type Place = { "kind": "token", 
/**
 * CKA label of the token.
 */
label: string | null, 
/**
 * Serial number of the token.
 */
serial: string | null, 
/**
 * Manufacturer the token names.
 */
manufacturer: string | null, 
/**
 * Model the token names.
 */
model: string | null, 
/**
 * The driver's file; `None` looks in every installed driver.
 */
driver: string | null, 
/**
 * A file that holds the PIN (`pin-source` of RFC 7512).
 */
pinSource: string | null, } | { "kind": "file", 
/**
 * Absolute path of the file.
 */
path: string, };

/**
 * Something only the person can answer.
 */
export type Question = { "question": "authorization-code", 
/**
 * The reference number.
 */
reference: string, 
/**
 * The CA's display name.
 */
ca: string, 
/**
 * The CA did not accept the code given before.
 */
wrongBefore: boolean, } | { "question": "pin", 
/**
 * Label of the token.
 */
token: string, 
/**
 * What the token says about its tries.
 */
state: PinState, 
/**
 * The PIN given before was wrong.
 */
wrongBefore: boolean, 
/**
 * Shortest and longest PIN, where the driver tells them.
 */
length: [number, number] | null, } | { "question": "file-password", 
/**
 * The file.
 */
path: string, 
/**
 * A new password is chosen (ask twice), or an existing one is given.
 */
new: boolean, } | { "question": "connection-password", 
/**
 * What it is for.
 */
what: ConnectionSecret, 
/**
 * `USER@HOST` of the proxy, or the file.
 */
name: string, 
/**
 * The password given before was wrong.
 */
wrongBefore: boolean, } | { "question": "accept-changes", 
/**
 * What differs.
 */
changes: Array<Change>, 
/**
 * What the CA said about it.
 */
text: string | null, };

/**
 * The CMP request body to use.
 */
export type RequestKind = "ir" | "cr" | "p10cr";

/**
 * How a resumed job ended.
 */
export type Resumed = { "outcome": "enrolled", 
/**
 * As after an enrolment.
 */
enrolled: Enrolled, } | { "outcome": "nothing-happened", 
/**
 * The job.
 */
job: string, };

/**
 * The steps of an enrolment, in their order.
 */
export type Step = "make-key" | "send-request" | "receive-certificate" | "install" | "prove" | "confirm";

/**
 * How long a step took.
 */
export type Timing = { 
/**
 * The step.
 */
step: Step, 
/**
 * Milliseconds.
 */
ms: number, };

/**
 * A token behind a driver.
 */
export type TokenInfo = { 
/**
 * Label.
 */
label: string, 
/**
 * Model.
 */
model: string, 
/**
 * Maker.
 */
manufacturer: string, 
/**
 * Serial number.
 */
serial: string, 
/**
 * Has been initialised.
 */
initialized: boolean, 
/**
 * State of the user PIN.
 */
pin: PinState, 
/**
 * No writing possible.
 */
writeProtected: boolean, 
/**
 * The PIN is typed on the device, not here.
 */
pinPad: boolean, 
/**
 * Keys it can make.
 */
keys: Array<KeyChoice>, 
/**
 * The driver's file.
 */
driver: string, 
/**
 * The driver in words.
 */
driverName: string, 
/**
 * URI of the token (RFC 7512), usable as PLACE.
 */
uri: string, };

/**
 * What a look at drivers and tokens gave.
 */
export type TokenList = { 
/**
 * Tokens.
 */
tokens: Array<TokenInfo>, 
/**
 * Drivers, those with problems too.
 */
drivers: Array<Driver>, };

/**
 * How messages travel (RFC 9811).
 */
export type TransportOptions = { 
/**
 * What the path of a request is.
 */
paths: PathStyle, 
/**
 * Label in a well-known path (RFC 9483 §6.1): a profile, a CA, whatever the CA calls so.
 */
label: string | null, 
/**
 * HTTP/2 from the first byte on an `http://` address; with `https://` both sides agree by themselves (ALPN).
 */
http2PriorKnowledge: boolean, 
/**
 * PKCS#12 file with certificate and key for TLS, absolute path; its password is asked for.
 */
tlsCertificate: string | null, };
