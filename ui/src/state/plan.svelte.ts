// What is about to be ordered for a certificate in the list: renewing or revoking it. Leaving the page keeps it.

import type { FoundCertificate, RevocationReason } from '../backend';

export interface Plan {
  kind: 'renew' | 'revoke';
  found: FoundCertificate;
  /** Of a renewal: the old one shall stay. */
  keepOld: boolean;
  /** Of a revocation. */
  reason: RevocationReason | '';
}

let plan = $state<Plan | null>(null);
/** Where the person came from: the row that gets the focus again. */
let left = $state.raw<{ kind: Plan['kind']; row: string } | null>(null);

export const currentPlan = () => plan;

export function begin(kind: Plan['kind'], found: FoundCertificate): void {
  plan = { kind, found, keepOld: false, reason: '' };
}

/** Back to the list. False: there was nothing to put away. */
export function dropPlan(): boolean {
  if (!plan) return false;
  left = { kind: plan.kind, row: rowOf(plan.found) };
  plan = null;
  return true;
}

/** Ordered. */
export function donePlan(): void {
  plan = left = null;
}

/** The row that was left, once. */
export function takeLeft() {
  const row = left;
  left = null;
  return row;
}

export const rowOf = (found: FoundCertificate) => `${found.certificate.sha256}/${found.place}`;
