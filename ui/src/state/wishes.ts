// What a CA wants in a request, as names to be shown and filled in.

import type { RequestTemplate } from '../backend';

export interface Wish {
  /** Tells it from the others of the template. */
  id: string;
  /** `CN`, `O`, …; `dns` and `email` are alternative names. */
  name: string;
  /** What it shall be; `null`: the person fills it in. */
  value: string | null;
}

const ALTERNATIVE = ['dns', 'email'];

/** Those that a person can understand: an extension without a name is left to the CA. */
export function wishesOf(template: RequestTemplate): Wish[] {
  return template.fields
    .map(({ name, value }, index) => ({ id: `${index}-${name}`, name, value }))
    .filter(({ name }) => /^[A-Za-z]+$/.test(name) && name !== 'subjectAltName');
}

/** Without a common name nobody knows whose certificate it is; the rest may be left out. */
export const isNeeded = (wish: Wish) => wish.value === null && wish.name === 'CN';

export function isMissing(template: RequestTemplate, names: Record<string, string>): boolean {
  return wishesOf(template).some((wish) => isNeeded(wish) && !names[wish.id]?.trim());
}

/** The subject to ask for, RFC 4514 (what comes first in the template stands last); `null`: left to the CA. */
export function subject(template: RequestTemplate, names: Record<string, string>): string | null {
  const parts = filled(template, names).filter(({ name }) => !ALTERNATIVE.includes(name));
  return parts.length
    ? parts
        .map(({ name, value }) => `${name}=${escaped(value)}`)
        .reverse()
        .join(',')
    : null;
}

export function alternativeNames(template: RequestTemplate, names: Record<string, string>): string[] {
  const parts = filled(template, names).filter(({ name }) => ALTERNATIVE.includes(name));
  return parts.map(({ name, value }) => `${name}:${value}`);
}

function filled(template: RequestTemplate, names: Record<string, string>): { name: string; value: string }[] {
  return wishesOf(template)
    .map(({ id, name, value }) => ({ name, value: value ?? names[id]?.trim() ?? '' }))
    .filter(({ value }) => value !== '');
}

/** RFC 4514 §2.4 */
function escaped(value: string): string {
  return value
    .replace(/[\\"+,;<>=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
