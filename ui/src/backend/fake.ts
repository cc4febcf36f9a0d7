// A program that is not there: for `vite dev` in a browser and for vitest. Never part of the production bundle.
//
// Reference `wait` makes the CA ask for patience, `change` makes it change the name, `refuse` makes it refuse,
// `mac` makes it refuse the protection; `mistyped` makes the code look so;
// a PIN other than 1234 is wrong.

import type { Backend, Given } from './index';
import { fakeOrders } from './fake-orders';
import type {
  CaProfile,
  CertificateInfo,
  CheckLine,
  CheckUp,
  ComputerStore,
  CodeFinding,
  Enrolled,
  ErrorView,
  Event,
  Finding,
  FixDone,
  FoundCertificate,
  JobView,
  OrderRequest,
  Place,
  PluggedToken,
  Question,
  Step,
  TokenContent,
  TokenDetail,
  TokenObject,
  TokenInfo,
} from './types';

const STEPS: Step[] = ['make-key', 'send-request', 'receive-certificate', 'install', 'prove', 'confirm'];
const FINGERPRINT = '5f0c2ba1d93e7486aa10c4f2e98b6d3701fe52c8947ab6d05e1c83f7290da4bc';

const listeners = {
  event: [] as ((run: number, event: Event) => void)[],
  question: [] as ((run: number, id: number, question: Question) => void)[],
};
const open = new Map<string, (given: Given) => void>();
const stopped = new Map<number, () => void>();
let questions = 0;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

function problem(code: string, kind: string, message: string, hints: string[]): ErrorView {
  return {
    code,
    class: kind,
    message,
    hints,
    detail: `${code} while asking the CA: status rejection, failInfo badMessageCheck`,
  };
}

export function fakeCertificate(cn: string, sha256 = FINGERPRINT, days = 730): CertificateInfo {
  const end = new Date(Date.now() + days * 86_400_000);
  return {
    subject: `CN=${cn},OU=Settlement,OU=Operations,O=Example Bank,C=CN`,
    cn,
    ou: ['Operations', 'Settlement'],
    o: ['Example Bank'],
    serial: '4f3a09c1d2e877b0',
    issuer: 'CN=Demo Issuing CA,O=Chopmark Demo',
    issuerCn: 'Demo Issuing CA',
    notBefore: new Date().toISOString(),
    notAfter: end.toISOString(),
    notAfterUnix: Math.floor(end.getTime() / 1000),
    key: 'RSA 2048',
    keyUsage: ['digitalSignature', 'nonRepudiation'],
    extendedKeyUsage: ['clientAuth'],
    san: ['email:alice@bank.example'],
    sha256,
    pem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  };
}

const profile: CaProfile = {
  name: 'demo',
  title: 'Demo CA',
  url: 'http://127.0.0.1:8829/cmp',
  roots: ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'],
  tlsRoots: [],
  cmp: {
    request: 'ir',
    protection: 'pbm-sha256',
    iterations: 10000,
    clockTolerance: 300,
    recipient: '',
    implicitConfirm: false,
    certificateProfile: null,
    allowMissingNonce: false,
    signers: [],
    revocation: 'off',
    askTemplate: true,
    keyByCa: true,
  },
  transport: { paths: 'as-is', label: null, http2PriorKnowledge: false, tlsCertificate: null },
  keys: ['rsa:2048', 'ec:p256'],
  codes: { alphabet: '0123456789ABCDEFGHJKMNPQRSTVWXYZ-', triesInErrorCode: true },
  demo: true,
};
let profiles = [profile];

const found: FoundCertificate[] = [
  {
    certificate: fakeCertificate('Alice Zhang', 'b1' + FINGERPRINT.slice(2), 21),
    place: 'pkcs11:token=Alice',
    placeName: 'Alice',
    placeKind: 'token',
    hasKey: null,
    ca: 'demo',
    revoked: null,
  },
  {
    certificate: fakeCertificate('王小明', 'e7' + FINGERPRINT.slice(2), 700),
    place: 'file:/home/alice/wang.p12',
    placeName: '/home/alice/wang.p12',
    placeKind: 'file',
    hasKey: true,
    ca: 'demo',
    revoked: null,
  },
  {
    certificate: fakeCertificate('Bob Li', 'a4' + FINGERPRINT.slice(2), 300),
    place: 'file:/home/alice/bob.p12',
    placeName: '/home/alice/bob.p12',
    placeKind: 'file',
    hasKey: true,
    ca: 'demo',
    revoked: new Date(Date.now() - 7_200_000).toISOString(),
  },
];

