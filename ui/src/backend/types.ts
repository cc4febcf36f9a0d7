// Generated from crates/chopmark-core by `cargo xtask types`. Do not edit.

/**
 * A CA that speaks ACME.
 */
export type AcmeDirectory = { 
/**
 * Short name of its rules.
 */
name: string, 
/**
 * Name for people.
 */
title: string, 
/**
 * Address of its directory.
 */
url: string, 
/**
 * What it said of itself; `None`: it was not asked.
 */
said: AcmeDirectorySaid | null, };

/**
 * What a CA says of itself.
 */
export type AcmeDirectorySaid = { 
/**
 * The terms that an account must agree to.
 */
terms: string | null, 
/**
 * Its page for people.
 */
website: string | null, 
/**
 * It opens accounts only with reference number and authorization code.
 */
wantsCodes: boolean, 
/**
 * This computer has an account there.
 */
hasAccount: boolean, };

/**
 * How far an ACME order has come.
 */
export type AcmeProgress = { 
/**
 * The order.
 */
order: OrderView, 
/**
 * All is proved: the CA waits for the request for the certificate (CSR).
 */
wantsRequest: boolean, 
/**
 * The certificate and its chain, PEM; empty: not yet.
 */
chain: Array<string>, };

/**
 * For whom a certificate is ordered. A console wants all of it, whatever it checks.
 */
export type Applicant = { 
/**
 * Name of the organisation; for a DV order of a person, the person's.
 */
company: string, 
/**
 * Department.
 */
division: string, 
/**
 * Street and number.
 */
address: string, 
/**
 * City.
 */
city: string, 
/**
 * Province.
 */
region: string, 
/**
 * Country, two letters.
 */
country: string, 
/**
 * Postal code.
 */
postalCode: string, 
/**
 * Phone of the organisation.
 */
companyPhone: string, 
/**
 * Number of its registration.
 */
companyCode: string, 
/**
 * Name of the person who answers for it.
 */
name: string, 
/**
 * Phone.
 */
phone: string, 
/**
 * E-mail address.
 */
email: string, 
/**
 * Position.
 */
title: string, };

/**
 * Who asks.
 */
export type Asker = { "by": "codes", 
/**
 * The reference number.
 */
reference: string, } | { "by": "certificate", 
/**
 * SHA-256 fingerprint, or a unique prefix.
 */
sha256: string, };

/**
 * What a source said of an order.
 */
export type AtSource = { 
/**
 * Where it stands.
 */
state: RemoteState, 
/**
 * The same in the source's words.
 */
said: string, 
/**
 * The source's code for it; empty: it has none.
 */
code: string, 
/**
 * What is checked before it is issued; `None`: not said.
 */
kind: CertificateKind | null, 
/**
 * When it said so, RFC 3339 UTC.
 */
at: string, 
/**
 * The certificate's last day, RFC 3339 UTC.
 */
notAfter: string | null, };

/**
 * What became of a driver in a browser's list.
 */
export type BrowserDriver = { 
/**
 * What people call the browser's store.
 */
name: string, 
/**
 * What became of it.
 */
outcome: BrowserOutcome, 
/**
 * The browser runs: it sees the change once it is started again.
 */
inUse: boolean, };

/**
 * A driver and a browser's list.
 */
export type BrowserOutcome = "done" | "already" | "hidden";

/**
 * What a CA said about itself. Everything in it has been verified as far as its kind allows.
 */
export type CaInformation = { 
/**
 * Certificates of the CA. Those that lead to a root of the profile.
 */
certificates: Array<CertificateInfo>, 
/**
 * The successor of a root of the profile: verified through the old root.
 */
rootUpdate: RootUpdate | null, 
/**
 * What a request should look like.
 */
template: RequestTemplate | null, 
/**
 * The revocation list, its signature verified.
 */
crl: CrlInfo | null, };

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
 * What its codes are like; all has defaults.
 */
codes: CodeOptions, 
/**
 * For trying out only.
 */
demo: boolean, };

/**
 * What a CA demands; data, since CAs differ and the baseline requirements are looser than most.
 */
export type CaRules = { 
/**
 * Short name.
 */
name: string, 
/**
 * Name for people.
 */
title: string, 
/**
 * Hours from the order to the deadline.
 */
deadlineHours: number, 
/**
 * Minutes from the proof being seen to the certificate; `None`: not said.
 */
issueMinutes: number | null, 
/**
 * The CA follows redirects of the web server.
 */
followsRedirects: boolean, 
/**
 * One of `http:` and `https:` is enough.
 */
oneSchemeIsEnough: boolean, 
/**
 * The CA begins with `http:` and asks nothing else (ACME, RFC 8555 §8.3).
 */
httpOnly: boolean, 
/**
 * Ways it takes.
 */
methods: Array<ProofMethod>, 
/**
 * Folder of the file on the web server.
 */
folder: string, 
/**
 * What the CA calls itself in CAA records; empty: not known.
 */
caa: Array<string>, };

/**
 * Which certificate.
 */
export type CertificateChoice = { "by": "fingerprint", 
/**
 * SHA-256 fingerprint, or a unique prefix.
 */
sha256: string, } | { "by": "serial", 
/**
 * Issuer, RFC 4514.
 */
issuer: string, 
/**
 * Serial number, hex.
 */
serial: string, };

/**
 * Everything about one certificate.
 */
export type CertificateDetail = { 
/**
 * The certificate and where it lies.
 */
found: FoundCertificate, 
/**
 * The certificate first, what leads to its root behind it. Each was signed by the next.
 */
chain: Array<ChainLink>, 
/**
 * The last one is a root that a CA profile trusts.
 */
rootTrusted: boolean, 
/**
 * Windows' store: where the certificate says that its key is.
 */
binding: KeyBinding | null, };

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
 * What is checked before a certificate is issued.
 */
export type CertificateKind = "domain" | "organisation" | "extended";

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
 * One certificate of a chain.
 */
export type ChainLink = { 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * Where it comes from.
 */
origin: LinkOrigin, 
/**
 * Name of the CA profile or of the place; empty: there is none.
 */
from: string, 
/**
 * It is its own issuer.
 */
root: boolean, };

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
 * What a check-up gave.
 */
