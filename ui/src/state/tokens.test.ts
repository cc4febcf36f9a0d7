import { describe, expect, it } from 'vitest';
import type { PluggedToken } from '../backend';
import { merge } from './tokens.svelte';
import { plugged } from './tokens.testdata';

const ids = (list: PluggedToken[]) => list.map((one) => one.id).join('');
const [one, two, three, four] = ['1', '2', '3', '4'].map((id) => plugged(id)) as [
  PluggedToken,
  PluggedToken,
  PluggedToken,
  PluggedToken,
];

describe('a list that fills in', () => {
  it('shows what has answered, in the order of the answers', () => {
    const first = merge([], [], [three]);
    expect(ids(first)).toBe('3');
    expect(ids(merge([], first, [one, three]))).toBe('31');
  });

  it('keeps what was there in its place', () => {
    const before = [one, two, three];
    const shown = merge(before, before, []);
    expect(ids(shown)).toBe('123');
    expect(ids(merge(before, shown, [four, two]))).toBe('1234');
  });

  it('does not forget what a driver said before while it has not answered again', () => {
    const unseen = { ...one, token: null };
    expect(merge([one], [one], [unseen])[0]?.token).toEqual(one.token);
    expect(merge([unseen], [unseen], [one])[0]?.token).toEqual(one.token);
  });
});
