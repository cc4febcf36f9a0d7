// The orders, who watches them and what is done with them; lives longer than the screen, so that nothing is lost by leaving it.

import { asError, backend, type ErrorView, type Given, type NewOrder, type OrderView, type Question } from '../backend';
import { t } from '../text/index.svelte';
import { currentScreen } from './route.svelte';
import { newNumber } from './run.svelte';

export interface Watch {
  /** A check is under way. */
  checking: boolean;
  /** When the next one begins, milliseconds since 1970. */
  nextAt: number | null;
}

/** What has come of watching, and has not been looked at since: the proof is right, the certificate is there, it is over. */
export type News = 'ready' | 'issued' | 'revoked' | 'over';

/** Something that is done with an order. */
interface Doing {
  run: number;
  /** It can be stopped: a key is made first. */
  stoppable: boolean;
  question: { id: number; question: Question } | null;
}

/** Stands for the order that is about to be made. */
export const NEW = '';

let all = $state.raw<OrderView[] | null>(null);
let listError = $state.raw<ErrorView | null>(null);
let opened = $state<string | null>(null);
let checking = $state<string | null>(null);
const errors = $state<Record<string, ErrorView>>({});
const watched = $state<Record<string, Watch>>({});
const news = $state<Record<string, News>>({});
const doing = $state<Record<string, Doing>>({});

export const orders = () => all;
export const ordersError = () => listError;
export const orderError = (order: string): ErrorView | null => errors[order] ?? null;
export const openOrder = () => all?.find((one) => one.order === opened) ?? null;
export const isCheckingOrder = (order: string) => checking === order || !!watched[order]?.checking;
export const watchOf = (order: string): Watch | null => watched[order] ?? null;
export const isDoing = (order: string) => doing[order] !== undefined;
export const isStoppable = (order: string) => doing[order]?.stoppable === true;
export const questionOf = (order: string) => doing[order]?.question ?? null;
/** Orders with news, each with what it is. */
export const orderNews = (): [OrderView, News][] =>
  all?.flatMap((one) => (news[one.order] ? [[one, news[one.order]!] as [OrderView, News]] : [])) ?? [];

/** What an order is called: its domains; a draft has none yet. */
export function nameOf(order: OrderView): string {
  if (order.domains.length) {
    const read = new Map(order.names?.map((name) => [name.ascii, name.shown]));
    return order.domains.map((domain) => read.get(domain) ?? domain).join(', ');
  }
  const product = order.product ? `${order.product.brand} ${order.product.name}` : t('orders.unnamed');
  return order.remote ? `${product} · ${order.remote}` : product;
}

export async function loadOrders(): Promise<void> {
  try {
    all = await backend.orders();
    listError = null;
  } catch (thrown) {
    listError = asError(thrown);
  }
}

export function showOrder(order: string): void {
  opened = order;
  delete news[order];
}

/** Back to the list; `false`: it was there already. */
export function closeOrder(): boolean {
  const was = opened !== null;
  if (opened !== null) delete errors[opened];
  opened = null;
  return was;
}

export function forgetOrderError(order: string): void {
  delete errors[order];
}

/** Throws what is wrong with it. */
export async function addOrder(typed: NewOrder): Promise<void> {
  await made(() => backend.orderAdd(typed));
}

/** Shows the order that comes of it. Throws what is wrong; an order that has begun all the same is shown with it. */
export async function made(call: () => Promise<OrderView>): Promise<void> {
  const before = new Set(all?.map((one) => one.order));
  try {
    const order = await call();
    await loadOrders();
    showOrder(order.order);
  } catch (thrown) {
    await loadOrders();
    const begun = all?.find((one) => !before.has(one.order));
    if (!begun) throw thrown;
    showOrder(begun.order);
    errors[begun.order] = asError(thrown);
  }
}

export async function removeOrder(order: string): Promise<void> {
  try {
    await backend.orderRemove(order);
    closeOrder();
    await loadOrders();
  } catch (thrown) {
    errors[order] = asError(thrown);
  }
}

export async function checkOrder(order: string): Promise<void> {
  if (checking) return;
  checking = order;
  delete errors[order];
  try {
    await backend.orderCheck(order);
    await loadOrders();
  } catch (thrown) {
    errors[order] = asError(thrown);
  } finally {
    checking = null;
  }
}

/** Does something with an order; its questions are asked on the order's page. `false`: it failed, and the page says why. */
export async function act(order: string, call: (run: number) => Promise<unknown>, stoppable = false): Promise<boolean> {
  if (doing[order]) return false;
  const run = newNumber();
  doing[order] = { run, stoppable, question: null };
  delete errors[order];
  try {
    await call(run);
    return true;
  } catch (thrown) {
    const why = asError(thrown);
    // Who stops it knows.
    if (why.class !== 'cancelled') errors[order] = why;
    return false;
  } finally {
    delete doing[order];
    await loadOrders();
  }
}

export function answerOrder(order: string, given: Given): void {
  const mine = doing[order];
  if (!mine?.question) return;
  const { id } = mine.question;
  mine.question = null;
  void backend.answer(mine.run, id, given);
}

/** Where it may be stopped. */
export function stopDoing(order: string): void {
  const mine = doing[order];
  if (!mine) return;
  mine.question = null;
  void backend.cancel(mine.run);
}

/** Until it is right; an order that stands at a source, until the certificate is there. */
export async function watchOrder(order: OrderView): Promise<void> {
  const number = order.order;
  if (watched[number]) return;
  const byHand = order.source === 'by-hand';
  let ready = order.last?.state === 'ready';
  watched[number] = { checking: byHand, nextAt: null };
  delete errors[number];
  try {
    const told: Parameters<typeof backend.followOrder>[1] = (event) => {
      if (event.event === 'checking') watched[number] = { checking: true, nextAt: null };
      if (event.event === 'checked') {
        watched[number] = { checking: false, nextAt: event.next === null ? null : Date.now() + event.next * 1000 };
        if (!ready && event.check.state === 'ready') tell(number, 'ready');
        ready = event.check.state === 'ready';
      }
      if (event.event !== 'checking') void loadOrders();
    };
    if (byHand) {
      await backend.watchOrder(number, told);
      tell(number, 'ready');
    } else {
      const { atSource } = await backend.followOrder(number, told);
      tell(number, atSource?.state === 'issued' ? 'issued' : atSource?.state === 'revoked' ? 'revoked' : 'over');
    }
  } catch (thrown) {
    const why = asError(thrown);
    // Stopped on purpose is nothing to tell.
    if (why.class !== 'cancelled') {
      errors[number] = why;
      tell(number, 'over');
    }
  } finally {
    delete watched[number];
    await loadOrders();
  }
}

/** Whoever looks at it sees it; the system tells it where the window is not in front. */
function tell(number: string, what: News): void {
  if (opened !== number || currentScreen() !== 'orders') news[number] = what;
  const order = all?.find((one) => one.order === number);
  if (order) void backend.notify(t('rail.orders'), t(`rail.order.${what}`, { domain: nameOf(order) }));
}

export async function unwatchOrder(order: string): Promise<void> {
  await backend.unwatchOrder(order);
}

backend.onQuestion((run, id, question) => {
  const mine = Object.values(doing).find((one) => one.run === run);
  if (mine) mine.question = { id, question };
});
