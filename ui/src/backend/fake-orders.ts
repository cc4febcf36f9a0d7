// Orders of a program that is not there: the first check finds the record missing, the next one finds it.

import type { Backend } from './index';
import type { OrderCheck, OrderView, ProofRow, RowKind, RowState } from './types';

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

type Orders = Pick<
  Backend,
  'orders' | 'orderRules' | 'orderAdd' | 'orderRemove' | 'orderCheck' | 'orderFile' | 'watchOrder' | 'unwatchOrder'
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
};
