import { describe, expect, it } from 'vitest';
import type { CheckUp, Finding } from '../backend';
import { merge, named, verdict } from './checkup.svelte';

const finding = (code: string, severity: Finding['severity'] = 'warning', about = ''): Finding => ({
  code,
  severity,
  about,
  message: '',
  hints: [],
  detail: '',
  fix: null,
});
const found = (findings: Finding[], checks: string[] = []): CheckUp => ({
  taken: '',
  findings,
  lines: checks.map((check) => ({ check, state: 'good', facts: {}, problem: null })),
  done: [],
});
const codes = (of: CheckUp) => of.findings.map((one) => one.code);

describe('a check-up', () => {
  it('is as bad as the worst that was found; notes are in nobody’s way', () => {
    expect(verdict(found([]))).toBe('good');
    expect(verdict(found([finding('1', 'note')]))).toBe('good');
    expect(verdict(found([finding('1', 'note'), finding('2')]))).toBe('warning');
    expect(verdict(found([finding('1'), finding('2', 'error')]))).toBe('bad');
  });

  it('gives each finding a name of its own', () => {
    const twice = [finding('1', 'note', 'Alice'), finding('1', 'note', 'Bob'), finding('1', 'note', 'Bob')];
    expect(named(twice).map(([name]) => name)).toEqual(['1/Alice', '1/Bob', '1/Bob/2']);
  });

  it('shows what was found before until the new one comes to it, worst first', () => {
    const before = found([finding('1', 'error'), finding('2')], ['ca', 'driver']);
    const partial = merge(before, found([finding('3', 'note'), finding('2', 'error')], ['driver']));
    expect(codes(partial)).toEqual(['2', '1', '3']);
    expect(partial.lines.map((line) => line.check)).toEqual(['driver', 'ca']);
    expect(codes(merge(null, found([finding('3')])))).toEqual(['3']);
  });
});