async function ask(run: number, question: Question): Promise<Given> {
  const id = ++questions;
  return new Promise((answer) => {
    open.set(`${run}/${id}`, answer);
    stopped.set(run, () => answer({ kind: 'cancel' }));
    for (const listener of listeners.question) listener(run, id, question);
  });
}

const OWN_STORE = 'This computer (Chromium, Chrome, Edge)';
const FIREFOX = 'Firefox, profile default-release';
const onAlice: Place = {
  kind: 'token',
  label: 'Alice',
  serial: null,
  manufacturer: null,
  model: null,
  driver: null,
  pinSource: null,
};

const requestOf = (order: string): OrderRequest => ({
  order,
  job: '9',
  pem: '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n',
  domains: ['example.com'],
  place: onAlice.kind === 'token' ? 'pkcs11:token=Alice' : '',
  placeName: 'Alice',
});

async function enroll(run: number, reference: string, place: Place): Promise<Enrolled> {
  const file = place.kind === 'file' ? place.path : null;
  const token = place.kind === 'token';
  const name = place.kind === 'computer' && place.store ? FIREFOX : OWN_STORE;
  const tell = (event: Event) => listeners.event.forEach((listener) => listener(run, event));
  const cancelled = problem('CM-1201', 'cancelled', 'You cancelled. Nothing was sent.', []);
  if (token)
    tell({ event: 'driver', driver: '/usr/lib/softhsm/libsofthsm2.so', description: 'SoftHSM 2', token: 'Alice' });
  for (const step of STEPS) {
    tell({ event: 'step', step });
    // The person's own store has no password.
    if (step === 'make-key' && !(place.kind === 'computer' && !place.store)) {
      let given = await ask(
        run,
        file
          ? { question: 'file-password', path: file, new: true }
          : !token
            ? { question: 'store-password', store: name, wrongBefore: false }
            : { question: 'pin', token: 'Alice', state: 'ok', wrongBefore: false, length: [4, 12] },
      );
      while (token && given.kind === 'secret' && given.text !== '1234')
        given = await ask(run, {
          question: 'pin',
          token: 'Alice',
          state: 'count-low',
          wrongBefore: true,
          length: [4, 12],
        });
      if (given.kind !== 'secret') throw cancelled;
    }
    if (step === 'make-key' && reference === 'mistyped') {
      const findings: CodeFinding[] = [
        { position: 3, kind: 'looks-like' },
        { position: 5, kind: 'dash' },
        { position: 10, kind: 'dash' },
      ];
      const given = await ask(run, { question: 'check-code', part: 'authorization-code', findings, suggestion: true });
      if (given.kind === 'cancel') throw cancelled;
    }
    if (step === 'send-request' && reference === 'mac') {
      const given = await ask(run, {
        question: 'other-protection',
        ca: 'Demo CA',
        from: 'pbmac1-sha256',
        to: 'pbm-sha256',
        weaker: true,
      });
      if (given.kind !== 'yes') throw cancelled;
    }
    if (step === 'send-request' && reference === 'refuse')
      throw problem('CM-3002', 'ca-refused', 'The CA could not verify the request: one of the two codes is wrong.', [
        'Compare both codes with the mail, letter by letter.',
        'Paste them instead of typing.',
        'If they are right, ask your CA for new ones.',
      ]);
    if (step === 'send-request' && reference === 'wait') {
      tell({ event: 'waiting', retryAfter: 30, text: 'An officer looks at your request.' });
      await Promise.race([sleep(30_000), new Promise<void>((stop) => stopped.set(run, stop))]);
    }
    if (step === 'receive-certificate' && reference === 'change') {
      const given = await ask(run, {
        question: 'accept-changes',
        changes: [{ field: 'subject', requested: 'CN=Alice', granted: 'CN=Alice Zhang,O=Example Bank' }],
        text: null,
      });
      if (given.kind !== 'yes') throw cancelled;
    }
    await sleep(700);
    tell({ event: 'step-done', step, ms: 700 });
  }
  let rootTrusted: boolean | null = null;
  if (place.kind === 'computer') {
    const given = await ask(run, { question: 'trust-root', store: name, ca: 'Demo Root CA', sha256: FINGERPRINT });
    rootTrusted = given.kind === 'yes';
  }
  return {
    job: '7',
    certificate: fakeCertificate('Alice Zhang'),
    place: file ? `file:${file}` : token ? 'pkcs11:token=Alice' : 'computer',
    placeName: file ?? (token ? 'Alice' : name),
    driver: !token ? null : '/usr/lib/softhsm/libsofthsm2.so',
    keyId: 'a1b2c3d4',
    proved: true,
    confirmed: true,
    rootTrusted,
    replaced: null,
    timings: STEPS.map((step) => ({ step, ms: 700 })),
  };
}

