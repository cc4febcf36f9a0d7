import { expect, it, vi } from 'vitest';
import { oncePerFrame } from './frame';

it('shows the newest of each frame, once', () => {
  const frames: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  const shown: number[] = [];
  const tell = oncePerFrame<{ n: number }>(({ n }) => shown.push(n));
  for (const n of [1, 2, 3]) tell({ n });
  expect(shown).toEqual([]);
  frames.splice(0).forEach((frame) => frame());
  tell({ n: 4 });
  frames.splice(0).forEach((frame) => frame());
  expect([shown, frames]).toEqual([[3, 4], []]);
  vi.unstubAllGlobals();
});
