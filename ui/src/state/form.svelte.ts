// What was typed on Get a certificate. It survives leaving the page and every error; only success clears the code.

import type { CaProfile, EnrollOrder, KeyChoice, RequestTemplate } from '../backend';
import { providerOf, type UsbKey } from './tokens.svelte';
import { alternativeNames, isMissing, subject } from './wishes';

const ALL_KEYS: KeyChoice[] = ['rsa:2048', 'rsa:3072', 'rsa:4096', 'ec:p256', 'ec:p384', 'ec:p521', 'ed25519'];

/** PKCS#12 for browsers and other computers, PEM for servers. */
export type FileKind = 'p12' | 'pem';

export class Form {
  ca = $state('');
  reference = $state('');
  code = $state('');
  /** `file`, `computer`, or the id of a USB key. */
  place = $state('');
  /** Which store of this computer: its folder; empty: the person's own. */
  store = $state('');
  /** Which CSP or KSP of this computer; empty: chosen by us. */
  provider = $state('');
  path = $state('');
  /** What kind of file; an ending in the path says more. */
  kind = $state<FileKind>('p12');
  /** Empty: chosen by us. */
  key = $state<KeyChoice | ''>('');
  /** What was filled in for the names that the CA asks for, by the id of the wish. */
  names = $state<Record<string, string>>({});
  /** The CA makes the key, and sees it. */
  keyByCa = $state(false);
}

export const form = new Form();

export type FieldName = 'ca' | 'reference' | 'code' | 'place' | 'path' | 'name';

/** Keys that the CA takes and the place can make, best first. `place`: what it can, where that is known; `template`: what the CA said when
 * it was asked. */
export function keyKinds(
  profile: CaProfile | null,
  place: KeyChoice[],
  template: RequestTemplate | null = null,
): KeyChoice[] {
  const wanted = template?.keys.length ? template.keys : profile?.keys.length ? profile.keys : ALL_KEYS;
  return place.length ? wanted.filter((kind) => place.includes(kind)) : wanted;
}

/** What is missing, as the names of texts, in the order of the page. */
export function problems(form: Form, keys: UsbKey[], template: RequestTemplate | null = null): [FieldName, string][] {
  const found: [FieldName, string][] = [];
  if (!form.ca) found.push(['ca', 'get.problem.ca']);
  if (!form.reference.trim()) found.push(['reference', 'get.problem.reference']);
  if (!form.code.trim()) found.push(['code', 'get.problem.code']);
  if (form.place === 'file') {
    if (!form.path.trim()) found.push(['path', 'get.problem.pathMissing']);
    else if (!isAbsolute(form.path.trim())) found.push(['path', 'get.problem.pathRelative']);
  } else if (form.place !== 'computer' && !keys.some((key) => key.id === form.place))
    found.push(['place', 'get.problem.place']);
  if (template && isMissing(template, form.names)) found.push(['name', 'get.problem.name']);
  return found;
}

export function orderOf(
  form: Form,
  keys: UsbKey[],
  profile: CaProfile | null = null,
  template: RequestTemplate | null = null,
): EnrollOrder {
  const usb = keys.find((key) => key.id === form.place);
  const provider = usb ? providerOf(usb.plugged) : null;
  return {
    ca: form.ca,
    reference: form.reference.trim(),
    place: provider
      ? { kind: 'computer', store: null, provider }
      : usb
        ? {
            kind: 'token',
            label: usb.token.label,
            serial: usb.token.serial || null,
            manufacturer: null,
            model: null,
            driver: usb.token.driver,
            pinSource: null,
          }
        : form.place === 'computer'
          ? { kind: 'computer', store: form.store || null, provider: form.provider || null }
          : { kind: 'file', path: withEnding(form.path.trim(), form.kind) },
    // What the CA said is not asked for a second time.
    key: form.key || (template?.keys.length ? (keyKinds(profile, usb?.token.keys ?? [], template)[0] ?? null) : null),
    keyByCa: form.keyByCa && profile?.cmp.keyByCa === true,
    subject: template ? subject(template, form.names) : null,
    san: template ? alternativeNames(template, form.names) : [],
    noWait: false,
  };
}

export function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}

const ENDING = /\.(p12|pfx|pem)$/i;

/** The kind that a path's ending says, if it says one. */
export function kindOf(path: string): FileKind | null {
  const ending = ENDING.exec(path.trim())?.[1];
  return ending ? (ending.toLowerCase() === 'pem' ? 'pem' : 'p12') : null;
}

/** The path with an ending of this kind; one that fits stays. */
export function withEnding(path: string, kind: FileKind): string {
  return kindOf(path) === kind ? path : `${path.replace(ENDING, '')}.${kind}`;
}