function job(number: string, state: JobView['state']): JobView {
  return {
    job: number,
    kind: number === '8' ? 'revoke' : number === '9' ? 'renew' : 'enroll',
    renews: number === '9' ? FINGERPRINT : null,
    state,
    started: new Date(Date.now() - 3_600_000).toISOString(),
    updated: new Date(Date.now() - 600_000).toISOString(),
    order: {
      ca: 'demo',
      reference: 'REF-20411',
      place: { kind: 'file', path: '/home/alice/alice.p12' },
      key: null,
      subject: null,
      san: [],
      noWait: false,
    },
    lastStep: 'send-request',
    subject: state === 'done' ? 'Alice Zhang' : null,
    sha256: state === 'done' ? FINGERPRINT : null,
    nextPoll: state === 'waiting' ? Date.now() / 1000 + 1200 : null,
    error:
      state === 'failed'
        ? problem('CM-3002', 'ca-refused', 'One of the two codes is wrong.', ['Compare both codes with the mail.'])
        : null,
    entries: [
      { at: new Date().toISOString(), what: 'key-made', detail: 'RSA 2048' },
      { at: new Date().toISOString(), what: 'sent', detail: 'ir' },
    ],
  };
}

const alice: TokenInfo = {
  label: 'Alice',
  model: 'SoftHSM v2',
  manufacturer: 'SoftHSM project',
  serial: '8f21c09ab34d10ee',
  initialized: true,
  pin: 'ok',
  writeProtected: false,
  pinPad: false,
  keys: ['rsa:2048', 'rsa:3072', 'ec:p256'],
  driver: '/usr/lib/softhsm/libsofthsm2.so',
  driverName: 'SoftHSM 2',
  uri: 'pkcs11:token=Alice',
};

const detail: TokenDetail = {
  token: alice,
  soPin: 'ok',
  triesLeft: null,
  soTriesLeft: null,
  pinLength: [4, 12],
  freeMemory: 61440,
  totalMemory: 65536,
  slot: 'Reader 0',
  removable: true,
};

const onKey: TokenObject[] = [
  {
    name: `cert:${FINGERPRINT}`,
    kind: 'certificate',
    label: 'Alice Zhang',
    id: 'a1b2c3d4',
    key: null,
    certificate: fakeCertificate('Alice Zhang'),
    size: 812,
    orphan: false,
    job: null,
  },
  {
    name: 'key:a1b2c3d4',
    kind: 'key',
    label: 'Alice Zhang',
    id: 'a1b2c3d4',
    key: 'rsa:2048',
    certificate: null,
    size: null,
    orphan: false,
    job: null,
  },
  {
    name: 'key:0badcafe',
    kind: 'key',
    label: 'Chopmark',
    id: '0badcafe',
    key: 'ec:p256',
    certificate: null,
    size: null,
    orphan: true,
    job: null,
  },
  {
    name: 'key:7777aaaa',
    kind: 'key',
    label: 'Chopmark',
    id: '7777aaaa',
    key: 'ec:p256',
    certificate: null,
    size: null,
    orphan: true,
    job: '9',
  },
];
let gone: string[] = [];

