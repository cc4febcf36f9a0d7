// The question to the CA what it wants in a request. The person presses for it; what comes back counts for these codes only.

import { asError, backend, type ErrorView, type Given, type Question, type RequestTemplate } from '../backend';
import { form } from './form.svelte';
import { newNumber } from './run.svelte';

let answer = $state.raw<{ ca: string; reference: string; template: RequestTemplate | null } | null>(null);
let asking = $state.raw<{ run: number; question: { id: number; question: Question } | null } | null>(null);
let error = $state.raw<ErrorView | null>(null);

/** What it said about the codes in the form: `null` nothing in particular, `undefined` not asked yet. */
export function template(): RequestTemplate | null | undefined {
  const fits = answer && answer.ca === form.ca && answer.reference === form.reference.trim();
  return fits ? answer!.template : undefined;
}

export const isAsking = () => asking !== null;
export const openQuestion = () => asking?.question ?? null;
export const askError = () => error;

/** True: the CA has answered. */
export async function askTemplate(): Promise<boolean> {
  const [run, ca, reference] = [newNumber(), form.ca, form.reference.trim()];
  asking = { run, question: null };
  error = null;
  try {
    const found = await backend.askTemplate(run, ca, reference, form.code.trim());
    answer = { ca, reference, template: found };
    form.names = {};
    return true;
  } catch (thrown) {
    const problem = asError(thrown);
    // Who stops it knows.
    error = problem.class === 'cancelled' ? null : problem;
    return false;
  } finally {
    asking = null;
  }
}

export function answerQuestion(given: Given): void {
  if (!asking?.question) return;
  const { run, question } = asking;
  asking = { run, question: null };
  void backend.answer(run, question!.id, given);
}

export function stopAsking(): void {
  if (asking) void backend.cancel(asking.run);
}

/** The next form begins without an error of the last one. */
export function forgetError(): void {
  error = null;
}

backend.onQuestion((run, id, question) => {
  if (asking?.run === run) asking = { run, question: { id, question } };
});
