import { describe, expect, it } from 'vitest';
import { applicant, APPLICANT, isOptional, missing } from './applicant.svelte';

describe('the applicant', () => {
  it('shows every field once', () => {
    const shown = APPLICANT.flatMap(([, fields]) => fields);
    expect([...shown].sort()).toEqual(Object.keys(applicant).sort());
  });

  it('is complete without what a console does not want', () => {
    const shown = APPLICANT.flatMap(([, fields]) => fields);
    const typed = Object.fromEntries(shown.map((field) => [field, isOptional(field) ? '' : 'x']));
    expect(missing({ ...applicant, ...typed })).toEqual([]);
    expect(missing({ ...applicant, ...typed, company: ' ', email: '' })).toEqual(['company', 'email']);
  });
});
