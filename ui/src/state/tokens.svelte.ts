// The USB keys that are plugged in. Asked for at the start, when one comes or goes, when the window comes to the front, and by the
// button; never polled.

import { asError, backend, type ErrorView, type PluggedToken, type RankedDriver, type TokenInfo } from '../backend';
import { oncePerFrame } from './frame';
import { isRunning } from './run.svelte';
import { lookForStores } from './stores.svelte';

/** A USB key that a driver sees. */
export interface UsbKey {
  /** Tells it from the others. */
  id: string;
  token: TokenInfo;
  /** The same, with the drivers for it in order. */
  plugged: PluggedToken;
}

let list = $state.raw<PluggedToken[] | null>(null);
/** Every driver has answered, or had its time. */
let whole = $state(false);
let error = $state.raw<ErrorView | null>(null);
let looking = $state(false);
let looked = 0;
/** Something changed while it was looked at. */
let again = false;

/** `null`: nothing is known yet. */
export function usbKeys(): UsbKey[] | null {
  const keys = (list ?? []).flatMap((one) => (one.token ? { id: one.id, token: one.token, plugged: one } : []));
  if (!whole && keys.length === 0) return null;
  return keys.sort((a, b) => Number(usable(b)) - Number(usable(a)));
}

/** The same, and those that only a CSP or KSP sees: a certificate can be put on them, and no more. */
export function keysForPlaces(): UsbKey[] | null {
  const keys = usbKeys();
  const more = (list ?? []).flatMap(byProvider);
  return keys || more.length ? [...(keys ?? []), ...more] : null;
}

function byProvider(plugged: PluggedToken): UsbKey[] {
  const chosen = chosenDriver(plugged);
  if (plugged.token || !chosen || !providerOf(plugged)) return [];
  const { id, name } = plugged;
  const token: TokenInfo = {
    label: name,
    model: '',
    manufacturer: '',
    serial: '',
    initialized: true,
    // Windows asks for it.
    pin: 'ok',
    writeProtected: false,
    pinPad: false,
    keys: chosen.keys,
    driver: chosen.driver,
    driverName: chosen.name,
    uri: '',
  };
  return [{ id, token, plugged }];
}

/** The CSP or KSP that is used for it; null: a PKCS#11 driver is. */
export function providerOf(plugged: PluggedToken): string | null {
  const chosen = chosenDriver(plugged);
  return chosen && chosen.kind !== 'pkcs11' ? chosen.driver : null;
}

/** What is plugged in and no driver sees, with what could drive it. */
export function unseenKeys(): PluggedToken[] {
  return whole ? (list ?? []).filter((one) => one.token === null && !providerOf(one)) : [];
}

export function isWhole(): boolean {
  return whole;
}

export function tokensError(): ErrorView | null {
  return error;
}

export function isLooking(): boolean {
  return looking;
}

export async function look(): Promise<void> {
  // No driver is asked for these, so they are looked for whatever else is under way.
  void lookForStores();
  // A driver at work on a job is not disturbed.
  if (looking || isRunning()) return;
  looking = true;
  const before = list ?? [];
  let ended = false;
  try {
    const partly = oncePerFrame((partial: PluggedToken[]) => {
      if (!ended) list = merge(before, list ?? [], partial);
    });
    const found = await backend.plugged(partly);
    ended = true;
    list = inPlace(list ?? [], found);
    [whole, error] = [true, null];
  } catch (thrown) {
    ended = true;
    error = asError(thrown);
  } finally {
    looking = false;
    looked = Date.now();
  }
  if (again) {
    again = false;
    await look();
  }
}

/** A key came or went. */
export function pluggedChanged(): void {
  if (looking) again = true;
  else void look();
}

/** The window came to the front: look again, unless that was just done. */
export function lookAgain(): void {
  if (Date.now() - looked > 3000) void look();
}

/** Remembers the driver for this key; `null`: the best one again. Throws what went wrong. */
export async function chooseDriver(token: PluggedToken, driver: string | null): Promise<void> {
  await backend.chooseDriver(token.id, driver);
  await look();
}

/** The driver that will be used. */
export function chosenDriver(token: PluggedToken): RankedDriver | null {
  return token.drivers.find((driver) => driver.chosen) ?? null;
}

/** Can a certificate be put on it? */
export function usable(key: UsbKey): boolean {
  const { initialized, writeProtected, pin } = key.token;
  return initialized && !writeProtected && pin !== 'locked' && pin !== 'not-set';
}

/**
 * While drivers are still asked: what is known now, and what was known before of the keys that none of them has spoken of yet.
 */
export function merge(before: PluggedToken[], shown: PluggedToken[], partial: PluggedToken[]): PluggedToken[] {
  const known = new Map(before.map((one) => [one.id, one]));
  for (const one of partial) if (one.token || !known.get(one.id)?.token) known.set(one.id, one);
  return inPlace(shown, [...known.values()]);
}

/** In the order in which they are shown: what was there keeps its place. */
function inPlace(shown: PluggedToken[], found: PluggedToken[]): PluggedToken[] {
  const place = new Map(shown.map((one, index) => [one.id, index]));
  const at = (one: PluggedToken) => place.get(one.id) ?? place.size;
  return found.toSorted((a, b) => at(a) - at(b));
}
