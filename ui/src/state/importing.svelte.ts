// A file whose certificate and key are about to be brought into a place. Leaving the page keeps it, and so does an error: only success and
// the way back put it away.

export class Wanted {
  path = $state('');
  /** An id of a USB key, or the folder of a store after `computer:`; empty: not chosen. */
  place = $state('');
  /** Windows: the key may leave the place again. */
  exportable = $state(false);
}

let wanted = $state.raw<Wanted | null>(null);
/** The person came back from it: its button gets the focus again. */
let left = false;

export const importing = () => wanted;

export function beginImport(): void {
  wanted = new Wanted();
}

export function dropImport(): void {
  wanted = null;
  left = true;
}

export function doneImport(): void {
  wanted = null;
}

/** Once. */
export function takeImportLeft(): boolean {
  const was = left;
  left = false;
  return was;
}
