// What was typed on Get a certificate. It survives leaving the page and every error; only success clears the code.

import type { EnrollOrder, KeyChoice } from '../backend';
import type { UsbKey } from './tokens.svelte';

export class Form {
  ca = $state('');
  reference = $state('');
  code = $state('');
  /** `file`, or the id of a USB key. */
  place = $state('');
  path = $state('');
  /** Driver chosen by hand; empty: chosen by us. */
  driver = $state('');
  /** Empty: chosen by us. */
  key = $state<KeyChoice | ''>('');
}

export const form = new Form();

export type FieldName = 'ca' | 'reference' | 'code' | 'place' | 'path';

/** What is missing, as the names of texts, in the order of the page. */
export function problems(form: Form, keys: UsbKey[]): [FieldName, string][] {
  const found: [FieldName, string][] = [];
  if (!form.ca) found.push(['ca', 'get.problem.ca']);
  if (!form.reference.trim()) found.push(['reference', 'get.problem.reference']);
  if (!form.code.trim()) found.push(['code', 'get.problem.code']);
  if (form.place === 'file') {
    if (!form.path.trim()) found.push(['path', 'get.problem.pathMissing']);
    else if (!isAbsolute(form.path.trim())) found.push(['path', 'get.problem.pathRelative']);
  } else if (!keys.some((key) => key.id === form.place)) found.push(['place', 'get.problem.place']);
  return found;
}

export function orderOf(form: Form, keys: UsbKey[]): EnrollOrder {
  const usb = keys.find((key) => key.id === form.place);
  return {
    ca: form.ca,
    reference: form.reference.trim(),
    place: usb
      ? {
          kind: 'token',
          label: usb.token.label,
          serial: usb.token.serial || null,
          manufacturer: null,
          model: null,
          driver: form.driver || usb.token.driver,
          pinSource: null,
        }
      : { kind: 'file', path: withEnding(form.path.trim()) },
    key: form.key || null,
    subject: null,
    san: [],
    noWait: false,
  };
}

export function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}

export function withEnding(path: string): string {
  return /\.(p12|pfx)$/i.test(path) ? path : `${path}.p12`;
}