export type CheckUp = { 
/**
 * When it was taken, RFC 3339 UTC.
 */
taken: string, 
/**
 * The findings, worst first.
 */
findings: Array<Finding>, 
/**
 * What was looked at, and how it stands: readers, drivers, tokens, CA, clock, certificates.
 */
lines: Array<CheckLine>, 
/**
 * Repairs that can be taken back, newest first.
 */
done: Array<FixDone>, };

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
implicitConfirm: boolean, 
/**
 * The CA's own name for the kind of certificate wanted (`certProfile`, RFC 9810 §5.1.1.4).
 */
certificateProfile: string | null, 
/**
 * Take answers without `recipNonce`, from a CA that cannot send it.
 */
allowMissingNonce: boolean, 
/**
 * Certificates that may sign answers whatever they say of themselves, PEM.
 */
signers: Array<string>, 
/**
 * Whether certificates of the CA are looked up before they are believed.
 */
revocation: RevocationCheck, 
/**
 * The CA says what it wants in a request (RFC 9483 §4.3.3): it is asked before a key is made.
 */
askTemplate: boolean, 
/**
 * The CA makes keys for those who want it to (RFC 9483 §4.1.6): the window offers it.
 */
keyByCa: boolean, };

/**
 * What looks wrong in a code. Never the code itself.
 */
export type CodeFinding = { 
/**
 * Which character, counted from 1, blanks around the code left out.
 */
position: number, 
/**
 * What is odd about it.
 */
kind: CodeSlip, };

/**
 * What the codes of a CA are like.
 */
export type CodeOptions = { 
/**
 * The characters that its authorization codes are made from; `None`: not known.
 */
alphabet: string | null, 
/**
 * The `errorCode` of its error about a wrong code is the number of tries left. CMP leaves the meaning of that
 * number to the CA (RFC 9810 §5.3.21).
 */
triesInErrorCode: boolean, };

/**
 * One of the two codes.
 */
export type CodePart = "reference-number" | "authorization-code";

/**
 * What an authorization code is needed for.
 */
export type CodePurpose = "request" | "revoke" | "ask" | "give-up";

/**
 * What is odd about a character of a code.
 */
export type CodeSlip = "full-width" | "dash" | "space" | "invisible" | "foreign-letter" | "quote" | "other-case" | "looks-like" | "not-in-alphabet";

/**
 * A store of this computer that programs look into: a place for a certificate.
 */
export type ComputerStore = { 
/**
 * The place.
 */
place: Place, 
/**
 * What people call it, as it stands in lists.
 */
name: string, 
/**
 * Whose it is: `Chromium` (and its kin, which share it), `Firefox`, `Thunderbird`; empty: the system's.
 */
program: string, 
/**
 * The program's profile.
 */
profile: string | null, 
/**
 * How that program was installed: `snap`, `flatpak` or empty.
 */
packaging: string, 
/**
 * It is there already; else it is made when it is used.
 */
exists: boolean, 
/**
 * The program runs, and may see changes only once it is started again.
 */
inUse: boolean, 
/**
 * Drivers that it knows.
 */
drivers: Array<string>, 
/**
 * Keys that were made elsewhere can be brought here.
 */
takesKeys: boolean, };

/**
 * What a password on the way to the CA is for.
 */
export type ConnectionSecret = "proxy" | "tls-certificate";

/**
 * A revocation list.
 */
export type CrlInfo = { 
/**
 * Issuer, RFC 4514.
 */
issuer: string, 
/**
 * Made, RFC 3339 UTC.
 */
thisUpdate: string, 
/**
 * The next one is due, RFC 3339 UTC.
 */
nextUpdate: string | null, 
/**
 * How many certificates it lists.
 */
revoked: number, 
/**
 * PEM.
 */
pem: string, };

/**
 * What was taken away.
 */
export type Deleted = { 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * Where it lay, as people say it.
 */
placeName: string, };

/**
 * What a line of a comparison is.
 */
export type DiffKind = "same" | "wanted" | "found";

/**
 * A line of a comparison, what cannot be seen made visible.
 */
export type DiffLine = { 
/**
 * What it is.
 */
kind: DiffKind, 
/**
 * Text.
 */
text: string, };

/**
 * A domain with letters beyond ASCII.
 */
export type DomainName = { 
/**
 * As certificates and name servers have it.
 */
ascii: string, 
/**
 * As people write it.
 */
unicode: string, 
/**
 * It mixes scripts, or can be taken for another name: only the ASCII form says which it is.
 */
lookAlike: boolean, 
/**
 * Both forms for a line of text; of a look-alike the ASCII form alone.
 */
shown: string, };

/**
 * A driver that is installed (PKCS#11 module).
 */
export type Driver = { 
/**
 * Its file.
 */
path: string, 
/**
 * How it was found: `known-path`, `p11-kit`, `browser`, `environment`, `named`.
 */
origin: string, 
/**
 * Its entry in the catalogue.
 */
entry: string | null, 
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
 * Its file.
 */
file: DriverFile, 
/**
 * It is asked only when the person names it.
 */
notAsked: boolean, 
/**
 * Tokens that it sees, by label or serial number.
 */
tokens: Array<string>, 
/**
 * Keys that can be made on one of them.
 */
keys: Array<KeyChoice>, 
/**
 * Where its maker offers it.
 */
page: string | null, 
/**
 * Why it could not be used.
 */
problem: ErrorView | null, };

/**
 * A driver's file, seen without loading it.
 */
export type DriverFile = { 
/**
 * It can be read by us.
 */
readable: boolean, 
/**
 * `elf`, `pe`, `mach-o`; empty: no library.
 */
format: string, 
/**
 * What it runs on: `x86_64`.
 */
architectures: Array<string>, 
/**
 * Bits of an address; 0: unknown.
 */
bits: number, 
/**
 * Version in the file, where its format has one.
 */
version: string, 
/**
 * `good`, `bad`, `untrusted` (whole, by nobody this system knows), `none`; empty: not looked for.
 */
signature: string, };

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
 * Which key to make; `None`: the first that the CA asks for in its template, if the profile says that it is to be
 * asked, else the profile's first.
 */
key: KeyChoice | null, 
/**
 * The CA makes the key, of that kind, and sees it (RFC 9483 §4.1.6).
 */
keyByCa?: boolean, 
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
 * The CA made the key, so it has seen it. The person is to know.
 */
keySeenByCa?: boolean, 
/**
 * The installed key signed and the installed certificate verified.
 */
proved: boolean, 
/**
 * The CA acknowledged the confirmation.
 */
confirmed: boolean, 
/**
 * The person was asked whether this computer's store is to trust the CA's root, and it does now, or not.
 */
