// Taking care of USB keys: what they say, what is on them, and what is being done with one of them. Leaving the page loses nothing.

import {
  asError,
  backend,
  type ErrorView,
  type Given,
  type Question,
  type TokenContent,
  type TokenDetail,
  type TokenObject,
} from '../backend';
import { isRunning, newNumber } from './run.svelte';

/** What can be done with a key. */
export type Act =
  | { kind: 'look' }
  | { kind: 'set-pin' }
  | { kind: 'unblock' }
  | { kind: 'change-pin' }
  | { kind: 'change-so-pin' }
  | { kind: 'init'; label: string }
  | { kind: 'delete'; object: TokenObject; beside: number; whole: boolean };

/** An act from its first press to its end. */
export class Deed {
  readonly act: Act;
  /** `idOf` the key; another one when it has been set up. */
  key = $state('');
  readonly run = newNumber();
  /** It waits for what only its form can say. */
  filling = $state(false);
  question = $state.raw<{ id: number; question: Question } | null>(null);
  /** The device asks for the PIN itself, now. */
  onDevice = $state(false);
  error = $state.raw<ErrorView | null>(null);
  done = $state(false);

  constructor(act: Act, key: string) {
    this.act = $state(act) as Act;
    this.key = key;
    this.filling = act.kind === 'init' || act.kind === 'delete';
  }

  get busy(): boolean {
    return !this.filling && !this.done && !this.error && !this.question;
  }

  get over(): boolean {
    return this.done || this.error !== null;
  }

  answer(given: Given): void {
    if (!this.question) return;
    const { id, question } = this.question;
    this.question = null;
    this.onDevice = question.question === 'pin-pad' && given.kind === 'yes';
    void backend.answer(this.run, id, given);
  }
}

let details = $state.raw<TokenDetail[] | null>(null);
let error = $state.raw<ErrorView | null>(null);
let looking = $state(false);
let contents = $state.raw<Record<string, TokenContent | ErrorView>>({});
let deed = $state.raw<Deed | null>(null);

export const idOf = (detail: TokenDetail) => `${detail.token.serial}/${detail.token.label}/${detail.token.driver}`;
export const keysHere = () => details;
export const keysError = () => error;
export const isLookingAtKeys = () => looking;
export const currentDeed = () => deed;
export const contentOf = (key: string): TokenContent | ErrorView | undefined => contents[key];

/** Something is being done with a key, or waits for an answer. */
export function isCaring(): boolean {
  return deed !== null && !deed.over && !deed.filling;
}

export async function lookAtKeys(): Promise<void> {
  // A driver at work is not disturbed.
  if (looking || isRunning() || isCaring()) return;
  looking = true;
  try {
    details = await backend.tokenList();
    error = null;
  } catch (thrown) {
    error = asError(thrown);
  } finally {
    looking = false;
  }
}

/** What everybody may see on a key; once, unless `again`. */
export async function readPublic(detail: TokenDetail, again = false): Promise<void> {
  const key = idOf(detail);
  if ((contents[key] && !again) || isRunning() || isCaring() || !detail.token.initialized) return;
  try {
    keepContent(key, await backend.tokenObjects(newNumber(), detail.token.uri, false));
  } catch (thrown) {
    keepContent(key, asError(thrown));
  }
}

function keepContent(key: string, content: TokenContent | ErrorView): void {
  contents = { ...contents, [key]: content };
}

export function begin(act: Act, detail: TokenDetail): void {
  if (isRunning() || isCaring()) return;
  deed = new Deed(act, idOf(detail));
  if (!deed.filling) void doIt(detail);
}

export function dropDeed(): void {
  if (deed && !deed.over && !deed.filling) void backend.cancel(deed.run);
  else deed = null;
}

/** Does what was begun. Whatever comes of it, the keys are looked at anew. */
export async function doIt(detail: TokenDetail): Promise<void> {
  const mine = deed;
  if (!mine) return;
  mine.filling = false;
  try {
    await call(mine, detail);
    mine.done = true;
    // What was looked for is shown; there is nothing to say about it.
    if (mine.act.kind === 'look') deed = null;
  } catch (thrown) {
    const problem = asError(thrown);
    // Who stops it knows.
    if (problem.class === 'cancelled') deed = null;
    else mine.error = problem;
  } finally {
    mine.question = null;
    mine.onDevice = false;
    if (mine.act.kind !== 'look') void lookAtKeys();
  }
}

async function call(mine: Deed, { token }: TokenDetail): Promise<void> {
  const { act, run, key } = mine;
  switch (act.kind) {
    case 'look':
      return keepContent(key, await backend.tokenObjects(run, token.uri, true));
    case 'set-pin':
      return void (await backend.tokenSetPin(run, token.uri));
    case 'unblock':
      return void (await backend.tokenUnblock(run, token.uri));
    case 'change-pin':
      return void (await backend.tokenChangePin(run, token.uri, 'user'));
    case 'change-so-pin':
      return void (await backend.tokenChangePin(run, token.uri, 'security-officer'));
    case 'init':
      mine.key = idOf(await backend.tokenInit(run, token.uri, act.label.trim()));
      return forget(key);
    case 'delete':
      await backend.tokenDelete(run, token.uri, act.object.name, act.whole);
      return forget(key);
  }
}

/** What was on a key is not true any more. */
function forget(key: string): void {
  const { [key]: _, ...others } = contents;
  contents = others;
}

backend.onQuestion((run, id, question) => {
  if (deed?.run === run && !deed.over) {
    deed.onDevice = false;
    deed.question = { id, question };
  }
});
