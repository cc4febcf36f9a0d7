// Where the request of each order comes from: a key that is made here, or a file. As it was typed; leaving the page loses nothing.

import { backend, type KeyChoice, type OrderView } from '../backend';
import { Form, keyKinds, orderOf, problems } from './form.svelte';
import { chosenProvider } from './providers.svelte';
import { keysForPlaces } from './tokens.svelte';

/** Says which: a key here, or a file with a request. */
export class RequestChoice {
  here = $state(true);
  /** File with the request. */
  path = $state('');
  readonly form = new Form();

  constructor() {
    // Servers mostly read PEM files.
    this.form.place = 'file';
    this.form.kind = 'pem';
  }

  kinds(): KeyChoice[] {
    const usb = keysForPlaces()?.find((key) => key.id === this.form.place);
    return keyKinds(null, usb?.token.keys ?? chosenProvider(this.form)?.keys ?? []);
  }

  /** What is missing, as the name of a text, and for which part of the choice. */
  problem(part: 'place' | 'path'): string | null {
    return problems(this.form, keysForPlaces() ?? []).find(([field]) => field === part)?.[1] ?? null;
  }
}

const choices = new Map<string, RequestChoice>();

/** `of`: what tells it from others of the same order. */
export function requestOf(order: string, of = 'first'): RequestChoice {
  const name = `${order} ${of}`;
  const choice = choices.get(name) ?? new RequestChoice();
  choices.set(name, choice);
  return choice;
}

/** The key that waits for the order's certificate. */
export function waitingKey(order: OrderView) {
  return order.key && !['done', 'failed', 'cancelled'].includes(order.key.state) ? order.key : null;
}

/** Makes the key if it is to be made here; resolves to the file with the request, `null`: that of the order's own key. */
export async function requestFor(
  choice: RequestChoice,
  order: OrderView,
  domains: string[],
  run: number,
): Promise<string | null> {
  if (waitingKey(order)?.handedIn) return null;
  if (!choice.here) return choice.path.trim();
  const { place, key } = orderOf(choice.form, keysForPlaces() ?? []);
  await backend.startOrderKey(run, order.order, { place, key, domains });
  return null;
}