rootTrusted: boolean | null, 
/**
 * After a renewal: what became of the old one.
 */
replaced: Replaced | null, 
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
 * How a copy is written.
 */
export type ExportFormat = "pkcs12" | "pem" | "der";

/**
 * A copy of a certificate that is wanted.
 */
export type ExportOrder = { 
/**
 * SHA-256 fingerprint (or a unique prefix) of the certificate, or a place.
 */
certificate: string, 
/**
 * How it is written.
 */
format: ExportFormat, 
/**
 * The file, absolute path.
 */
to: string, 
/**
 * With its key. PKCS#12 always has it.
 */
withKey: boolean, 
/**
 * PEM: the key goes into this file of its own, absolute path; `None`: into the same.
 */
keyTo: string | null, 
/**
 * With what leads to its root.
 */
chain: boolean, 
/**
 * PKCS#12 with the encryption of twenty years ago (3DES, SHA-1), for programs that read no other.
 */
legacy: boolean, 
/**
 * PEM: the key is not encrypted.
 */
plainKey: boolean, 
/**
 * A file that is there is replaced.
 */
replace: boolean, };

/**
 * A copy that was written, read back and compared.
 */
export type Exported = { 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * Files written.
 */
paths: Array<string>, 
/**
 * The key is in it.
 */
key: boolean, 
/**
 * How many certificates of CAs are in it.
 */
chain: number, 
/**
 * The chain leads to a root that we know; without a chain this is not said.
 */
complete: boolean | null, };

/**
 * A certificate that was copied from a token.
 */
export type ExportedCertificate = { 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * The file it was written to.
 */
path: string | null, };

/**
 * One thing the check-up noticed, in words.
 */
export type Finding = { 
/**
 * Stable number, `CM-2601`; the same as that of the error it would lead to.
 */
code: string, 
/**
 * How much it matters.
 */
severity: Severity, 
/**
 * What it is about, as people say it: a driver, a token, a certificate, the CA.
 */
about: string, 
/**
 * What is the matter, one or two sentences.
 */
message: string, 
/**
 * What to do, at most three steps, for this system.
 */
hints: Array<string>, 
/**
 * Raw words, for the fold.
 */
detail: string, 
/**
 * What we can do about it with one button.
 */
fix: FixOffer | null, };

/**
 * A repair that was done.
 */
export type FixDone = { 
/**
 * Names it, for taking it back.
 */
id: string, 
/**
 * What was done, one sentence.
 */
did: string, 
/**
 * When, RFC 3339 UTC.
 */
at: string, };

/**
 * A repair that can be done here and taken back.
 */
export type FixOffer = { 
/**
 * Names the repair of this finding; good until the next check-up.
 */
id: string, 
/**
 * What it will do, one sentence.
 */
does: string, };

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
 * `token`, `computer` or `file`.
 */
placeKind: string, 
/**
 * Its key is there too; `None`: cannot be told without the PIN.
 */
hasKey: boolean | null, 
/**
 * Name of the CA profile that it came from, where the journal knows it: renewing and revoking ask there.
 */
ca: string | null, 
/**
 * When it was revoked from here, RFC 3339 UTC.
 */
revoked: string | null, };

/**
 * A PKCS#12 file whose certificate and key are to come into a place.
 */
export type ImportOrder = { 
/**
 * The file, absolute path. It stays as it is.
 */
path: string, 
/**
 * Where to: a token, or this computer's store.
 */
place: Place, 
/**
 * The key may leave the place again (Windows).
 */
exportable: boolean, };

/**
 * A certificate that came out of a file, with its key.
 */
export type Imported = { 
/**
 * The job's number in the journal.
 */
job: string, 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * Where it lies now, as a URI.
 */
place: string, 
/**
 * The same as people say it; empty: there is only one such place.
 */
placeName: string, 
/**
 * CKA_ID or local key identifier, hex.
 */
keyId: string, 
/**
 * The key there signed and the certificate there verified.
 */
proved: boolean, };

/**
 * What a CA can be asked about itself (genm).
 */
export type InformationKind = "ca-certificates" | "root-update" | "request-template" | "crl";

/**
 * What a job does.
 */
export type JobKind = "enroll" | "renew" | "revoke" | "import" | "server";

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
 * What it does.
 */
kind: JobKind, 
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
 * SHA-256 fingerprint of the certificate that is renewed.
 */
renews: string | null, 
/**
 * Number of the order for a server certificate whose key it is.
 */
serverOrder?: string, 
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
 * What a certificate of Windows' store says about its key, and whether that is right.
 */
export type KeyBinding = { 
/**
 * CSP or KSP named; empty: none.
 */
provider: string, 
/**
 * `csp` or `ksp`; empty: none.
 */
kind: string, 
/**
 * Container or key named.
 */
container: string, 
/**
 * The key was opened there, and is the certificate's.
 */
opens: boolean, 
/**
 * Another provider that has the key, where this one has not.
 */
foundIn: string | null, 
/**
 * One sentence.
 */
says: string, };

/**
 * A key that can be made.
 */
export type KeyChoice = "rsa:2048" | "rsa:3072" | "rsa:4096" | "ec:p256" | "ec:p384" | "ec:p521" | "ed25519";

/**
 * A CSP or KSP of Windows: where a key of this computer's store can be made, and which program has it.
 */
export type KeyProvider = { 
/**
 * Its name, as programs give it.
 */
name: string, 
/**
 * `csp` or `ksp`.
 */
kind: string, 
/**
 * Provider type of a CSP (`PROV_RSA_AES` is 24); 0 for a KSP.
 */
providerType: number, 
/**
 * What it is, in a few words.
 */
about: string, 
/**
 * It can be opened.
 */
opens: boolean, 
/**
 * A token is behind it now.
 */
token: boolean, 
/**
 * A key for a certificate can be made with it now.
 */
usable: boolean, 
/**
 * It can sign with SHA-256; where it leaves the hash to others, nothing is said.
 */
sha256: boolean | null, 
/**
 * Keys it can make, where it tells.
 */
keys: Array<KeyChoice>, 
/**
 * The place that names it, as text: `computer:provider=…`.
 */
place: string, 
/**
 * Raw words when it does not open.
 */
detail: string, };

/**
 * A field of a letter that was filled.
 */
export type LetterField = { 
/**
 * Its name in the form.
 */
name: string, 
/**
 * What was written.
 */
value: string, };

/**
 * What a letter was made from.
 */
export type LetterForm = "pdf-form" | "document" | "own";

