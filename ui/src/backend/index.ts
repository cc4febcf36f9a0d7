// What the window can ask of the program. Screens import this and nothing below it.

import { tauri } from './tauri';
import type {
  AcmeDirectory,
  AcmeProgress,
  BrowserDriver,
  CaProfile,
  CaRules,
  CertificateDetail,
  CertificateList,
  CheckLine,
  CheckUp,
  ComputerStore,
  Enrolled,
  EnrollOrder,
  ErrorView,
  Event,
  Deleted,
  ExportFormat,
  ExportOrder,
  Exported,
  ExportedCertificate,
  Imported,
  ImportOrder,
  JobView,
  KeyProvider,
  LinkOffer,
  NewAcmeOrder,
  NewOrder,
  OrderAccount,
  OrderCheck,
  OrderEvent,
  OrderKey,
  OrderRequest,
  OrderView,
  PinOwner,
  FixDone,
  PluggedToken,
  Price,
  Product,
  ProductView,
  ProgramSight,
  Question,
  Removed,
  Reminder,
  RenewOrder,
  RequestTemplate,
  Resumed,
  RevocationReason,
  Revoked,
  RevokeOrder,
  SecretPlace,
  ServerExport,
  ServerExported,
  Submission,
  TokenContent,
  TokenDetail,
  UsslOrder,
} from './types';

export type * from './types';

/** An answer to a question of a running job. */
export type Given =
  | { kind: 'secret'; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'yes' }
  | { kind: 'no' }
  | { kind: 'cancel' };

/** An account at UCloud's console, without its secret. */
export interface NewAccount {
  name: string;
  publicKey: string;
  /** Address of the interface; `null`: the usual one. */
  api: string | null;
  wanted: SecretPlace;
}