/** Asks until the answer is right; a cancel ends it. */
async function asked(
  run: number,
  question: (wrong: boolean) => Question,
  right: (text: string) => boolean,
): Promise<void> {
  for (let wrong = false; ; wrong = true) {
    const given = await ask(run, question(wrong));
    if (given.kind !== 'secret' && given.kind !== 'text') throw problem('CM-1201', 'cancelled', 'Cancelled.', []);
    if (right(given.text)) return;
  }
}

const pinAsked = (run: number) =>
  asked(
    run,
    (wrongBefore) => ({
      question: 'pin',
      token: 'Alice',
      state: wrongBefore ? 'final-try' : 'ok',
      wrongBefore,
      length: [4, 12],
    }),
    (text) => text === '1234',
  );
const soPinAsked = (run: number) =>
  asked(
    run,
    (wrongBefore) => ({ question: 'so-pin', token: 'Alice', state: 'ok', wrongBefore }),
    (text) => text === '12345678',
  );
const newPinAsked = (run: number, whose: 'user' | 'security-officer') =>
  asked(
    run,
    (wrong) => ({ question: 'new-pin', token: 'Alice', whose, length: [4, 12], refused: wrong ? 'unchanged' : null }),
    (text) => text !== '1234',
  );
const labelAsked = (run: number, act: 'everything' | 'key' | 'certificate') =>
  asked(
    run,
    (wrongBefore) => ({
      question: 'type-label',
      token: 'Alice',
      act,
      things: ['Alice Zhang (cert)'],
      warnings: ['still-valid', 'only-copy'],
      wrongBefore,
    }),
    (text) => text === 'Alice',
  );

const store = (name: string, folder: string | null, program: string, profile: string | null): ComputerStore => ({
  place: { kind: 'computer', store: folder, provider: null },
  name,
  program,
  profile,
  packaging: '',
  exists: true,
  inUse: false,
  takesKeys: true,
  drivers: [],
});

const plugged: PluggedToken[] = [
  {
    id: 'usb:8f21c09a',
    name: 'Alice',
    alike: false,
    usb: '096e:0807',
    reader: 'FT ePass2003 00 00',
    atr: '3B9F958131FE9F006646530523002571DF0000000000DD',
    token: alice,
    drivers: [
      {
        kind: 'pkcs11',
        driver: '/usr/lib/softhsm/libsofthsm2.so',
        name: 'SoftHSM 2',
        installed: true,
        chosen: true,
        byHand: false,
        fits: true,
        reason: 'This key says it is a SoftHSM token; its driver is installed.',
        guess: false,
        keys: ['rsa:2048', 'rsa:3072', 'ec:p256'],
        sha256: true,
        download: null,
        problem: null,
      },
      {
        kind: 'pkcs11',
        driver: '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
        name: 'OpenSC',
        installed: true,
        chosen: false,
        byHand: false,
        fits: true,
        reason: 'It drives many cards; whether this one is among them is a guess.',
        guess: true,
        keys: ['rsa:2048'],
        sha256: true,
        download: null,
        problem: null,
      },
      {
        kind: 'pkcs11',
        driver: '',
        name: 'Feitian ePass2003',
        installed: false,
        chosen: false,
        byHand: false,
        fits: true,
        reason: 'The maker of this key offers it; it is not installed here.',
        guess: false,
        keys: [],
        sha256: null,
        download: 'https://www.ftsafe.com/Support',
        problem: null,
      },
      {
        kind: 'pkcs11',
        driver: '/usr/lib/libcastle.so.1.0.0',
        name: 'Castle',
        installed: true,
        chosen: false,
        byHand: false,
        fits: false,
        reason: 'It is for 32-bit programs and cannot be loaded here.',
        guess: false,
        keys: [],
        sha256: null,
        download: null,
        problem: problem('CM-2004', 'driver', 'The driver is for another kind of computer.', [
          'Install the 64-bit one.',
        ]),
      },
    ],
  },
];

