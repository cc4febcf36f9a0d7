// Orders of a program that is not there: the first check finds the record missing, the next one finds it. The console sells two products;
// what is bought there waits for details (OV: and for a letter), and is issued when it is asked about the second time after that.

import { fakeCertificate } from './fake';
import type { Backend } from './index';
import type {
  AtSource,
  ErrorView,
  OrderAccount,
  OrderAct,
  OrderCheck,
  OrderStep,
  OrderView,
  Product,
  ProofRow,
  RemoteState,
  RowKind,
  RowState,
} from './types';

const NAME = '_dnsauth.shop.example.com';
const VALUE = '2026112500AbCdEfGhIjKlMnOp.dcv.ca.example';
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

function row(kind: RowKind, server: string, address: string, state: RowState): ProofRow {
  return {
    kind,
    server,
    address,
    state,
    found: state === 'found' ? [VALUE] : [],
    ttl: state === 'found' ? 600 : null,
    wrongFor: state === 'found' ? null : 600,
    status: null,
    location: null,
    certificate: null,
    diff: [],
    command: `dig @${address} ${NAME} CNAME`,
    ms: 23,
  };
}

function seen(found: boolean): OrderCheck {
  const state: RowState = found ? 'found' : 'no-such-name';
  return {
    at: new Date().toISOString(),
    state: found ? 'ready' : 'not-yet',
    proofs: [
      {
        method: 'dns-cname',
        name: NAME,
        state: found ? 'ready' : 'not-yet',
        zone: 'example.com',
        rows: [
          row('system', '192.0.2.53', '192.0.2.53', state),
          row('public', 'Cloudflare', '1.1.1.1', state),
          row('public', 'AliDNS', '223.5.5.5', found ? 'found' : 'timeout'),
          row('authoritative', 'ns1.dns.example', '198.51.100.7', state),
        ],
      },
    ],
    caa: [],
    findings: found
      ? []
      : [
          {
            code: 'CM-6101',
            severity: 'error',
            about: NAME,
            message: `There is no record named ${NAME} yet.`,
            hints: ['Open the DNS settings of the domain where it is hosted.', 'Add the record, and save.'],
            detail: '',
            fix: null,
          },
        ],
  };
}

let checks = 0;
let orders: OrderView[] = [
  {
    order: '1',
    source: 'by-hand',
    remote: null,
    account: null,
    atSource: null,
    product: null,
    pending: null,
    acts: [],
    step: 'prove',
    revoking: false,
    domains: ['shop.example.com'],
    proofs: [{ method: 'dns-cname', name: NAME, value: VALUE, host: '_dnsauth.shop', zone: 'example.com', urls: [] }],
    rules: {
      name: 'ussl',
      title: 'UCloud USSL',
      deadlineHours: 24,
      issueMinutes: 20,
      followsRedirects: false,
      oneSchemeIsEnough: true,
      httpOnly: false,
      methods: ['dns-cname', 'dns-txt', 'file'],
      folder: '/.well-known/pki-validation/',
      caa: [],
    },
    created: new Date().toISOString(),
    deadline: new Date(Date.now() + 80_000_000).toISOString(),
    deadlineUnix: Math.floor(Date.now() / 1000) + 80_000,
    note: null,
    last: null,
  },
];

async function check(order: string): Promise<OrderCheck> {
  await sleep(900);
  const last = seen(++checks > 1);
  orders = orders.map((one) => (one.order === order ? { ...one, last } : one));
  return last;
}

let accounts: OrderAccount[] = [];

function change(order: string, to: Partial<OrderView>): OrderView {
  orders = orders.map((one) => (one.order === order ? { ...one, ...to } : one));
  return orders.find((one) => one.order === order)!;
}

function refusal(message: string): ErrorView {
  return { code: 'CM-6501', class: 'ca-refused', message, hints: ['Look into the console.'], detail: 'RetCode 58010' };
}