/**
 * A scan that is to be handed in.
 */
export type LetterScan = { 
/**
 * The file, absolute path.
 */
path: string, 
/**
 * Numbers of warnings (`CM-6611`) that a person has read and goes on with.
 */
despite: Array<string>, };

/**
 * A letter that is wanted.
 */
export type LetterWanted = { 
/**
 * The file, absolute path; its ending becomes that of what is written.
 */
to: string, 
/**
 * Our own letter, whatever form the source has.
 */
own: boolean, 
/**
 * The letter for a revocation.
 */
revocation: boolean, 
/**
 * A file that is there is replaced.
 */
replace: boolean, };

/**
 * A letter that was written.
 */
export type LetterWritten = { 
/**
 * The file.
 */
path: string, 
/**
 * What it was made from.
 */
form: LetterForm, 
/**
 * Fields filled.
 */
filled: Array<LetterField>, 
/**
 * Names of fields that a person has to fill.
 */
left: Array<string>, 
/**
 * What to do, step by step.
 */
steps: Array<string>, };

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
 * Who vouches that a certificate belongs into a chain.
 */
export type LinkOrigin = "itself" | "profile" | "journal" | "place";

/**
 * MAC protection from the two codes.
 */
export type MacChoice = "pbm-sha256" | "pbm-sha512" | "pbm-sha1" | "pbmac1-sha256";

/**
 * What is ordered by ACME.
 */
export type NewAcmeOrder = { 
/**
 * Name of a CA known, or the address of its directory.
 */
directory: string, 
/**
 * PEM roots for TLS to it, where the system does not know them.
 */
tlsRoots: Array<string>, 
/**
 * The domains of the certificate, the first is its name; `*.example.com` for a wildcard.
 */
domains: Array<string>, 
/**
 * How they are to be proved; all in the same way.
 */
method: ProofMethod, 
/**
 * The reference number that a new account is bound to (ACME: key identifier); the authorization code (HMAC key) is asked for.
 */
reference: string | null, 
/**
 * Mail addresses that the CA may write to.
 */
contact: Array<string>, 
/**
 * The CA's terms are agreed to.
 */
agreeTerms: boolean, 
/**
 * SHA-256 fingerprint of the certificate that this one is to replace.
 */
replaces: string | null, 
/**
 * For oneself.
 */
note: string | null, };

/**
 * An order as a person types it from what any CA's console shows.
 */
export type NewOrder = { 
/**
 * The domains of the certificate, the first is its name; `*.example.com` for a wildcard.
 */
domains: Array<string>, 
/**
 * What the CA wants to see.
 */
proofs: Array<Proof>, 
/**
 * Name of the rules that apply; `None`: the first there are.
 */
rules: string | null, 
/**
 * Until when, RFC 3339 UTC; `None`: as long from now as the rules give.
 */
deadline: string | null, 
/**
 * For oneself.
 */
note: string | null, };

/**
 * What is wrong with a new PIN.
 */
export type NewPinProblem = "unchanged" | "length";

/**
 * An account at a source.
 */
export type OrderAccount = { 
/**
 * Its name here.
 */
name: string, 
/**
 * What kind of source.
 */
source: OrderSource, 
/**
 * Address of the interface; `None`: the usual one.
 */
address: string | null, 
/**
 * What names the account there: a public key, an address.
 */
id: string, 
/**
 * Where its secret is.
 */
secret: SecretPlace, 
/**
 * Why it is not in the keyring; `None`: it is.
 */
why: string | null, };

/**
 * Something with an effect at the source. Each wants a confirmation that names it.
 */
export type OrderAct = "buy" | "submit" | "prove" | "letter" | "reissue" | "renew" | "cancel" | "revoke";

/**
 * What a check saw.
 */
export type OrderCheck = { 
/**
 * When, RFC 3339 UTC.
 */
at: string, 
/**
 * How it stands.
 */
state: ProofState, 
/**
 * Each thing the CA wants to see, in the order's order.
 */
proofs: Array<ProofCheck>, 
/**
 * Who may issue for the domains.
 */
caa: Array<ProofRow>, 
/**
 * What is the matter, worst first.
 */
findings: Array<Finding>, };

/**
 * What happens while an order is watched.
 */
export type OrderEvent = { "event": "checking", 
/**
 * The order.
 */
order: string, } | { "event": "checked", 
/**
 * The order.
 */
order: string, 
/**
 * What it saw.
 */
check: OrderCheck, 
/**
 * Seconds until the next one; `None`: there is none.
 */
next: number | null, } | { "event": "at-source", 
/**
 * The order.
 */
order: string, 
/**
 * What it said.
 */
seen: AtSource, } | { "event": "ready", 
/**
 * The order.
 */
order: string, };

/**
 * Where the key of an order is to be made.
 */
export type OrderKey = { 
/**
 * Where key and certificate shall live.
 */
place: Place, 
/**
 * Which key; `None`: the usual one.
 */
key: KeyChoice | null, 
/**
 * The domains, the first is the certificate's name; empty: those of the order.
 */
domains: Array<string>, };

/**
 * How the key of an order stands.
 */
export type OrderKeyView = { 
/**
 * The job that made it.
 */
job: string, 
/**
 * How that stands; done: the certificate is installed.
 */
state: JobState, 
/**
 * Where the key is, as a URI.
 */
place: string, 
/**
 * What people call that place.
 */
placeName: string, 
/**
 * The request may have reached the CA.
 */
handedIn: boolean, 
/**
 * SHA-256 fingerprint of the certificate, once it is there.
 */
sha256: string | null, };

/**
 * The request of a key that was made here.
 */
export type OrderRequest = { 
/**
 * Number of the order.
 */
order: string, 
/**
 * The job that made the key and will install the certificate.
 */
job: string, 
/**
 * PKCS#10, PEM.
 */
pem: string, 
/**
 * The domains in it, in ASCII (IDNA).
 */
domains: Array<string>, 
/**
 * Where the key is, as a URI.
 */
place: string, 
/**
 * What people call that place.
 */
placeName: string, };

/**
 * Where an order comes from.
 */
export type OrderSource = "by-hand" | "ussl" | "acme";

/**
 * What comes next with an order.
 */
export type OrderStep = "settle" | "submit" | "prove" | "letter" | "wait" | "fetch" | "done" | "over" | "ask";

/**
 * An order, as it stands.
 */