const finding = (code: string, severity: Finding['severity'], about: string, message: string): Finding => ({
  code,
  severity,
  about,
  message,
  hints: ['Unplug the USB key and plug it in again.', 'Install the driver of its maker, then check again.'],
  detail: 'SCARD_E_NO_SERVICE (0x8010001D)',
  fix: null,
});
let repaired: FixDone[] = [];
function findings(ca: string | null): CheckUp {
  const all = [
    finding('CM-2601', 'error', 'pcscd', 'The smart card service is not running, so USB keys cannot be seen.'),
    finding('CM-2009', 'warning', 'libcastle.so.1.0.0', 'The driver libcastle.so.1.0.0 does not answer.'),
    finding('CM-2650', 'note', 'Alice Zhang', 'A certificate ends in three weeks.'),
  ];
  all[0]!.fix = { id: 'start-service', does: 'Starts the smart card service now and at every start of this computer.' };
  const good = (check: string, facts: Record<string, string> = {}): CheckLine => ({
    check,
    state: 'good',
    facts,
    problem: null,
  });
  return {
    taken: new Date().toISOString(),
    findings: repaired.length ? all.slice(1) : all,
    lines: [
      { ...good('readers'), state: repaired.length ? 'good' : 'bad' },
      good('driver', { driver: 'SoftHSM 2', count: '3' }),
      good('token', { token: 'Alice' }),
      ...(ca ? [good('ca', { ca: 'Demo CA' }), good('clock', { seconds: '0' })] : []),
      good('certificates', { count: '2' }),
    ],
    done: repaired,
  };
}

