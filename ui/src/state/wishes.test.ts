import { describe, expect, it } from 'vitest';
import type { RequestTemplate } from '../backend';
import { alternativeNames, isMissing, subject, wishesOf } from './wishes';

const template: RequestTemplate = {
  fields: [
    { name: 'C', value: 'CN' },
    { name: 'O', value: 'Acme, Ltd.' },
    { name: 'OU', value: null },
    { name: 'CN', value: null },
    { name: 'email', value: null },
    { name: 'dns', value: 'www.example.com' },
    { name: '2.5.29.15', value: null },
    { name: 'subjectAltName', value: null },
  ],
  keys: ['ec:p256'],
};

describe('wishes', () => {
  it('shows what a person understands', () => {
    expect(wishesOf(template).map(({ name }) => name)).toEqual(['C', 'O', 'OU', 'CN', 'email', 'dns']);
  });

  it('needs the common name and nothing else', () => {
    expect(isMissing(template, {})).toBe(true);
    expect(isMissing(template, { '3-CN': '  ' })).toBe(true);
    expect(isMissing(template, { '3-CN': 'Alice' })).toBe(false);
    expect(isMissing({ fields: [{ name: 'CN', value: 'Alice' }], keys: [] }, {})).toBe(false);
  });

  it('builds the subject, the last part first', () => {
    expect(subject(template, { '3-CN': 'Alice' })).toBe('CN=Alice,O=Acme\\, Ltd.,C=CN');
    expect(subject(template, { '2-OU': '#1 "a"', '3-CN': ' 王 = x ' })).toBe(
      'CN=王 \\= x,OU=\\#1 \\"a\\",O=Acme\\, Ltd.,C=CN',
    );
    expect(subject({ fields: [{ name: 'dns', value: 'a.example' }], keys: [] }, {})).toBe(null);
  });

  it('builds the alternative names', () => {
    expect(alternativeNames(template, {})).toEqual(['dns:www.example.com']);
    expect(alternativeNames(template, { '4-email': 'a@b.example' })).toEqual([
      'email:a@b.example',
      'dns:www.example.com',
    ]);
  });
});
