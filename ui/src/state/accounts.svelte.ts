// The accounts at sources of orders. Their secrets never come here.

import { asError, backend, type ErrorView, type NewAccount, type OrderAccount } from '../backend';

let all = $state.raw<OrderAccount[] | null>(null);
let error = $state.raw<ErrorView | null>(null);

export const accounts = () => all;
export const accountsError = () => error;

export async function loadAccounts(): Promise<void> {
  try {
    all = await backend.orderAccounts();
    error = null;
  } catch (thrown) {
    error = asError(thrown);
  }
}

/** Throws what is wrong with it. */
export async function addAccount(account: NewAccount, privateKey: string): Promise<OrderAccount> {
  const added = await backend.orderAccountAdd(account, privateKey);
  await loadAccounts();
  return added;
}

/** Throws what is wrong. */
export async function removeAccount(name: string): Promise<void> {
  await backend.orderAccountRemove(name);
  await loadAccounts();
}
