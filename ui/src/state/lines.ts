// A line of a check in words.

import type { CheckLine } from '../backend';
import { knows, t } from '../text/index.svelte';

export function say(line: CheckLine): string {
  if (line.state === 'good' && line.facts.service) return t('check.readers.off');
  const key = `check.${line.check}.${line.state}`;
  return knows(key) ? t(key) : line.check;
}

/** What the sentence leaves out: names and numbers, as the program found them. */
export function about(line: CheckLine): string {
  const { seconds, count, open, service: _, ...names } = line.facts;
  const off = Math.abs(Number(seconds ?? 0));
  const facts = Object.values(names);
  if (Number(count) > 1) facts.push(t('check.more', { count: Number(count) - 1 }));
  if (Number(open) > 0) facts.push(t('check.open', { count: Number(open) }));
  if (off > 1) facts.push(t('check.seconds', { seconds: off }));
  return facts.filter(Boolean).join(' · ');
}
