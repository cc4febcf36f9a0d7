// The language chosen; kept by the page, told to the program (which speaks it in errors and hints).

import { backend } from '../backend';
import { speak } from '../text/index.svelte';

const KEPT = 'chopmark.language';

/** `''`: the system's. */
export function chosenLanguage(): string {
  return localStorage.getItem(KEPT) ?? '';
}

export async function applyLanguage(choice = chosenLanguage()): Promise<void> {
  localStorage.setItem(KEPT, choice);
  try {
    speak(await backend.language(choice || null));
  } catch {
    // The program could not start: its error is shown in the language that fits best.
    speak(choice || navigator.language);
  }
}
