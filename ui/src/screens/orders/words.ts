// How states are shown: a shape each; the word stands beside it.

import type { OrderView, ProofRow, ProofState, RowState } from '../../backend';

export type ShownState = ProofState | 'unchecked';

export const MARKS = {
  ready: 'good',
  spreading: 'waiting',
  unknown: 'asks',
  'not-yet': 'warning',
  unchecked: 'open',
} as const;

export function stateOf(order: OrderView): ShownState {
  return order.last?.state ?? 'unchecked';
}

/** They say something about who was asked, not about the record. */
const SILENT: RowState[] = ['timeout', 'unreachable', 'refused', 'garbled'];

export function markOf(row: ProofRow): 'good' | 'warning' | 'note' {
  if (row.state === 'found' || row.state === 'allowed') return 'good';
  return SILENT.includes(row.state) || row.state === 'restricted' || row.kind === 'web-partner' ? 'note' : 'warning';
}
