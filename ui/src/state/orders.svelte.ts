// The orders and who watches them; lives longer than the screen, so that a watched order goes on being watched.

import { asError, backend, type ErrorView, type NewOrder, type OrderView } from '../backend';
import { t } from '../text/index.svelte';

export interface Watch {
  /** A check is under way. */
  checking: boolean;
  /** When the next one begins, milliseconds since 1970. */
  nextAt: number | null;
}

let all = $state.raw<OrderView[] | null>(null);
let error = $state.raw<ErrorView | null>(null);
let opened = $state<string | null>(null);
let checking = $state<string | null>(null);
const watched = $state<Record<string, Watch>>({});
/** Became right while it was watched, and has not been looked at since. */
const green = $state<Record<string, boolean>>({});

export const orders = () => all;
export const ordersError = () => error;
export const openOrder = () => all?.find((one) => one.order === opened) ?? null;
export const isCheckingOrder = (order: string) => checking === order || !!watched[order]?.checking;
export const watchOf = (order: string): Watch | null => watched[order] ?? null;
export const turnedGreen = () => all?.filter((one) => green[one.order]) ?? [];

export async function loadOrders(): Promise<void> {
  try {
    all = await backend.orders();
    error = null;
  } catch (thrown) {
    error = asError(thrown);
  }
}

export function showOrder(order: string): void {
  opened = order;
  error = null;
  delete green[order];
}

/** Back to the list; `false`: it was there already. */
export function closeOrder(): boolean {
  const was = opened !== null;
  opened = null;
  error = null;
  return was;
}

/** Throws what is wrong with it. */
export async function addOrder(typed: NewOrder): Promise<void> {
  const order = await backend.orderAdd(typed);
  await loadOrders();
  showOrder(order.order);
}

export async function removeOrder(order: string): Promise<void> {
  try {
    await backend.orderRemove(order);
    closeOrder();
    await loadOrders();
  } catch (thrown) {
    error = asError(thrown);
  }
}

export async function checkOrder(order: string): Promise<void> {
  if (checking) return;
  checking = order;
  try {
    await backend.orderCheck(order);
    await loadOrders();
  } catch (thrown) {
    error = asError(thrown);
  } finally {
    checking = null;
  }
}

export async function watchOrder(order: string): Promise<void> {
  if (watched[order]) return;
  watched[order] = { checking: true, nextAt: null };
  try {
    await backend.watchOrder(order, (event) => {
      if (event.event === 'checking') watched[order] = { checking: true, nextAt: null };
      if (event.event !== 'checked') return;
      watched[order] = { checking: false, nextAt: event.next === null ? null : Date.now() + event.next * 1000 };
      void loadOrders();
    });
    green[order] = true;
    const domain = all?.find((one) => one.order === order)?.domains[0] ?? order;
    void backend.notify(t('rail.orders'), t('rail.orderReady', { domain }));
  } catch (thrown) {
    const why = asError(thrown);
    // Stopped on purpose is nothing to tell.
    if (why.class !== 'cancelled') error = why;
  } finally {
    delete watched[order];
    await loadOrders();
  }
}

export async function unwatchOrder(order: string): Promise<void> {
  await backend.unwatchOrder(order);
}
