import { describe, expect, it } from 'vitest';
import { drawSeal } from './seal';

const A = '5f0c2ba1d93e7486aa10c4f2e98b6d3701fe52c8947ab6d05e1c83f7290da4bc';

describe('seal', () => {
  it('is the same for the same fingerprint, however it is written', () => {
    expect(drawSeal(A)).toEqual(drawSeal(A.toUpperCase().match(/../g)!.join(':')));
  });

  it('stays as people know it', () => {
    const drawing = drawSeal(A);
    expect(drawing.carved).toBe(false);
    expect(drawing.strokes.slice(0, 60)).toMatchInlineSnapshot(
      `"M54.1 19.0L59.4 18.7M67.9 19.0L67.8 18.9M75.9 19.2L81.1 18.8"`,
    );
    expect(drawing.edge.slice(0, 40)).toMatchInlineSnapshot(`"M5.8 2.9L19.6 2.4L40.8 2.9L43.2 2.9L94.2"`);
  });

  it('differs when the fingerprint differs in its first bits', () => {
    const seen = new Set(
      Array.from({ length: 256 }, (_, byte) => drawSeal(byte.toString(16).padStart(2, '0') + A.slice(2)).strokes),
    );
    expect(seen.size).toBeGreaterThan(120);
  });

  it('stays within its square', () => {
    for (const drawing of [drawSeal(A), drawSeal('ff'.repeat(32)), drawSeal('00'.repeat(32)), drawSeal('')]) {
      const numbers = (drawing.edge + drawing.strokes).match(/-?[\d.]+/g)!.map(Number);
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...numbers)).toBeLessThanOrEqual(100);
    }
  });
});
