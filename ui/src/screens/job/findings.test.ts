import { expect, it } from 'vitest';
import { byKind } from './findings';

it('gathers the places of each kind', () => {
  expect(
    byKind([
      { position: 1, kind: 'space' },
      { position: 4, kind: 'dash' },
      { position: 9, kind: 'space' },
    ]),
  ).toEqual([
    { kind: 'space', positions: [1, 9] },
    { kind: 'dash', positions: [4] },
  ]);
  expect(byKind([])).toEqual([]);
});