/** Every method rejects with an `ErrorView`. */
export interface Backend {
  environment(ca: string | null): Promise<CheckLine[]>;
  /** Windows' CSPs and KSPs, what they are and can do; none on other systems. */
  providers(): Promise<KeyProvider[]>;
  /**
   * Keys that are plugged in, whether or not a driver sees them, and the drivers for each, best first. `partial` gets what is
   * known of them, as the drivers answer.
   */
  plugged(partial: (known: PluggedToken[]) => void): Promise<PluggedToken[]>;
  /** Remembers the driver for this key; `null`: the best one again. */
  chooseDriver(token: string, driver: string | null): Promise<void>;
  /** Where a certificate can be put on this computer, the person's own store first. */
  stores(): Promise<ComputerStore[]>;
  /** Lets the browsers here use the driver of a USB key. */
  registerDriver(driver: string): Promise<BrowserDriver[]>;
  /** `partial` gets what is found so far. */
  checkUp(ca: string | null, partial: (found: CheckUp) => void): Promise<CheckUp>;
  fix(id: string): Promise<FixDone>;
  undoFix(id: string): Promise<void>;
  /** The last check-up as one HTML page, with the data in it. */
  report(names: boolean, serials: boolean): Promise<string>;
  saveReport(path: string, names: boolean, serials: boolean): Promise<void>;
  certificates(): Promise<CertificateList>;
  /** `certificate`: its place or fingerprint. */
  certificateDetail(certificate: string): Promise<CertificateDetail>;
  /** Who sees the certificates in a place. */
  programs(place: string): Promise<ProgramSight[]>;
  /** Only questions carry `run`. */
  startExport(run: number, order: ExportOrder): Promise<Exported>;
  /** Likewise. It cannot be taken back; the name is asked for first. */
  startDelete(run: number, certificate: string): Promise<Deleted>;
  journal(): Promise<JobView[]>;
  /** Settles when the job ends; meanwhile events and questions carry `run`. */
  startEnroll(run: number, order: EnrollOrder, code: string): Promise<Enrolled>;
  /** Settles like `startEnroll`. */
  startRenew(run: number, order: RenewOrder): Promise<Enrolled>;
  /** The person has said yes: it cannot be taken back. Settles when the job ends. */
  startRevoke(run: number, order: RevokeOrder): Promise<Revoked>;
  /** A certificate and its key out of a PKCS#12 file. Settles when the job ends. */
  startImport(run: number, order: ImportOrder): Promise<Imported>;
  /** Makes the key of an order; settles when its request is there. */
  startOrderKey(run: number, order: string, wanted: OrderKey): Promise<OrderRequest>;
  /** Installs what the source has, or what was delivered as a file. Settles when the job ends. */
  startOrderInstall(run: number, order: string, file: string | null): Promise<Enrolled>;
  /** The request of the key that was made here. */
  orderRequest(order: string): Promise<OrderRequest>;
  startResume(run: number, job: string): Promise<Resumed>;
  /** Removes what an unfinished job made; settles like `startResume`. */
  startDiscard(run: number, job: string): Promise<Resumed>;
  /** What the CA wants in a request; `null`: nothing in particular. Only questions carry `run`. */
  askTemplate(run: number, ca: string, reference: string, code: string): Promise<RequestTemplate | null>;
  /** What the USB keys say of themselves. No PIN. */
  tokenList(): Promise<TokenDetail[]>;
  /** The rest of token care takes the `uri` of a USB key; only questions carry `run`. */
  tokenObjects(run: number, token: string, logIn: boolean): Promise<TokenContent>;
  tokenExport(run: number, token: string, name: string, path: string): Promise<ExportedCertificate>;
  tokenSetPin(run: number, token: string): Promise<TokenDetail>;
  tokenUnblock(run: number, token: string): Promise<TokenDetail>;
  tokenChangePin(run: number, token: string, whose: PinOwner): Promise<TokenDetail>;
  tokenInit(run: number, token: string, label: string): Promise<TokenDetail>;
  /** `whole`: with what lies beside it under the same id. */
  tokenDelete(run: number, token: string, name: string, whole: boolean): Promise<Removed>;
  answer(run: number, id: number, answer: Given): Promise<void>;
  cancel(run: number): Promise<void>;
  /** What ends soon, the nearest end first. */
  reminders(): Promise<Reminder[]>;
  /** Through the system, unless the window is in front. */
  notify(title: string, text: string): Promise<void>;
  orders(): Promise<OrderView[]>;
  orderRules(): Promise<CaRules[]>;
  orderAdd(order: NewOrder): Promise<OrderView>;
  orderRemove(order: string): Promise<void>;
  orderCheck(order: string): Promise<OrderCheck>;
  /** Writes the file for the web server: below a folder, or as an archive. */
  orderFile(order: string, path: string, zip: boolean): Promise<string[]>;
  /** Settles when everything is right; rejects when the time is over or it was stopped. */
  watchOrder(order: string, told: (event: OrderEvent) => void): Promise<OrderCheck>;
  unwatchOrder(order: string): Promise<void>;
  orderAccounts(): Promise<OrderAccount[]>;
  /** An account at UCloud's console; what comes back says where its secret is. */
  orderAccountAdd(account: NewAccount, privateKey: string): Promise<OrderAccount>;
  orderAccountRemove(name: string): Promise<void>;
  /** The orders that stand at an account's console. */
  consoleOrders(account: string): Promise<UsslOrder[]>;
  /** Takes one of them over. */
  orderFetch(account: string, id: number): Promise<OrderView>;
  orderProducts(account: string): Promise<ProductView[]>;
  orderPrice(account: string, product: Product): Promise<Price>;
  /** `agreed`: the price, as the person has typed it. It is compared by the program. */
  orderBuy(account: string, product: Product, agreed: string, note: string | null): Promise<OrderView>;
  /** Asks the source; what was sent and not answered is asked about first. */
  orderRefresh(order: string): Promise<OrderView>;
  /** The person's word for what became of it; `remote`: the number that a purchase has got. */
  orderSettle(order: string, done: boolean, remote: string | null): Promise<OrderView>;
  /** `request`: file with the request for the certificate, here and below; `null`: that of the order's own key. */
  orderSubmit(order: string, said: Submission, request: string | null): Promise<OrderView>;
  /** Writes the form of the letter; resolves to the kind of file it is. */
  orderLetterForm(order: string, revocation: boolean, path: string): Promise<string>;
  orderLetter(order: string, path: string): Promise<OrderView>;
  /** Writes the certificate and its chain, checked against the request if that is given. */
  orderCertificate(order: string, request: string | null, path: string): Promise<void>;
  /** Writes what a web server wants. Asks for passwords under `run`. */
  startServerExport(run: number, wanted: ServerExport): Promise<ServerExported>;
  /** What must be typed before something that cannot be taken back. */
  orderNames(order: string): Promise<string>;
  /** `confirmed` here and below: what the person has typed; it is compared by the program. */
  orderReissue(order: string, request: string | null, confirmed: string): Promise<OrderView>;
  orderRenew(order: string, product: Product, agreed: string): Promise<OrderView>;
  orderCancel(order: string, confirmed: string): Promise<OrderView>;
  orderRevoke(order: string, reason: RevocationReason, letter: string | null, confirmed: string): Promise<OrderView>;
  /** Settles when the certificate is there or gone; rejects when it will not come, or it was stopped by `unwatchOrder`. */
  followOrder(order: string, told: (event: OrderEvent) => void): Promise<OrderView>;
  acmeDirectories(): Promise<AcmeDirectory[]>;
  /** What a CA says of itself; `roots`: file with the roots for TLS to it. */
  acmeDirectory(directory: string, roots: string | null): Promise<AcmeDirectory>;
  /** Only questions carry `run`, as in all that follow. */
  startAcmeOrder(run: number, order: NewAcmeOrder, roots: string | null, code: string): Promise<OrderView>;
  startAcmeGoOn(run: number, order: string, request: string | null, anyway: boolean): Promise<AcmeProgress>;
  acmeOrderAgain(order: string): Promise<OrderView>;
  caList(): Promise<CaProfile[]>;
  caRead(location: string): Promise<CaProfile>;
  caAdd(profile: CaProfile): Promise<void>;
  caRemove(name: string): Promise<void>;
  link(url: string): Promise<LinkOffer>;
  /** The deep link that waits to be read, if there is one; each is given out once. */
  firstLink(): Promise<string | null>;
  /** Sets the language (`null`: the system's); resolves to the one in force. */
  language(choice: string | null): Promise<string>;

