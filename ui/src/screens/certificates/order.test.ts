import { expect, test } from 'vitest';
import type { FoundCertificate } from '../../backend';
import { arranged, validity } from './order';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const found = (cn: string, placeName: string, days: number, more = {}) =>
  ({
    certificate: {
      cn,
      subject: `CN=${cn},O=Example`,
      issuer: 'CN=Example CA',
      san: [`email:${cn.toLowerCase()}@example.com`],
      serial: '0a1b2c',
      sha256: `ff00${days}`,
      notBefore: '2026-01-01T00:00:00Z',
      notAfterUnix: NOW / 1000 + days * 86_400,
      ...more,
    },
    place: `file:/${cn}`,
    placeName,
  }) as unknown as FoundCertificate;

test.each([
  [100, '2026-01-01T00:00:00Z', 'good'],
  [29, '2026-01-01T00:00:00Z', 'soon'],
  [-1, '2026-01-01T00:00:00Z', 'ended'],
  [100, '2026-07-01T00:00:00Z', 'to-come'],
])('%s days, from %s: %s', (days, notBefore, state) => {
  expect(validity(found('A', 'x', days, { notBefore }).certificate, NOW)).toBe(state);
});

const all = [found('Bob', 'Zebra', 1), found('alice', 'Apple', 2), found('王小明', '/m.p12', 3)];

test.each([
  ['', 'expiry', ['Bob', 'alice', '王小明']],
  ['', 'name', ['alice', 'Bob', '王小明']],
  ['', 'place', ['王小明', 'alice', 'Bob']],
  ['ALICE', 'expiry', ['alice']],
  ['bob@EXAMPLE', 'expiry', ['Bob']],
  ['example ca', 'expiry', ['Bob', 'alice', '王小明']],
  ['0a:1b 2c', 'expiry', ['Bob', 'alice', '王小明']],
  ['ff 00 2', 'expiry', ['alice']],
  ['zebra', 'expiry', ['Bob']],
  [':', 'expiry', ['Bob', 'alice', '王小明'].slice(0, 3)],
  ['nobody', 'name', []],
] as const)('search %s by %s', (search, sort, names) => {
  expect(arranged(all, search, sort).map(({ found }) => found.certificate.cn)).toEqual([...names]);
});

test('hundreds are arranged at once', () => {
  const many = Array.from({ length: 1000 }, (_, index) => found(`N${index}`, `P${index % 7}`, index));
  const begin = performance.now();
  expect(arranged(many, 'example', 'name')).toHaveLength(1000);
  expect(performance.now() - begin).toBeLessThan(500);
});
