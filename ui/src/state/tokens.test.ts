import { describe, expect, it } from 'vitest';
import type { TokenInfo, TokenList } from '../backend';
import { merge } from './tokens.svelte';

const token = (serial: string, driver: string): TokenInfo => ({
  label: 'Alice',
  model: 'M',
  manufacturer: 'X',
  serial,
  initialized: true,
  pin: 'ok',
  writeProtected: false,
  pinPad: false,
  keys: [],
  driver,
  driverName: driver,
  uri: '',
});
const list = (tokens: TokenInfo[], asking: string[] = []): TokenList => ({ tokens, drivers: [], asking });
const serials = (list: TokenList) => list.tokens.map((token) => token.serial).join('');

describe('a list that fills in', () => {
  it('shows what has answered, in the order of the answers', () => {
    const first = merge(null, null, list([token('3', 'c')], ['a', 'b']));
    expect(serials(first)).toBe('3');
    const second = merge(null, first, list([token('1', 'a'), token('3', 'c')], ['b']));
    expect(serials(second)).toBe('31');
  });

  it('keeps what was there in its place until its driver has answered', () => {
    const before = list([token('1', 'a'), token('2', 'b'), token('3', 'c')]);
    let shown = merge(before, before, list([], ['a', 'b', 'c']));
    expect(serials(shown)).toBe('123');
    // The second one was pulled out, a new one came.
    shown = merge(before, shown, list([token('4', 'b')], ['a', 'c']));
    expect(serials(shown)).toBe('134');
    shown = merge(before, shown, list([token('1', 'a'), token('4', 'b'), token('3', 'c')]));
    expect(serials(shown)).toBe('134');
  });

  it('lists a key once when another driver shows it', () => {
    const before = list([token('1', 'a')]);
    const shown = merge(before, before, list([token('1', 'b')], ['a']));
    expect(shown.tokens.map((token) => token.driver)).toEqual(['b']);
  });
});
