// Who does what, from the first step of an order to the last.

import type { OrderStep, OrderView } from '../../backend';

export type StepName =
  | 'buy'
  | 'begin'
  | 'details'
  | 'prove'
  | 'request'
  | 'letter'
  | 'issue'
  | 'review'
  | 'certificate'
  | 'revoke'
  | 'revoked';
export type Who = 'you' | 'ca' | 'here';
export interface OneStep {
  name: StepName;
  who: Who;
  state: 'done' | 'now' | 'open' | 'failed';
}

const WHO: Record<StepName, Who> = {
  buy: 'you',
  begin: 'you',
  details: 'you',
  prove: 'you',
  request: 'you',
  letter: 'you',
  issue: 'ca',
  review: 'ca',
  certificate: 'here',
  revoke: 'you',
  revoked: 'ca',
};

function namesOf(order: OrderView): StepName[] {
  const withLetter = order.atSource?.kind === 'organisation' || order.atSource?.kind === 'extended';
  const proved: StepName[] = order.proofs.length || !withLetter ? ['prove'] : [];
  if (order.revoking) return ['revoke', ...(order.proofs.length ? (['prove'] as const) : []), 'revoked'];
  if (order.source === 'acme') return ['begin', 'prove', 'request', 'issue', 'certificate'];
  return [
    'buy',
    'details',
    ...proved,
    ...(withLetter ? (['letter', 'review'] as const) : (['issue'] as const)),
    'certificate',
  ];
}

/** The one that the order waits for; the first of these that it has. */
const NOW: Record<OrderStep, StepName[]> = {
  settle: [],
  submit: ['details', 'request'],
  prove: ['prove'],
  letter: ['letter'],
  wait: ['revoked', 'review', 'issue'],
  ask: ['revoked', 'review', 'issue'],
  over: ['revoked', 'review', 'issue'],
  fetch: ['certificate'],
  done: ['certificate'],
};

/** Nothing for orders that come from nowhere, and for those that are over in another way than by a refusal. */
export function stepsOf(order: OrderView): OneStep[] {
  if (order.source === 'by-hand' || !order.atSource) return [];
  const refused = order.atSource.state === 'refused';
  if (order.step === 'over' && !refused) return [];
  const names = namesOf(order);
  const pending: StepName[] =
    order.pending?.act === 'submit' ? ['details', 'request'] : order.pending?.act === 'letter' ? ['letter'] : ['buy'];
  const wanted = order.step === 'settle' ? pending : NOW[order.step];
  const at = Math.max(
    0,
    names.findIndex((name) => wanted.includes(name)),
  );
  return names.map((name, index) => ({
    name,
    who: WHO[name],
    state: index < at ? 'done' : index > at ? 'open' : refused ? 'failed' : order.step === 'done' ? 'done' : 'now',
  }));
}