  onEvent(listener: (run: number, event: Event) => void): void;
  onQuestion(listener: (run: number, id: number, question: Question) => void): void;
  /** A link arrived while the window was open: ask `firstLink`. */
  onLink(listener: () => void): void;
  /** Something was plugged in or pulled out: ask `plugged`. */
  onPluggedChanged(listener: () => void): void;

  /** Asks for the place of a new file; `null`: cancelled. */
  askSavePath(suggested: string, kind: 'p12' | 'pem'): Promise<string | null>;
  /** The same for a copy in that format. */
  askCopyPath(suggested: string, format: ExportFormat): Promise<string | null>;
  /** The same for a certificate (PEM). */
  askExportPath(suggested: string): Promise<string | null>;
  askReportPath(suggested: string): Promise<string | null>;
  askZipPath(suggested: string): Promise<string | null>;
  /** Asks for the place of any new file. */
  askNewFile(suggested: string): Promise<string | null>;
  askFolder(): Promise<string | null>;
  /** Asks for an existing file; `null`: cancelled. */
  askOpenPath(): Promise<string | null>;
  /** The same for a PKCS#12 file. */
  askImportPath(): Promise<string | null>;
  askDriverFile(): Promise<string | null>;
}

// The fake is for `vite dev` in a browser; the production build drops this branch and the module with it.
export const backend: Backend =
  import.meta.env.DEV && !('__TAURI_INTERNALS__' in globalThis) ? (await import('./fake')).fake : tauri;

/** Whatever was thrown, as an error that can be shown. */
export function asError(thrown: unknown): ErrorView {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown)
    return thrown as ErrorView;
  return { code: 'CM-1001', class: 'internal', message: String(thrown), hints: [], detail: '' };
}
