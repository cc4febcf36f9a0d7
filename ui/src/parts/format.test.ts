import { describe, expect, it } from 'vitest';
import { duration, groupsOfFour, relative } from './format';

describe('format', () => {
  it.each([
    ['5f0c2ba1d9', '5F0C 2BA1 D9'],
    ['5f:0c:2b', '5F0C 2B'],
    ['', ''],
  ])('groups %s', (hex, grouped) => expect(groupsOfFour(hex)).toBe(grouped));

  const now = new Date('2026-01-31T12:00:00Z');
  it.each([
    ['2026-01-31T12:00:20Z', 'en', 'now'],
    ['2026-01-31T11:45:00Z', 'en', '15 minutes ago'],
    ['2026-02-21T12:00:00Z', 'en', 'in 21 days'],
    ['2027-01-31T12:00:00Z', 'en', 'in 11 months'],
    ['2029-01-31T13:00:00Z', 'en', 'in 3 years'],
    ['2026-02-21T12:00:00Z', 'zh-CN', '21天后'],
  ])('says %s in %s', (at, language, text) => expect(relative(new Date(at), now, language)).toBe(text));

  it('says how long', () => {
    expect(duration(740, 'en')).toBe('0.7 sec');
    expect(duration(72_000, 'en')).toBe('1 min 12 sec');
  });
});