export type OrderView = { 
/**
 * Number.
 */
order: string, 
/**
 * Where it comes from.
 */
source: OrderSource, 
/**
 * Its number there; `None`: typed in, or not known yet.
 */
remote: string | null, 
/**
 * The account it belongs to.
 */
account: string | null, 
/**
 * What its source said last.
 */
atSource: AtSource | null, 
/**
 * What was bought.
 */
product: Product | null, 
/**
 * What was sent and not answered yet.
 */
pending: PendingAct | null, 
/**
 * What may be done at its source now.
 */
acts: Array<OrderAct>, 
/**
 * Its key, where that was made here: the last one.
 */
key?: OrderKeyView, 
/**
 * What comes next.
 */
step: OrderStep, 
/**
 * Its certificate is being revoked: what is to be proved is for that.
 */
revoking: boolean, 
/**
 * Domains, in ASCII (IDNA).
 */
domains: Array<string>, 
/**
 * Those of them with letters beyond ASCII, as people read them.
 */
names?: Array<DomainName>, 
/**
 * What the CA wants to see.
 */
proofs: Array<ProofView>, 
/**
 * The rules that apply.
 */
rules: CaRules, 
/**
 * When it was added, RFC 3339 UTC.
 */
created: string, 
/**
 * Until when it must be proved, RFC 3339 UTC.
 */
deadline: string, 
/**
 * The same in seconds since 1970.
 */
deadlineUnix: number, 
/**
 * For oneself.
 */
note: string | null, 
/**
 * The last check.
 */
last: OrderCheck | null, 
/**
 * When the CA wants the certificate renewed; `None`: it has not said.
 */
renewal?: RenewalHint, };

/**
 * What the path of a request is.
 */
export type PathStyle = "as-is" | "well-known" | "well-known-operation";

/**
 * What was sent and not answered yet.
 */
export type PendingAct = { 
/**
 * What.
 */
act: OrderAct, 
/**
 * When, RFC 3339 UTC.
 */
since: string, };

/**
 * Whose PIN.
 */
export type PinOwner = "user" | "security-officer";

/**
 * What a device with a PIN pad will ask for.
 */
export type PinPadAsks = "pin" | "so-pin" | "so-pin-and-new-pin" | "old-and-new-pin";

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
pinSource: string | null, } | { "kind": "computer", 
/**
 * Linux: the folder of an NSS database (absolute path); `None`: the user's own, `~/.pki/nssdb`. Elsewhere there is one.
 */
store: string | null, 
/**
 * Windows: the CSP or KSP that makes and holds the key, by its name; `None`: the best. macOS: `Secure Enclave`,
 * `CryptoTokenKit`; `None`: the login keychain. On Linux there is none.
 */
provider: string | null, } | { "kind": "file", 
/**
 * Absolute path of the file.
 */
path: string, };

/**
 * A token that is plugged in, seen by USB, by the smart card service or by a driver, and the drivers for it, best first.
 */
export type PluggedToken = { 
/**
 * Names it as long as it is plugged in, and again when it comes back.
 */
id: string, 
/**
 * What it says it is, or what the catalogue knows it by.
 */
name: string, 
/**
 * Another one is plugged in from which nothing tells it apart: a choice of driver holds for both.
 */
alike: boolean, 
/**
 * `VID:PID`, where it was seen by USB.
 */
usb: string | null, 
/**
 * Reader, where the smart card service sees it.
 */
reader: string | null, 
/**
 * Answer to reset, upper-case hex.
 */
atr: string | null, 
/**
 * What the best driver says of it, when one answered.
 */
token: TokenInfo | null, 
/**
 * The drivers, best first; those that do not fit last.
 */
drivers: Array<RankedDriver>, };

/**
 * What something costs, as the console says it.
 */
export type Price = { 
/**
 * The price, as it is written there.
 */
price: string, 
/**
 * Before a discount.
 */
before: string | null, 
/**
 * It can be bought.
 */
available: boolean, };

/**
 * What is to be bought.
 */
export type Product = { 
/**
 * Brand.
 */
brand: string, 
/**
 * The product's name, as the console wants it.
 */
name: string, 
/**
 * How many domains.
 */
domains: number, 
/**
 * How many years.
 */
years: number, };

/**
 * What there is to buy.
 */
export type ProductView = { 
/**
 * Brand.
 */
brand: string, 
/**
 * The product's name, as the console wants it.
 */
name: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * What is checked, in the console's words.
 */
category: string, 
/**
 * Fewest domains.
 */
fewest: number, 
/**
 * Most domains.
 */
most: number, 
/**
 * The console recommends it.
 */
recommended: boolean, };

/**
 * One program of this computer and a certificate.
 */
export type ProgramSight = { 
/**
 * What it is called, with its profile: `Firefox, profile default`.
 */
program: string, 
/**
 * Does it see the certificate?
 */
sight: Sight, 
/**
 * Why, one sentence.
 */
why: string, 
/**
 * What to do so that it does, one sentence.
 */
toDo: string | null, 
/**
 * The driver that has to be put into its list, where that is what is to be done.
 */
register: string | null, };

/**
 * One thing a CA wants to see.
 */
export type Proof = { 
/**
 * How.
 */
method: ProofMethod, 
/**
 * Name of the record or of the file.
 */
name: string, 
/**
 * Value of the record, content of the file.
 */
value: string, 
/**
 * The one domain that the file is for; `None`: every domain of the order.
 */
domain?: string, };

/**
 * What a check saw of one thing.
 */
export type ProofCheck = { 
/**
 * How.
 */
method: ProofMethod, 
/**
 * Whole name of the record, or name of the file.
 */
name: string, 
/**
 * How it stands.
 */
state: ProofState, 
/**
 * The zone, as name servers know it; `None`: not found, or a file.
 */
zone: string | null, 
/**
 * Everybody who was asked.
 */
rows: Array<ProofRow>, };

/**
 * How a domain is proved to be one's own.
 */
export type ProofMethod = "dns-cname" | "dns-txt" | "file";

/**
 * What one server said.
 */
export type ProofRow = { 
/**
 * Who it is.
 */
kind: RowKind, 
/**
 * Its name, or the address of the file.
 */
server: string, 
/**
 * Its network address.
 */
address: string, 
/**
 * What was seen.
 */
state: RowState, 
/**
 * The values that stand there.
 */
found: Array<string>, 
/**
 * Seconds this answer lives.
 */
ttl: number | null, 
/**
 * Seconds a wrong answer lives in whoever has asked for it.
 */
wrongFor: number | null, 
/**
 * HTTP status.
 */
status: number | null, 
/**
 * Where the web server sends us.
 */
location: string | null, 
/**
 * What browsers do not like of the certificate: `expired`, `name`, `issuer`, `other`.
 */
certificate: string | null, 
/**
 * Content wanted and found.
 */
diff: Array<DiffLine>, 
/**
 * The same question for a terminal.
 */
command: string, 
/**
 * How long it took, milliseconds.
 */
ms: number, };

