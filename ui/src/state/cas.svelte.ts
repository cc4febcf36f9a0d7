// The CAs known.

import { asError, backend, type CaProfile, type ErrorView } from '../backend';

let list = $state.raw<CaProfile[] | null>(null);
let error = $state.raw<ErrorView | null>(null);

export function cas(): CaProfile[] | null {
  return list;
}

/** How people know the CA of this name. */
export function caTitle(name: string): string {
  return list?.find((ca) => ca.name === name)?.title || name;
}

export function casError(): ErrorView | null {
  return error;
}

export async function loadCas(): Promise<void> {
  try {
    list = await backend.caList();
    error = null;
  } catch (thrown) {
    error = asError(thrown);
  }
}

/** SHA-256 of each PEM certificate, to be compared by eye. */
export async function fingerprints(pems: string[]): Promise<string[]> {
  const blocks = pems.flatMap((pem) =>
    [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map((match) => match[1]!),
  );
  return Promise.all(
    blocks.map(async (block) => {
      const der = Uint8Array.from(atob(block.replace(/\s+/g, '')), (char) => char.charCodeAt(0));
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
      return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }),
  );
}
