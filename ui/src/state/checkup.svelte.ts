// The check-up: what was found, what can be repaired, what was repaired. It outlives its screen.

import { asError, backend, type CheckUp, type ErrorView, type Finding } from '../backend';
import { oncePerFrame } from './frame';
import { language } from '../text/index.svelte';

let last = $state.raw<CheckUp | null>(null);
let error = $state.raw<ErrorView | null>(null);
let checking = $state(false);
/** Name of the CA; empty: none. `null`: not chosen yet. */
let ca = $state<string | null>(null);
/** The language of what was found. */
let spoken = '';
/** Repair under way: its id. */
let repairing = $state<string | null>(null);
let latest = 0;

export const checkUp = () => last;
export const checkUpError = () => error;
export const isChecking = () => checking;
export const chosenCa = () => ca;
export const isRepairing = () => repairing;
/** What was found is there to be read, in the language in force. */
export const isReadable = () => last !== null && spoken === language();

export const WORST_FIRST = ['error', 'warning', 'note'] as const;

/** How it stands altogether. */
export function verdict(of: CheckUp): 'good' | 'warning' | 'bad' {
  if (of.findings.some((finding) => finding.severity === 'error')) return 'bad';
  return of.findings.some((finding) => finding.severity === 'warning') ? 'warning' : 'good';
}

/** Checks, with that CA from now on if one is named. */
export async function check(choice?: string): Promise<void> {
  if (choice !== undefined) ca = choice;
  const mine = ++latest;
  const before = last;
  let whole = false;
  checking = true;
  spoken = language();
  try {
    const partly = oncePerFrame((partial: CheckUp) => {
      if (!whole && mine === latest) last = merge(before, partial);
    });
    const found = await backend.checkUp(ca || null, partly);
    whole = true;
    if (mine !== latest) return;
    last = found;
    error = null;
  } catch (thrown) {
    whole = true;
    if (mine === latest) error = asError(thrown);
  } finally {
    if (mine === latest) checking = false;
  }
}

/** Repairs, and looks whether it helped. Resolves to the repair's id for taking it back; `null`: it failed. */
export async function repair(id: string): Promise<string | null> {
  return change(id, async () => (await backend.fix(id)).id);
}

export async function undo(id: string): Promise<string | null> {
  return change(id, async () => {
    await backend.undoFix(id);
    return id;
  });
}

async function change(id: string, act: () => Promise<string>): Promise<string | null> {
  if (repairing !== null) return null;
  repairing = id;
  try {
    const done = await act();
    error = null;
    await check();
    return done;
  } catch (thrown) {
    error = asError(thrown);
    return null;
  } finally {
    repairing = null;
  }
}

/** A finding and a name that it keeps from one check-up to the next. */
export function named(findings: Finding[]): [string, Finding][] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const name = `${finding.code}/${finding.about}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return [times > 1 ? `${name}/${times}` : name, finding];
  });
}

/** While it is under way: what is known of this one, and below it what the one before found and this one has not come to. */
export function merge(before: CheckUp | null, partial: CheckUp): CheckUp {
  if (!before) return partial;
  const now = new Map(named(partial.findings));
  const old = named(before.findings).filter(([name]) => !now.has(name));
  const lines = new Set(partial.lines.map((line) => line.check));
  const rank = (finding: Finding) => WORST_FIRST.indexOf(finding.severity);
  return {
    ...partial,
    findings: [...now.values(), ...old.map(([, finding]) => finding)].sort((a, b) => rank(a) - rank(b)),
    lines: [...partial.lines, ...before.lines.filter((line) => !lines.has(line.check))],
  };
}
