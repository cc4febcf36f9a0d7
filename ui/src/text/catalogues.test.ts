import { describe, expect, it } from 'vitest';
import en from './en.json';
import zhCN from './zh-CN.json';

type Catalogue = { [key: string]: string | Catalogue };

const flat = (part: Catalogue, path = ''): [string, string][] =>
  Object.entries(part).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`),
  );
const english = new Map(flat(en));
const chinese = new Map(flat(zhCN));
const sources = Object.entries(
  import.meta.glob('../**/*.{svelte,ts}', { query: '?raw', import: 'default', eager: true }) as Record<string, string>,
)
  .filter(([path]) => !path.includes('.test.'))
  .map(([, text]) => text)
  .join('\n');

const facts = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();
/** `t(\`step.${…}\`)` uses whatever begins with `step.`. */
const prefixes = [...sources.matchAll(/`([\w.]+\.)\$\{/g)].map((match) => match[1]!);
const literals = new Set([...sources.matchAll(/['"]([a-z]\w*(?:\.[\w-]+)+)['"]/g)].map((match) => match[1]!));

describe('catalogues', () => {
  it('have the same keys', () => expect([...chinese.keys()]).toEqual([...english.keys()]));

  it.each([...english])('%s has the same facts in both', (key, text) =>
    expect(facts(chinese.get(key) ?? '')).toEqual(facts(text)),
  );

  it('leave nothing empty', () => {
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe('');
  });

  it('have no key that nothing uses', () => {
    const unused = [...english.keys()].filter(
      (key) => !literals.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });

  it('have every key that is used', () => {
    const used = [...sources.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1]!);
    expect(used.length).toBeGreaterThan(80);
    expect(used.filter((key) => !english.has(key))).toEqual([]);
  });

  it('are Chinese where it says Chinese: no half-width marks between Chinese characters, no exclamation marks', () => {
    for (const [key, text] of chinese) expect(text, key).not.toMatch(/[一-鿿][,;:?!]|[!！]/);
    for (const [key, text] of english) expect(text, key).not.toMatch(/!/);
  });
});
