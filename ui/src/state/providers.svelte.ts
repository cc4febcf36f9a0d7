// Windows' CSPs and KSPs, in which a key of this computer's store can be made. Asked for once this computer is chosen: a program of the
// maker's answers for each.

import { backend, type KeyProvider } from '../backend';
import { form, type Form } from './form.svelte';

let list = $state.raw<KeyProvider[] | null>(null);
let asked = false;

/** Those that can make a key; null: not known, or not on Windows. */
export function providers(): KeyProvider[] | null {
  return list;
}

/** The one that was chosen for this computer's store. */
export function chosenProvider(of: Form = form): KeyProvider | null {
  return (of.place === 'computer' && list?.find((one) => one.name === of.provider)) || null;
}

/** Without a list it is chosen by us, so nothing is said of a failure. */
export async function lookForProviders(): Promise<void> {
  if (asked) return;
  asked = true;
  try {
    list = (await backend.providers()).filter((one) => one.usable);
  } catch {
    asked = false;
  }
}
