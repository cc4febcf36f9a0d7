import { describe, expect, it } from 'vitest';
import type { Reminder } from '../backend';
import { untold } from './reminders.svelte';

const ends = (days: number, more: Partial<Reminder> = {}): Reminder => ({
  name: 'Alice',
  notAfter: '2026-12-01T00:00:00Z',
  days,
  placeName: '',
  sha256: 'aa',
  order: null,
  way: 'renew',
  ...more,
});

describe('reminders', () => {
  it('tells once at each stage', () => {
    let told: string[] = [];
    const heard: number[] = [];
    for (const days of [45, 40, 30, 29, 8, 7, 3, 1, 1, 0, -1, -5]) {
      const seen = untold([ends(days)], told);
      told = seen.told;
      if (seen.fresh.length) heard.push(days);
    }
    expect(heard).toEqual([45, 30, 7, 1, 0]);
  });

  it('keeps them apart, and forgets what is over', () => {
    const both = [ends(5), ends(5, { sha256: null, order: '3' })];
    const first = untold(both, []);
    expect(first.fresh).toHaveLength(2);
    expect(untold(both, first.told).fresh).toEqual([]);
    expect(untold([], first.told).told).toEqual([]);
  });
});