/**
 * How the proof of an order or of a part of it stands.
 */
export type ProofState = "ready" | "spreading" | "unknown" | "not-yet";

/**
 * One thing a CA wants to see, as panels and servers want it.
 */
export type ProofView = { 
/**
 * How.
 */
method: ProofMethod, 
/**
 * Whole name of the record, or name of the file.
 */
name: string, 
/**
 * Value of the record, content of the file.
 */
value: string, 
/**
 * A record's name without the zone; `@`: the zone itself. Empty for a file.
 */
host: string, 
/**
 * The zone that the record belongs into. Empty for a file.
 */
zone: string, 
/**
 * Where the CA looks for the file.
 */
urls: Array<string>, };

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
 * What it is needed for.
 */
purpose: CodePurpose, 
/**
 * The CA did not accept the code given before.
 */
wrongBefore: boolean, 
/**
 * How many tries it says are left then. Nobody vouches for it: the answer to a wrong code has no protection
 * that we could verify. To show, not to act on.
 */
triesLeft: number | null, } | { "question": "check-code", 
/**
 * Which of the two.
 */
part: CodePart, 
/**
 * What looks wrong, in the order of the text.
 */
findings: Array<CodeFinding>, 
/**
 * There is a likely one; without it "yes" is no answer.
 */
suggestion: boolean, } | { "question": "other-protection", 
/**
 * The CA's display name.
 */
ca: string, 
/**
 * What it refuses.
 */
from: MacChoice, 
/**
 * What may be tried, once.
 */
to: MacChoice, 
/**
 * The other one is the weaker: a code that is easy to guess is easier to guess then.
 */
weaker: boolean, } | { "question": "pin", 
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
length: [number, number] | null, } | { "question": "so-pin", 
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
wrongBefore: boolean, } | { "question": "new-pin", 
/**
 * Label of the token.
 */
token: string, 
/**
 * Whose.
 */
whose: PinOwner, 
/**
 * Shortest and longest PIN, where the driver tells them.
 */
length: [number, number] | null, 
/**
 * What was wrong with the one given before. No token has been asked then.
 */
refused: NewPinProblem | null, } | { "question": "pin-pad", 
/**
 * Label of the token.
 */
token: string, 
/**
 * What the device will ask for.
 */
asks: PinPadAsks, } | { "question": "type-label", 
/**
 * What has to be typed: the label, or the serial number of a token without one.
 */
token: string, 
/**
 * What will be done.
 */
act: Removal, 
/**
 * What will be gone, as far as it shows.
 */
things: Array<string>, 
/**
 * What is to be thought of.
 */
warnings: Array<RemovalWarning>, 
/**
 * What was typed before was something else.
 */
wrongBefore: boolean, } | { "question": "file-password", 
/**
 * The file.
 */
path: string, 
/**
 * A new password is chosen (ask twice), or an existing one is given.
 */
new: boolean, } | { "question": "store-password", 
/**
 * What people call the store.
 */
store: string, 
/**
 * The password given before was wrong.
 */
wrongBefore: boolean, } | { "question": "trust-root", 
/**
 * What people call the store.
 */
store: string, 
/**
 * The root's name.
 */
ca: string, 
/**
 * SHA-256 fingerprint of the root, lower-case hex, to be compared with what the CA says elsewhere.
 */
sha256: string, } | { "question": "connection-password", 
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
 * A driver in the order for one token.
 */
export type RankedDriver = { 
/**
 * `pkcs11`, `csp` or `ksp`.
 */
kind: string, 
/**
 * File of a PKCS#11 driver, name of a CSP or KSP; empty: not installed here.
 */
driver: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * Is installed here.
 */
installed: boolean, 
/**
 * Is the one that would be used.
 */
chosen: boolean, 
/**
 * It is chosen because the person said so once, for this token.
 */
byHand: boolean, 
/**
 * Could be used for this token.
 */
fits: boolean, 
/**
 * Why it stands here, or why it does not fit, one sentence.
 */
reason: string, 
/**
 * The reason is a guess, and says so.
 */
guess: boolean, 
/**
 * Keys that it can make on this token, where known.
 */
keys: Array<KeyChoice>, 
/**
 * It can sign with SHA-256, where known.
 */
sha256: boolean | null, 
/**
 * Where its maker offers it.
 */
download: string | null, 
/**
 * Why it could not be asked.
 */
problem: ErrorView | null, };

/**
 * What of a person a report may say.
 */
export type Redaction = { 
/**
 * Names are left in: labels, subjects, the user's name and home folder.
 */
names: boolean, 
/**
 * Serial numbers and fingerprints are left in.
 */
serials: boolean, };

/**
 * A certificate that ends soon, or has ended.
 */
export type Reminder = { 
/**
 * Its name: CN, or the first domain of an order.
 */
name: string, 
/**
 * Its end, RFC 3339 UTC.
 */
notAfter: string, 
/**
 * Whole days until then; negative: since then.
 */
days: number, 
/**
 * What people call the place where it is; empty: not known here.
 */
placeName: string, 
/**
 * SHA-256 fingerprint; `None`: it is not known here, only its order is.
 */
sha256: string | null, 
/**
 * Number of its order.
 */
order: string | null, 
/**
 * How it is replaced.
 */
way: RenewalWay, };

/**
 * Where an order stands at its source, as far as its words are known.
 */
export type RemoteState = "draft" | "proving" | "reviewing" | "issued" | "refused" | "cancelled" | "revoked" | "other";

/**
 * What takes something away for good.
 */
export type Removal = "everything" | "certificate" | "key" | "file" | "store" | "other";

/**
 * What is to be thought of before something is taken away.
 */
export type RemovalWarning = "only-copy" | "still-valid" | "only-key" | "may-decrypt" | "certificate-stays" | "hidden-too" | "key-stays-inside";

/**
 * What was taken away.
 */
export type Removed = { 
/**
 * Label of the token.
 */
token: string, 
/**
 * The object.
 */
object: TokenObject, 
/**
 * The card keeps the key itself inside, without a certificate.
 */
keyStays: boolean, };

/**
 * What a renewal is for; everything in it may be written to the journal.
 */
export type RenewOrder = { 
/**
 * SHA-256 fingerprint (or a unique prefix) of the certificate to renew.
 */
certificate: string, 
/**
 * Where the new key and certificate shall live; `None`: where the old ones are.
 */
place: Place | null, 
/**
 * Which key to make; `None`: one of the same kind as the old.
 */
key: KeyChoice | null, 
/**
 * Leave the old certificate and key where they are.
 */
keepOld: boolean, 
/**
 * Protect the request with a code for this reference number instead of the old key; empty: the reference number
 * of the enrolment. `None`: with the old key.
 */
reference: string | null, 
/**
 * The CA profile's name; `None`: the one the certificate came from.
 */
ca: string | null, 
/**
 * Give up with "still waiting" instead of polling.
 */
noWait: boolean, };

/**
 * When a CA wants a certificate renewed (ACME's renewal information, RFC 9773).
 */
export type RenewalHint = { 
/**
 * From when on, RFC 3339 UTC.
 */
start: string, 
/**
 * Until when, RFC 3339 UTC.
 */
end: string, 
/**
 * Within that, when this computer reminds of it; drawn by lot, so that not all renew at once. RFC 3339 UTC.
 */
remind: string, 
/**
 * A page of the CA that says why.
 */
why: string | null, 
/**
 * When to ask the CA again, RFC 3339 UTC.
 */
again: string, };

/**
 * How a certificate is replaced by the next one.
 */
export type RenewalWay = "renew" | "order" | "elsewhere";

/**
 * The certificate that a renewal replaced.
 */
export type Replaced = { 
/**
 * SHA-256 fingerprint.
 */
sha256: string, 
/**
 * It is still there.
 */
kept: boolean, 
/**
 * Where it is kept, when that is another file than before.
 */
keptAt: string | null, 
/**
 * Why it is kept: `asked`, `decrypts` (its key may open what was encrypted for it), `elsewhere` (another place
 * than that of the new one).
 */
because: string | null, };

/**
 * The CMP request body to use.
 */
export type RequestKind = "ir" | "cr" | "p10cr";

/**
 * What a CA wants in a request.
 */
export type RequestTemplate = { 
/**
 * Parts of the subject and other fields.
 */
fields: Array<TemplateField>, 
/**
 * Keys it takes, best first; empty: any.
 */
keys: Array<KeyChoice>, };

/**
 * How a resumed job ended.
 */
export type Resumed = { "outcome": "enrolled", 
/**
 * As after an enrolment.
 */
enrolled: Enrolled, } | { "outcome": "revoked", 
/**
 * As after a revocation.
 */
revoked: Revoked, } | { "outcome": "imported", 
/**
 * As after an import.
 */
imported: Imported, } | { "outcome": "requested", 
/**
 * The request.
 */
request: OrderRequest, } | { "outcome": "nothing-happened", 
/**
 * The job.
 */
job: string, };

/**
 * Where it is asked whether a certificate of the CA has been revoked: who signed an answer, and the CAs above. What
 * cannot be learnt counts as revoked.
 */
export type RevocationCheck = "off" | "crl" | "ocsp" | "any";

/**
 * Why a certificate is revoked (RFC 5280 §5.3.1).
 */
export type RevocationReason = "unspecified" | "keyCompromise" | "affiliationChanged" | "superseded" | "cessationOfOperation" | "certificateHold" | "privilegeWithdrawn";

/**
 * What a revocation is for; everything in it may be written to the journal.
 */
export type RevokeOrder = { 
/**
 * The certificate.
 */
certificate: CertificateChoice, 
/**
 * Why.
 */
reason: RevocationReason, 
/**
 * Protect the request with the codes of this reference number (for a key that is lost); empty: that of the
 * enrolment. `None`: with the certificate's own key.
 */
reference: string | null, 
/**
 * The CA profile's name; `None`: the one the certificate came from.
 */
ca: string | null, 
/**
 * Give up with "still waiting" instead of polling.
 */
noWait: boolean, };

/**
 * How a revocation ended well.
 */
export type Revoked = { 
/**
 * The job's number in the journal.
 */
job: string, 
/**
 * Subject (its CN, where it has one), where the certificate is at hand.
 */
subject: string | null, 
/**
 * SHA-256 fingerprint, where the certificate is at hand.
 */
sha256: string | null, 
/**
 * Issuer, RFC 4514.
 */
issuer: string, 
/**
 * Serial number, hex.
 */
serial: string, 
/**
 * Why.
 */
reason: RevocationReason, 
/**
 * What the CA said about it.
 */
text: string | null, };

/**
 * A new root, certified by the one it follows.
 */
export type RootUpdate = { 
/**
 * SHA-256 fingerprint of the root it follows.
 */
follows: string, 
/**
 * The new root.
 */
root: CertificateInfo, 
/**
 * The new root also certifies the old one, so that those who have only the new trust what is older.
 */
oldWithNew: boolean, };

/**
 * Who was asked.
 */
export type RowKind = "system" | "public" | "authoritative" | "caa" | "web" | "web-partner";

/**
 * What was seen.
 */
export type RowState = "found" | "other-value" | "no-such-name" | "no-data" | "other-type" | "servfail" | "dnssec" | "refused" | "lame" | "timeout" | "unreachable" | "garbled" | "allowed" | "forbidden" | "restricted" | "redirects" | "status" | "other-content" | "tls";

/**
 * What was seen of a scan.
 */
export type ScanCheck = { 
/**
 * The file.
 */
path: string, 
/**
 * What it is; `None`: nothing that is taken.
 */
kind: ScanKind | null, 
/**
 * Its size, bytes.
 */
bytes: number, 
/**
 * How many pages.
 */
pages: number, 
/**
 * Its pictures.
 */
pictures: Array<ScanPicture>, 
/**
 * What is the matter, worst first: errors refuse it, warnings want a word (`despite`).
 */
findings: Array<Finding>, 
/**
 * It can be handed in as it is.
 */
good: boolean, };

/**
 * What a scan is, by its content.
 */
export type ScanKind = "pdf" | "jpeg" | "png";

/**
 * A picture of a scan.
 */
export type ScanPicture = { 
/**
 * Page, counted from 1.
 */
page: number, 
/**
 * Pixels across.
 */
width: number, 
/**
 * Pixels down.
 */
height: number, 
/**
 * Pixels per inch; `None`: not known.
 */
dpi: number | null, 
/**
 * How dark the darkest is on its paper, 0 to 255; `None`: the picture could not be looked at.
 */
contrast: number | null, 
/**
 * Per cent of it that is not paper, in hundredths.
 */
ink: number | null, 
/**
 * How sharp edges are: the variance of the Laplacian by that of the grey values, in hundredths.
 */
sharpness: number | null, };

/**
 * Where a secret is kept.
 */
export type SecretPlace = "keyring" | "file";

/**
 * What is to be served.
 */
export type ServerCertificate = { "of": "certificate", 
/**
 * SHA-256 fingerprint (or a unique prefix) of the certificate, or a place.
 */
certificate: string, } | { "of": "order", 
/**
 * The order's number here.
 */
order: string, };

/**
 * Files for a web server that are wanted.
 */
export type ServerExport = { 
/**
 * What is to be served.
 */
of: ServerCertificate, 
/**
 * For which server.
 */
server: ServerKind, 
/**
 * The folder, absolute path. It is made where it is missing.
 */
to: string, 
/**
 * PKCS#12 with the encryption of twenty years ago (3DES, SHA-1), for servers that read no other.
 */
legacy: boolean, 
/**
 * Files that are there are replaced.
 */
replace: boolean, };

/**
 * Files for a web server, written, read back and compared.
 */
export type ServerExported = { 
/**
 * The certificate.
 */
certificate: CertificateInfo, 
/**
 * For which server.
 */
server: ServerKind, 
/**
 * What was written.
 */
files: Array<ServerFile>, 
/**
 * Where the private key is.
 */
key: ServerKey, 
/**
 * The lines of the server's configuration, as they stand in their file.
 */
lines: string, 
/**
 * What to do, step by step.
 */
steps: Array<string>, 
/**
 * The chain leads to a root that we know; `None`: it is as the CA delivered it.
 */
complete: boolean | null, };

/**
 * One file that was written.
 */
export type ServerFile = { 
/**
 * Its path.
 */
path: string, 
/**
 * What it is for.
 */
what: ServerFileKind, };

/**
 * What a file is for.
 */
export type ServerFileKind = "certificate" | "chain" | "full-chain" | "key" | "key-store" | "lines" | "read-me";

/**
 * Where the private key is, as far as the web server is concerned.
 */
export type ServerKey = "written" | "on-token" | "in-store" | "elsewhere";

/**
 * Which web server.
 */
export type ServerKind = "nginx" | "apache" | "tomcat" | "iis";

/**
 * How much a finding matters.
 */
export type Severity = "note" | "warning" | "error";

/**
 * Whether a program sees a certificate.
 */
export type Sight = "sees" | "when-told" | "not";

/**
 * The steps of an enrolment or renewal, in their order, and that of a revocation.
 */
export type Step = "make-key" | "send-request" | "receive-certificate" | "install" | "prove" | "confirm" | "retire" | "revoke";

/**
 * What a submission says beside the request.
 */
export type Submission = { 
/**
 * The domains, the first is the certificate's name; empty: those of the order.
 */
domains: Array<string>, 
/**
 * How they are proved; `None`: the first way there is.
 */
method: ProofMethod | null, 
/**
 * For whom.
 */
applicant: Applicant, };

/**
 * A field of the template.
 */
export type TemplateField = { 
/**
 * What it is: `CN`, `O`, `dns`, an extension's name.
 */
name: string, 
/**
 * The value it shall have; `None`: the requester fills it in.
 */
value: string | null, };

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
 * What lies on a token.
 */
export type TokenContent = { 
/**
 * The token.
 */
token: TokenDetail, 
/**
 * What is on it: certificates, keys, the rest.
 */
objects: Array<TokenObject>, 
/**
 * That is all: the PIN was given, and the list is not cut short. Without that nothing is called an orphan.
 */
complete: boolean, };

/**
 * A token with what matters for its care.
 */
export type TokenDetail = { 
/**
 * The token.
 */
token: TokenInfo, 
/**
 * State of the security officer's PIN.
 */
soPin: PinState, 
/**
 * Tries left for the user PIN, where the token tells.
 */
triesLeft: number | null, 
/**
 * Tries left for the security officer's PIN, where the token tells.
 */
soTriesLeft: number | null, 
/**
 * Shortest and longest PIN, where the driver tells them.
 */
pinLength: [number, number] | null, 
/**
 * Bytes free, where the token tells.
 */
freeMemory: number | null, 
/**
 * Bytes in all, where the token tells.
 */
totalMemory: number | null, 
/**
 * Name of the slot or reader.
 */
slot: string, 
/**
 * It can be unplugged.
 */
removable: boolean, };

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
 * Drivers that have answered, those with problems too.
 */
drivers: Array<Driver>, 
/**
 * Files of the drivers that have not answered yet; empty once the list is whole.
 */
asking: Array<string>, 
/**
 * What is plugged in, with the drivers for each in order and why; in the final list only.
 */
plugged: Array<PluggedToken>, };

