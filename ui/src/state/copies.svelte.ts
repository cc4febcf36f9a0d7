// A copy or a removal in the making: its questions, and how it ended. One at a time; leaving the page loses nothing.

import {
  asError,
  backend,
  type ErrorView,
  type ExportOrder,
  type Exported,
  type Given,
  type Question,
} from '../backend';
import { newNumber } from './run.svelte';

/** From the first press to the end. */
export class Handling {
  readonly run = newNumber();
  question = $state.raw<{ id: number; question: Question } | null>(null);
  error = $state.raw<ErrorView | null>(null);
  exported = $state.raw<Exported | null>(null);
  deleted = $state(false);
  busy = $state(false);

  constructor(
    readonly kind: 'export' | 'delete',
    /** Row of the list that it belongs to. */
    readonly row: string,
  ) {}

  answer(given: Given): void {
    if (!this.question) return;
    const { id } = this.question;
    this.question = null;
    void backend.answer(this.run, id, given);
  }
}

let handling = $state.raw<Handling | null>(null);

export const currentHandling = () => handling;

export function openHandling(kind: Handling['kind'], row: string): void {
  if (!handling?.busy) handling = new Handling(kind, row);
}

export function closeHandling(): void {
  if (handling?.busy) void backend.cancel(handling.run);
  handling = null;
}

/** Again with a run of its own: each serves once. */
function fresh(mine: Handling): Handling {
  const next = new Handling(mine.kind, mine.row);
  next.busy = true;
  handling = next;
  return next;
}

async function ending(mine: Handling, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    const problem = asError(thrown);
    // Who stops it knows.
    if (problem.class !== 'cancelled') mine.error = problem;
  } finally {
    mine.busy = false;
    mine.question = null;
  }
}

export async function exportCopy(order: ExportOrder): Promise<void> {
  if (!handling || handling.busy) return;
  const mine = fresh(handling);
  await ending(
    mine,
    backend.startExport(mine.run, order).then((exported) => void (mine.exported = exported)),
  );
}

export async function deleteCertificate(certificate: string): Promise<void> {
  if (!handling || handling.busy) return;
  const mine = fresh(handling);
  await ending(
    mine,
    backend.startDelete(mine.run, certificate).then(() => void (mine.deleted = true)),
  );
}

backend.onQuestion((run, id, question) => {
  if (handling?.run === run) handling.question = { id, question };
});
