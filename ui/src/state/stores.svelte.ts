// The stores of this computer: databases of browsers and their profiles. Looked for together with the USB keys.

import { backend, type ComputerStore } from '../backend';

let list = $state.raw<ComputerStore[]>([]);

export function stores(): ComputerStore[] {
  return list;
}

/** Without them there is still the person's own store, so nothing is said of a failure. */
export async function lookForStores(): Promise<void> {
  try {
    list = await backend.stores();
  } catch {
    list = [];
  }
}

/** Its folder; empty: the person's own. */
export function folderOf(store: ComputerStore): string {
  return store.place.kind === 'computer' ? (store.place.store ?? '') : '';
}