/**
 * Something on a token.
 */
export type TokenObject = { 
/**
 * Names it: `cert:` and its SHA-256 fingerprint, `key:` and its id, or the kind and a number made from what it is. A
 * beginning will do where it is the only one.
 */
name: string, 
/**
 * What it is.
 */
kind: TokenObjectKind, 
/**
 * CKA_LABEL.
 */
label: string, 
/**
 * CKA_ID, hex.
 */
id: string, 
/**
 * Which key, where it is one that we make.
 */
key: KeyChoice | null, 
/**
 * The certificate.
 */
certificate: CertificateInfo | null, 
/**
 * Bytes, where the token tells.
 */
size: number | null, 
/**
 * Nothing goes with it: a key without certificate, a certificate without key, a public key without its private one.
 */
orphan: boolean, 
/**
 * The job that is not over and needs it: it is not offered for deletion.
 */
job: string | null, };

/**
 * What an object on a token is.
 */
export type TokenObjectKind = "certificate" | "key" | "public-key" | "secret-key" | "data";

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

/**
 * An order, as the console shows it.
 */
export type UsslOrder = { 
/**
 * Number.
 */
id: number, 
/**
 * Domains, with commas; the first is the certificate's name.
 */
domains: string, 
/**
 * State, in the console's words. Not all are known, so none is read as an end.
 */
state: string, 
/**
 * Its code.
 */
stateCode: string, 
/**
 * Name of the product.
 */
name: string, 
/**
 * Brand.
 */
brand: string, };