/** Where an order stands after something has happened at the console. */
function stands(
  order: OrderView,
  state: RemoteState,
  step: OrderStep,
  acts: OrderAct[],
  said: string,
): Partial<OrderView> {
  const kind: AtSource['kind'] = order.product?.name === 'DemoOV' ? 'organisation' : 'domain';
  const at = new Date().toISOString();
  return { atSource: { state, said, code: '', kind, at, notAfter: null }, step, acts };
}

const priceOf = (product: Product) => (product.name === 'DemoOV' ? 1999 : 40) * product.domains * product.years;

function buy(account: string, product: Product, note: string | null): OrderView {
  const order: OrderView = {
    ...orders.at(-1)!,
    order: String(orders.length + 1),
    source: 'ussl',
    remote: String(7000 + orders.length),
    account,
    product,
    note,
    domains: [],
    proofs: [],
    last: null,
  };
  orders = [{ ...order, ...stands(order, 'draft', 'submit', ['submit', 'cancel'], '待补全') }, ...orders];
  return orders[0]!;
}

async function ask(number: string): Promise<OrderView> {
  await sleep(500);
  const order = orders.find((one) => one.order === number)!;
  const waits = order.step === 'wait' || (order.step === 'prove' && order.last?.state === 'ready');
  return waits && order.source !== 'by-hand'
    ? change(number, stands(order, 'issued', 'fetch', ['reissue', 'renew', 'revoke'], '已签发'))
    : order;
}

function named(number: string, typed: string): OrderView {
  const order = orders.find((one) => one.order === number)!;
  if (typed !== (order.domains[0] ?? order.remote)) throw refusal('That is another name.');
  return order;
}

type Orders = Omit<
  Pick<Backend, Extract<keyof Backend, `${string}Order` | `order${string}` | `${string}Orders` | 'orders'>>,
  'orderRequest'
> &
  Pick<
    Backend,
    'startServerExport' | 'acmeDirectories' | 'acmeDirectory' | 'acmeOrderAgain' | 'startAcmeGoOn'
  >;

