// The USB keys that are plugged in. Asked for at the start, when the window comes to the front, and by the button; never polled.

import { asError, backend, type Driver, type ErrorView, type TokenInfo, type TokenList } from '../backend';
import { isRunning } from './run.svelte';

/** One USB key; several drivers may show the same one. */
export interface UsbKey {
  /** Tells it from the others. */
  id: string;
  token: TokenInfo;
  /** The drivers to choose from, the one chosen for the person first. */
  drivers: { file: string; name: string }[];
}

let list = $state.raw<TokenList | null>(null);
let error = $state.raw<ErrorView | null>(null);
let looking = $state(false);
let looked = 0;

/** `null`: nothing is known yet. */
export function usbKeys(): UsbKey[] | null {
  if (!list || (list.asking.length > 0 && list.tokens.length === 0)) return null;
  return group(list.tokens, list.drivers);
}

/** Every driver has answered, or had its time. */
export function isWhole(): boolean {
  return list?.asking.length === 0;
}

export function tokensError(): ErrorView | null {
  return error;
}

export function isLooking(): boolean {
  return looking;
}

export async function look(): Promise<void> {
  // A driver at work on a job is not disturbed.
  if (looking || isRunning()) return;
  looking = true;
  const before = list;
  let whole = false;
  try {
    const found = await backend.tokens((partial) => {
      if (!whole) list = merge(before, list, partial);
    });
    whole = true;
    list = merge(before, list, found);
    error = null;
  } catch (thrown) {
    whole = true;
    error = asError(thrown);
  } finally {
    looking = false;
    looked = Date.now();
  }
}

/** The window came to the front: look again, unless that was just done. */
export function lookAgain(): void {
  if (Date.now() - looked > 3000) void look();
}

/** Can a certificate be put on it? */
export function usable(key: UsbKey): boolean {
  const { initialized, writeProtected, pin } = key.token;
  return initialized && !writeProtected && pin !== 'locked' && pin !== 'not-set';
}

const idOf = (token: TokenInfo) => `${token.serial}/${token.label}`;

/**
 * What is known now, in the order in which it is shown: what was there keeps its place. Of the look before stays what its
 * driver has not been asked for yet.
 */
export function merge(before: TokenList | null, shown: TokenList | null, fresh: TokenList): TokenList {
  const open = new Set(fresh.asking);
  const known = new Map(before?.tokens.filter((token) => open.has(token.driver)).map((token) => [idOf(token), token]));
  for (const token of fresh.tokens) known.set(idOf(token), token);
  const place = new Map(shown?.tokens.map((token, index) => [idOf(token), index]));
  const at = (token: TokenInfo) => place.get(idOf(token)) ?? place.size;
  const tokens = [...known.values()].sort((a, b) => at(a) - at(b));
  const drivers = [...fresh.drivers, ...(before?.drivers.filter((driver) => open.has(driver.path)) ?? [])];
  return { tokens, drivers, asking: fresh.asking };
}

/** The core lists a key once, with the driver that it would take; any other driver that answers may be tried by hand. */
export function group(tokens: TokenInfo[], drivers: Driver[]): UsbKey[] {
  const others = drivers
    .filter((driver) => !driver.problem)
    .map((driver) => ({ file: driver.path, name: driver.name ?? driver.description ?? driver.path }));
  const keys = new Map<string, UsbKey>();
  for (const token of tokens) {
    const id = idOf(token);
    const mine = { file: token.driver, name: token.driverName };
    const known = keys.get(id);
    if (!known)
      keys.set(id, { id, token, drivers: [mine, ...others.filter((driver) => driver.file !== token.driver)] });
  }
  return [...keys.values()].sort((a, b) => Number(usable(b)) - Number(usable(a)));
}
