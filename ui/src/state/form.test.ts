import { describe, expect, it } from 'vitest';
import { Form, isAbsolute, kindOf, orderOf, problems, withEnding } from './form.svelte';
import type { UsbKey } from './tokens.svelte';
import { plugged, ranked } from './tokens.testdata';

/** A USB key seen through that driver. */
const key = (driver: string): UsbKey => {
  const one = plugged('1', driver);
  return { id: one.id, token: one.token!, plugged: one };
};

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
    expect(['a.p12', 'a.PFX', 'a'].map((path) => withEnding(path, 'p12'))).toEqual(['a.p12', 'a.PFX', 'a.p12']);
    expect(['a.p12', 'a.PEM', 'a.b'].map((path) => withEnding(path, 'pem'))).toEqual(['a.pem', 'a.PEM', 'a.b.pem']);
    expect(['a.PEM', ' /x/a.pfx ', 'a.txt', ''].map(kindOf)).toEqual(['pem', 'p12', null, null]);
  });

  it('has no place for the code in the order', () => {
    const form = filled();
    form.code = 'top secret';
    expect(JSON.stringify(orderOf(form, []))).not.toContain('top secret');
  });

  it('orders a USB key through the driver chosen', () => {
    const form = filled();
    form.place = '1';
    expect(orderOf(form, [key('/a.so')]).place).toMatchObject({
      kind: 'token',
      label: 'Alice',
      serial: '1',
      driver: '/a.so',
    });
  });

  it('orders a key in a CSP or KSP', () => {
    const form = filled();
    form.place = '1';
    const seen = key('/a.so');
    const card = ranked('ksp', 'Card KSP', true);
    const through = { ...seen, plugged: { ...seen.plugged, drivers: [ranked('pkcs11', '/a.so', false), card] } };
    expect(orderOf(form, [through]).place).toEqual({ kind: 'computer', store: null, provider: 'Card KSP' });
    form.place = 'computer';
    form.provider = 'Platform KSP';
    expect(orderOf(form, [through]).place).toEqual({ kind: 'computer', store: null, provider: 'Platform KSP' });
  });

  it('orders a store of this computer', () => {
    const form = filled();
    form.place = 'computer';
    expect(problems(form, [])).toEqual([]);
    expect(orderOf(form, []).place).toEqual({ kind: 'computer', store: null, provider: null });
    form.store = '/home/a/.mozilla/firefox/x.default';
    expect(orderOf(form, []).place).toMatchObject({ kind: 'computer', store: '/home/a/.mozilla/firefox/x.default' });
  });

  it('does not take a USB key that was pulled out', () => {
    const form = filled();
    form.place = '1/Alice';
    expect(problems(form, [])).toEqual([['place', 'get.problem.place']]);
  });
});
