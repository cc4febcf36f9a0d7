// What looks wrong in a code, gathered for reading.

import type { CodeFinding, CodeSlip } from '../../backend';

/** The kinds in the order in which they come up, each with its places. */
export function byKind(findings: CodeFinding[]): { kind: CodeSlip; positions: number[] }[] {
  const kinds = new Map<CodeSlip, number[]>();
  for (const { kind, position } of findings) kinds.set(kind, [...(kinds.get(kind) ?? []), position]);
  return [...kinds].map(([kind, positions]) => ({ kind, positions }));
}
