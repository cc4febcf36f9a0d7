// How states are shown: a shape each; the word stands beside it.

import type { OrderView, ProofRow, ProofState, RemoteState, RowState } from '../../backend';

/** Where an order stands, for whoever drives it. */
export type Standing = ProofState | 'unchecked' | 'pending' | 'letter' | 'nothing' | Exclude<RemoteState, 'proving'>;

export const MARKS = {
  ready: 'good',
  spreading: 'waiting',
  unknown: 'asks',
  'not-yet': 'warning',
  unchecked: 'open',
  pending: 'asks',
  draft: 'open',
  letter: 'open',
  nothing: 'stopped',
  reviewing: 'waiting',
  issued: 'good',
  refused: 'bad',
  cancelled: 'stopped',
  revoked: 'stopped',
  other: 'note',
} as const;

const PROOF: Standing[] = ['ready', 'spreading', 'unknown', 'not-yet', 'unchecked'];

export function standing(order: OrderView): Standing {
  const seen = order.atSource?.state;
  if (order.pending) return 'pending';
  // It was never bought.
  if (order.source === 'ussl' && !order.remote) return 'nothing';
  // A revocation is proved as well; then the certificate is still there.
  if (order.source === 'by-hand' || order.step === 'prove') return order.last?.state ?? 'unchecked';
  if (order.step === 'letter') return 'letter';
  // Bought a moment ago; the source has not been asked yet.
  if (!seen || seen === 'proving') return seen ? 'other' : 'draft';
  return seen;
}

/** Is there something to be proved, and by when? */
export const isProving = (order: OrderView) => PROOF.includes(standing(order));

/** Domains, however they are set apart. */
export const domainsIn = (typed: string) => typed.split(/[\s,，;；、]+/).filter(Boolean);

/** They say something about who was asked, not about the record. */
const SILENT: RowState[] = ['timeout', 'unreachable', 'refused', 'garbled'];

export function markOf(row: ProofRow): 'good' | 'warning' | 'note' {
  if (row.state === 'found' || row.state === 'allowed') return 'good';
  return SILENT.includes(row.state) || row.state === 'restricted' || row.kind === 'web-partner' ? 'note' : 'warning';
}