export const fake: Backend = {
  environment: async (ca) => {
    await sleep(400);
    const lines: CheckLine[] = [
      { check: 'driver', state: 'good', facts: { driver: 'SoftHSM 2' }, problem: null },
      { check: 'token', state: 'good', facts: { token: 'Alice' }, problem: null },
      ca
        ? { check: 'ca', state: 'good', facts: { ca: 'Demo CA' }, problem: null }
        : {
            check: 'ca',
            state: 'bad',
            facts: {},
            problem: problem('CM-3202', 'ca-unreachable', 'No connection to the CA.', ['Check the network.']),
          },
      { check: 'clock', state: 'good', facts: { seconds: '0' }, problem: null },
    ];
    return lines;
  },
  providers: async () => [],
  plugged: async (partial) => {
    partial(plugged.map((one) => ({ ...one, token: null })));
    await sleep(500);
    return plugged;
  },
  chooseDriver: async (token, driver) => {
    const drivers = plugged.find((one) => one.id === token)!.drivers;
    for (const [index, one] of drivers.entries()) {
      one.chosen = driver === null ? index === 0 : one.driver === driver;
      one.byHand = one.chosen && driver !== null;
    }
  },
  checkUp: async (ca, partial) => {
    const whole = findings(ca);
    partial({ ...whole, findings: [], lines: [] });
    await sleep(700);
    partial({ ...whole, findings: whole.findings.slice(-2), lines: whole.lines.slice(1) });
    await sleep(1200);
    return whole;
  },
  fix: async (id) => {
    await sleep(700);
    const done = { id: `done-${id}`, did: 'Started the smart card service.', at: new Date().toISOString() };
    repaired = [done];
    return done;
  },
  undoFix: async () => void (repaired = []),
  report: async (names, serials) =>
    `<!doctype html><html lang="en"><head><style>body { font: 15px sans-serif; padding: 16px; color: #222; }</style></head>
    <body><h1>Chopmark report</h1><p>Certificate of ${names ? 'Alice Zhang' : 'A… Z…'}, serial ${serials ? '4f3a09c1d2e877b0' : '4f…b0'}</p>
    <script type="application/json">{"format":1}</script></body></html>`,
  saveReport: async () => {},
  certificates: async () => ({ certificates: found, problems: [] }),
  stores: async () => [
    store(OWN_STORE, null, 'Chromium', null),
    store(
      'Firefox, profile default-release',
      '/home/a/.mozilla/firefox/x1.default-release',
      'Firefox',
      'default-release',
    ),
  ],
  registerDriver: async () => [
    { name: OWN_STORE, outcome: 'done', inUse: true },
    { name: 'Firefox (snap), profile default', outcome: 'hidden', inUse: false },
  ],
  journal: async () => [job('9', 'waiting'), job('8', 'interrupted'), job('7', 'done'), job('6', 'failed')],
  startEnroll: (run, order) => enroll(run, order.reference, order.place),
  programs: async () => [
    {
      program: 'Chromium, Chrome',
      sight: 'sees',
      why: 'The driver of the USB key is in its list.',
      toDo: null,
      register: null,
    },
    {
      program: 'OpenSSL, curl',
      sight: 'when-told',
      why: 'It uses the USB key when the “pkcs11:” address is named.',
      toDo: 'Name the place shown above.',
      register: null,
    },
    {
      program: 'Firefox, profile default',
      sight: 'not',
      why: 'The driver of the USB key is not in its list.',
      toDo: 'Put the driver into its list.',
      register: '/usr/lib/libcastle.so',
    },
  ],
  certificateDetail: async (certificate) => {
    await sleep(300);
    const one = found.find((one) => one.place === certificate || one.certificate.sha256 === certificate) ?? found[0]!;
    return {
      found: one,
      chain: [
        { certificate: one.certificate, origin: 'itself', from: '', root: false },
        {
          certificate: fakeCertificate('Example Issuing CA', '11' + FINGERPRINT.slice(2), 2000),
          origin: 'journal',
          from: profile.title,
          root: false,
        },
        {
          certificate: fakeCertificate('Example Root CA', '22' + FINGERPRINT.slice(2), 4000),
          origin: 'profile',
          from: profile.title,
          root: true,
        },
      ],
      rootTrusted: true,
      binding: null,
    };
  },
  startExport: async (run, order) => {
    if (order.withKey) await ask(run, { question: 'file-password', path: order.certificate, new: false });
    if (order.withKey && !order.plainKey) await ask(run, { question: 'file-password', path: order.to, new: true });
    return { certificate: found[0]!.certificate, paths: [order.to], key: order.withKey, chain: 2, complete: true };
  },
  startImport: async (run, order) => {
    listeners.event.forEach((listener) => listener(run, { event: 'step', step: 'make-key' }));
    await ask(run, { question: 'file-password', path: order.path, new: false });
    await sleep(1500);
    const { certificate, placeName, place } = found[0]!;
    return { job: '10', certificate, place, placeName, keyId: '0a1b2c3d', proved: true };
  },
  startDelete: async (run) => {
    await labelAsked(run, 'key');
    return { certificate: found[0]!.certificate, placeName: found[0]!.placeName };
  },
  startRenew: async (run, order) => ({
    ...(await enroll(run, 'renew', onAlice)),
    replaced: {
      sha256: order.certificate,
      kept: order.keepOld,
      keptAt: null,
      because: order.keepOld ? 'asked' : null,
    },
  }),
  startRevoke: async (run, order) => {
    listeners.event.forEach((listener) => listener(run, { event: 'step', step: 'revoke' }));
    await sleep(1500);
    const serial = '4f3a09c1d2e877b0';
    const sha256 = order.certificate.by === 'fingerprint' ? order.certificate.sha256 : null;
    const issuer = 'CN=Demo Issuing CA,O=Chopmark Demo';
    return { job: '8', subject: 'Alice Zhang', sha256, issuer, serial, reason: order.reason, text: null };
  },
  askTemplate: async (_run, _ca, reference) => {
    await sleep(700);
    if (reference === 'refuse')
      throw problem('CM-3002', 'ca-refused', 'One of the two codes is wrong.', ['Compare both codes with the mail.']);
    return {
      fields: [
        { name: 'O', value: 'Example Bank' },
        { name: 'CN', value: null },
        { name: 'email', value: null },
      ],
      keys: ['ec:p256', 'rsa:3072'],
    };
  },
  reminders: async () => [
    {
      name: 'Alice Example',
      notAfter: '2026-12-10T00:00:00Z',
      days: 12,
      placeName: 'Alice',
      sha256: FINGERPRINT,
      order: null,
      way: 'renew',
    },
  ],
  notify: async () => {},
  startOrderKey: async (_, order) => requestOf(order),
  startOrderInstall: (run) => enroll(run, 'server', onAlice),
  orderRequest: async (order) => requestOf(order),
  startResume: async (run) => ({ outcome: 'enrolled', enrolled: await enroll(run, 'resume', onAlice) }),
  startDiscard: async (_, job) => {
    await sleep(700);
    return { outcome: 'nothing-happened', job };
  },
  tokenList: async () => {
    await sleep(400);
    return [detail];
  },
  tokenObjects: async (run, _token, logIn) => {
    if (logIn) await pinAsked(run);
    await sleep(300);
    const objects = onKey.filter((object) => !gone.includes(object.name) && (logIn || object.kind === 'certificate'));
    return { token: detail, objects, complete: logIn } satisfies TokenContent;
  },
  tokenExport: async (_run, _token, _name, path) => ({ certificate: fakeCertificate('Alice Zhang'), path }),
  tokenSetPin: async (run) => {
    await soPinAsked(run);
    await newPinAsked(run, 'user');
    return detail;
  },
  tokenUnblock: async (run) => {
    await soPinAsked(run);
    await newPinAsked(run, 'user');
    return detail;
  },
  tokenChangePin: async (run, _token, whose) => {
    await (whose === 'user' ? pinAsked(run) : soPinAsked(run));
    await newPinAsked(run, whose);
    await sleep(500);
    return detail;
  },
  tokenInit: async (run) => {
    await labelAsked(run, 'everything');
    await soPinAsked(run);
    await newPinAsked(run, 'user');
    await sleep(700);
    return detail;
  },
  tokenDelete: async (run, _token, name) => {
    await pinAsked(run);
    await labelAsked(run, name.startsWith('cert') ? 'certificate' : 'key');
    gone = [...gone, name];
    return { token: 'Alice', object: onKey.find((object) => object.name === name)!, keyStays: false };
  },
  answer: async (run, id, given) => {
    open.get(`${run}/${id}`)?.(given);
    open.delete(`${run}/${id}`);
  },
  cancel: async (run) => stopped.get(run)?.(),
  ...fakeOrders,
  caList: async () => profiles,
  caRead: async (location) => ({ ...profile, name: 'read', title: `CA of ${location}` }),
  caAdd: async (added) => void (profiles = [...profiles.filter((known) => known.name !== added.name), added]),
  caRemove: async (name) => void (profiles = profiles.filter((known) => known.name !== name)),
  link: async () => ({
    knownCa: null,
    ca: 'https://ca.bank.example/cmp',
    host: 'ca.bank.example',
    reference: 'REF-20411',
    offered: { ...profile, name: 'bank', title: 'Example Bank CA' },
    rootFingerprints: [FINGERPRINT],
  }),
  firstLink: async () => (location.hash === '#link' ? 'chopmark://enroll?ca=x&ref=y' : null),
  language: async (choice) => choice ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en'),
  onPluggedChanged: () => {},
  onEvent: (listener) => void listeners.event.push(listener),
  onQuestion: (listener) => void listeners.question.push(listener),
  onLink: () => {},
  askSavePath: async (_, kind) => `/home/alice/alice.${kind}`,
  askCopyPath: async (suggested) => `/home/alice/${suggested}`,
  askExportPath: async (suggested) => `/home/alice/${suggested}`,
  askNewFile: async (suggested) => `/home/alice/${suggested}`,
  askZipPath: async () => '/home/alice/proof.zip',
  askFolder: async () => '/var/www/html',
  askReportPath: async () => '/home/alice/chopmark-report.html',
  askDriverFile: async () => '/home/alice/libother.so',
  askImportPath: async () => '/home/alice/alice.p12',
  askOpenPath: async () => '/home/alice/ca.toml',
};
