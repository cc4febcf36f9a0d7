// Files with requests for certificates, as they were typed for each order.

const typed = $state<Record<string, { path: string }>>({});

/** To be bound; `of`: what tells it from others of the same order. */
export function requestOf(order: string, of = 'first'): { path: string } {
  return (typed[`${order} ${of}`] ??= { path: '' });
}