export const fakeOrders: Orders = {
  orders: async () => orders,
  orderRules: async () => [orders[0]!.rules],
  orderAdd: async (typed) => {
    const order: OrderView = {
      ...orders[0]!,
      order: String(orders.length + 1),
      domains: typed.domains,
      proofs: typed.proofs.map((proof) => ({ ...proof, host: '_dnsauth', zone: 'example.com', urls: [] })),
      last: null,
    };
    orders = [order, ...orders];
    return order;
  },
  orderRemove: async (order) => void (orders = orders.filter((one) => one.order !== order)),
  orderCheck: check,
  orderFile: async (_, path) => [`${path}/.well-known/pki-validation/A1B2.txt`],
  watchOrder: async (order, told) => {
    for (;;) {
      const last = await check(order);
      const ready = last.state === 'ready';
      told({ event: 'checked', order, check: last, next: ready ? null : 2 });
      if (ready) return last;
      await sleep(2000);
    }
  },
  unwatchOrder: async () => {},
  orderAccounts: async () => accounts,
  orderAccountAdd: async ({ name, publicKey, api, wanted }) => {
    const account = { name, source: 'ussl' as const, address: api, id: publicKey, secret: wanted, why: null };
    accounts = [...accounts, account];
    return account;
  },
  orderAccountRemove: async (name) => void (accounts = accounts.filter((one) => one.name !== name)),
  consoleOrders: async () => [
    { id: 6001, domains: 'old.example.com', state: '等待验证', stateCode: 'VALIDATING', name: 'DemoDV', brand: 'Demo' },
  ],
  orderFetch: async (account, id) => {
    const { order } = buy(account, { brand: 'Demo', name: 'DemoDV', domains: 1, years: 1 }, null);
    return change(order, { remote: String(id), domains: ['old.example.com'] });
  },
  orderProducts: async () => [
    {
      brand: 'Demo',
      name: 'DemoDV',
      title: '域名型 DV（演示）',
      category: 'DV',
      fewest: 1,
      most: 5,
      recommended: true,
    },
    {
      brand: 'Demo',
      name: 'DemoOV',
      title: '企业型 OV（演示）',
      category: 'OV',
      fewest: 1,
      most: 20,
      recommended: false,
    },
  ],
  orderPrice: async (_, product) => {
    await sleep(300);
    return { price: `${priceOf(product)}.0`, before: `${priceOf(product) * 1.25}`, available: true };
  },
  orderBuy: async (account, product, agreed, note) => {
    await sleep(700);
    if (agreed !== `${priceOf(product)}.0`) throw refusal('It costs something else.');
    return buy(account, product, note);
  },
  orderRefresh: ask,
  orderSettle: async (order) => change(order, { pending: null }),
  orderSubmit: async (number, said) => {
    await sleep(700);
    const order = change(number, { domains: said.domains });
    if (order.product?.name === 'DemoOV')
      return change(number, stands(order, 'reviewing', 'letter', ['letter', 'cancel'], '等待确认函'));
    const proofs = orders.at(-1)!.proofs;
    return change(number, { proofs, ...stands(order, 'proving', 'prove', ['cancel'], '等待验证') });
  },
  orderLetterForm: async () => 'pdf',
  orderLetter: async (number) => {
    const order = orders.find((one) => one.order === number)!;
    return change(number, stands(order, 'reviewing', 'wait', ['cancel'], '审核中'));
  },
  orderCertificate: async () => {},
  startServerExport: async (_, { server, to }) => ({
    certificate: fakeCertificate('shop.example.com'),
    server,
    files: [
      { path: `${to}/fullchain.pem`, what: 'full-chain' },
      { path: `${to}/privkey.pem`, what: 'key' },
    ],
    key: 'written',
    lines: `ssl_certificate ${to}/fullchain.pem;\nssl_certificate_key ${to}/privkey.pem;`,
    steps: ['Put these lines into the server block.', 'Reload nginx.'],
    complete: true,
  }),
  orderNames: async (number) => {
    const order = orders.find((one) => one.order === number)!;
    return order.domains[0] ?? order.remote ?? number;
  },
  orderReissue: async (number, _, confirmed) => {
    const order = named(number, confirmed);
    return change(number, { last: null, ...stands(order, 'proving', 'prove', ['cancel'], '等待验证') });
  },
  orderRenew: async (number, product) => buy(orders.find((one) => one.order === number)!.account!, product, null),
  orderCancel: async (number, confirmed) =>
    change(number, stands(named(number, confirmed), 'cancelled', 'over', [], '已取消')),
  orderRevoke: async (number, _, __, confirmed) =>
    change(number, stands(named(number, confirmed), 'revoked', 'over', [], '已吊销')),
  followOrder: async (number, told) => {
    for (;;) {
      const order = await ask(number);
      if (order.atSource) told({ event: 'at-source', order: number, seen: order.atSource });
      if (order.step === 'fetch' || order.step === 'over') return order;
      if (order.step === 'prove') told({ event: 'checked', order: number, check: await check(number), next: 2 });
      await sleep(2000);
    }
  },
  acmeDirectories: async () => [
    { name: 'lets-encrypt', title: 'Let’s Encrypt', url: 'https://acme-v02.api.letsencrypt.org/directory', said: null },
  ],
  acmeDirectory: async (directory) => ({
    name: directory,
    title: directory,
    url: directory,
    said: { terms: 'https://ca.example/terms.pdf', website: null, wantsCodes: true, hasAccount: false },
  }),
  startAcmeOrder: async (_, wanted) => {
    const order = { ...orders.at(-1)!, order: String(orders.length + 1), source: 'acme' as const };
    const begun = { ...order, domains: wanted.domains, account: wanted.directory, last: null };
    orders = [{ ...begun, ...stands(begun, 'proving', 'prove', ['prove', 'cancel'], 'pending') }, ...orders];
    return orders[0]!;
  },
  startAcmeGoOn: async (_, order) => ({ order: await ask(order), wantsRequest: false, chain: [] }),
  acmeOrderAgain: async (order) => change(order, { last: null }),
};
