// Certificates that end soon: looked for when the window opens and some times a day, told of once at each stage.

import { backend, type Reminder } from '../backend';
import { t } from '../text/index.svelte';

/** Days before the end at which it is told again. */
const STAGES = [0, 1, 7, 30];
const KEPT = 'chopmark.told';
const AGAIN = 6 * 3600 * 1000;

let ending = $state.raw<Reminder[]>([]);

export const endingSoon = () => ending;

/** What has not been told yet at this stage, and everything that is to be remembered as told. */
export function untold(reminders: Reminder[], told: string[]): { fresh: Reminder[]; told: string[] } {
  const mark = (one: Reminder) => {
    const stage = STAGES.find((days) => one.days <= days) ?? 'early';
    return `${one.sha256 ?? `order ${one.order}`} ${stage}`;
  };
  return { fresh: reminders.filter((one) => !told.includes(mark(one))), told: reminders.map(mark) };
}

async function lookForEnds(): Promise<void> {
  try {
    ending = await backend.reminders();
  } catch {
    // Whatever is wrong with the journal is told where somebody asks for it.
    return;
  }
  const { fresh, told } = untold(ending, JSON.parse(localStorage.getItem(KEPT) ?? '[]') as string[]);
  localStorage.setItem(KEPT, JSON.stringify(told));
  for (const one of fresh)
    void backend.notify(
      t('reminder.title'),
      one.days < 0 ? t('reminder.ended', { name: one.name }) : t('reminder.ends', { name: one.name, count: one.days }),
    );
}

/** From now on, as long as the window is open. */
export function watchEnds(): void {
  void lookForEnds();
  setInterval(() => void lookForEnds(), AGAIN);
}
