import { describe, expect, it } from 'vitest';
import type { Driver, TokenInfo } from '../backend';
import { Form, isAbsolute, orderOf, problems, withEnding } from './form.svelte';
import { group } from './tokens.svelte';

const token = (driver: string, serial = '1'): TokenInfo => ({
  label: 'Alice',
  model: 'M',
  manufacturer: 'X',
  serial,
  initialized: true,
  pin: 'ok',
  writeProtected: false,
  pinPad: false,
  keys: ['rsa:2048'],
  driver,
  driverName: driver,
  uri: '',
});

const driver = (path: string, broken = false): Driver => ({
  path,
  origin: 'named',
  entry: null,
  name: path,
  description: null,
  manufacturer: null,
  version: null,
  file: { readable: true, format: 'elf', architectures: [], bits: 64, version: '', signature: '' },
  notAsked: false,
  tokens: [],
  keys: [],
  page: null,
  problem: broken ? { code: 'CM-2001', class: 'driver', message: '', hints: [], detail: '' } : null,
});

function filled(): Form {
  const form = new Form();
  Object.assign(form, { ca: 'demo', reference: ' R-1 ', code: 'c', place: 'file', path: '/home/a/b' });
  return form;
}

describe('form', () => {
  it('names what is missing in the order of the page', () => {
    expect(problems(new Form(), []).map(([field]) => field)).toEqual(['ca', 'reference', 'code', 'place']);
    expect(problems(filled(), [])).toEqual([]);
  });

  it('wants a whole path', () => {
    const form = filled();
    form.path = 'b.p12';
    expect(problems(form, [])).toEqual([['path', 'get.problem.pathRelative']]);
    expect(['/a', 'C:\\a', 'c:/a', '\\\\host\\a'].every(isAbsolute)).toBe(true);
    expect(['a', './a', 'C:a', '~/a'].some(isAbsolute)).toBe(false);
  });

  it('orders a file', () => {
    expect(orderOf(filled(), [])).toMatchObject({
      ca: 'demo',
      reference: 'R-1',
      place: { kind: 'file', path: '/home/a/b.p12' },
    });
    expect(['a.p12', 'a.PFX', 'a'].map(withEnding)).toEqual(['a.p12', 'a.PFX', 'a.p12']);
  });

  it('has no place for the code in the order', () => {
    const form = filled();
    form.code = 'top secret';
    expect(JSON.stringify(orderOf(form, []))).not.toContain('top secret');
  });

  it('orders a USB key through the driver chosen', () => {
    const keys = group(
      [token('/a.so'), token('/a.so', '2')],
      [driver('/a.so'), driver('/b.so'), driver('/c.so', true)],
    );
    expect(keys.map((key) => key.drivers.map(({ file }) => file))).toEqual([
      ['/a.so', '/b.so'],
      ['/a.so', '/b.so'],
    ]);
    const form = filled();
    form.place = keys[0]!.id;
    expect(orderOf(form, keys).place).toMatchObject({ kind: 'token', label: 'Alice', serial: '1', driver: '/a.so' });
    form.driver = '/b.so';
    expect(orderOf(form, keys).place).toMatchObject({ driver: '/b.so' });
  });

  it('does not take a USB key that was pulled out', () => {
    const form = filled();
    form.place = '1/Alice';
    expect(problems(form, [])).toEqual([['place', 'get.problem.place']]);
  });
});
