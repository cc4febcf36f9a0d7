// A certificate's seal: its SHA-256 fingerprint as strokes folded to fill a square, in the manner of nine-fold seal script
// (九叠篆). Same fingerprint, same seal, for ever: people learn to recognise theirs, so changing a constant here changes every
// seal. Coordinates lie in a square of 100.

export interface SealDrawing {
  /** Strokes are left out of the inked ground (白文) instead of inked on paper (朱文). */
  carved: boolean;
  /** Outline of the stone: the ground when carved, else the outer edge of the frame. */
  edge: string;
  /** Inner edge of the frame; empty when carved. */
  inner: string;
  /** The strokes, to be drawn with `width`. */
  strokes: string;
  width: number;
}

const LINES = 8;
/** Characters as [left, top, right, bottom] on the lattice, read from right to left. */
const LAYOUTS: [number, number, number, number][][] = [
  [
    [4, 0, 7, 3],
    [4, 4, 7, 7],
    [0, 0, 3, 3],
    [0, 4, 3, 7],
  ],
  [
    [4, 0, 7, 7],
    [0, 0, 3, 3],
    [0, 4, 3, 7],
  ],
  [
    [4, 0, 7, 3],
    [4, 4, 7, 7],
    [0, 0, 3, 7],
  ],
  [
    [4, 0, 7, 7],
    [0, 0, 3, 7],
  ],
];

export function drawSeal(fingerprint: string): SealDrawing {
  const bytes = toBytes(fingerprint);
  const bits = bitReader(bytes);
  const hand = unsteadyHand(bytes);
  const carved = bits(1) === 1;
  const layout = LAYOUTS[bits(2)]!;
  const from = carved ? 14 : 19;
  const pitch = (100 - 2 * from) / (LINES - 1);
  const at = (line: number) => from + line * pitch;

  const segments: string[] = [];
  const stroke = (x1: number, y1: number, x2: number, y2: number) =>
    segments.push(`M${point(at(x1) + hand(0.5), at(y1) + hand(0.5))}L${point(at(x2) + hand(0.5), at(y2) + hand(0.5))}`);
  for (const [left, top, right, bottom] of layout) {
    for (let row = top; row <= bottom; row++) {
      for (const [a, b] of bar(bits(3))) stroke(left + a, row, left + b, row);
      if (row < bottom) for (const column of fold(bits(2), row)) stroke(left + column, row, left + column, row + 1);
    }
    void right;
  }
  return {
    carved,
    edge: outline(2.5, 97.5, hand),
    inner: carved ? '' : outline(9, 91, hand),
    strokes: segments.join(''),
    width: carved ? 4.6 : 5,
  };
}

/** One row of a character: the pieces of its bar, as columns 0 to 3. */
function bar(choice: number): [number, number][] {
  if (choice < 4) return [[0, 3]];
  if (choice === 4)
    return [
      [0, 1],
      [2, 3],
    ];
  if (choice === 5) return [[0, 2]];
  if (choice === 6) return [[1, 3]];
  return [
    [0, 0.6],
    [1.5, 1.5],
    [2.4, 3],
  ];
}

/** What joins a row to the next: the stroke folds to the left and right in turn, now and then on both sides or in the middle. */
function fold(choice: number, row: number): number[] {
  const side = row % 2 === 0 ? 0 : 3;
  if (choice === 0) return [side];
  if (choice === 1) return [3 - side];
  if (choice === 2) return [0, 3];
  return [1.5];
}

/** A square that was cut by hand: corners worn, edges not quite straight, here and there a chip. */
function outline(low: number, high: number, hand: (by: number) => number): string {
  const side = high - low;
  const points: [number, number][] = [];
  const along = (x: number, y: number, dx: number, dy: number) => {
    const chip = 0.2 + 0.6 * Math.abs(hand(1));
    for (const t of [0.035, 0.18, chip, chip + 0.025, 0.965]) {
      const bite = t === chip ? 0.8 + hand(0.9) : hand(0.45);
      points.push([x + dx * t * side - dy * bite, y + dy * t * side + dx * bite]);
    }
  };
  along(low, low, 1, 0);
  along(high, low, 0, 1);
  along(high, high, -1, 0);
  along(low, high, 0, -1);
  return `M${points.map(([x, y]) => point(x, y)).join('L')}Z`;
}

function toBytes(fingerprint: string): number[] {
  const digits = fingerprint.toLowerCase().replace(/[^0-9a-f]/g, '');
  const bytes = (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  while (bytes.length < 32) bytes.push(0);
  return bytes;
}

function bitReader(bytes: number[]): (count: number) => number {
  let next = 0;
  return (count) => {
    let value = 0;
    for (; count > 0; count--, next++)
      value = (value << 1) | ((bytes[(next >> 3) % bytes.length]! >> (7 - (next & 7))) & 1);
    return value;
  };
}

/** Small deviations in ±`by`, from the fingerprint's last bytes (xorshift32). */
function unsteadyHand(bytes: number[]): (by: number) => number {
  let state = bytes.slice(-4).reduce((sum, byte) => (sum << 8) | byte, 0) | 1;
  return (by) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 31 - 1) * by;
  };
}

function point(x: number, y: number): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
