// For whom certificates are ordered, as it was typed last: the next order is mostly for the same.

import type { Applicant } from '../backend';

export type ApplicantField = keyof Applicant;

/** In the order of the page, by what they are about. */
export const APPLICANT: [string, ApplicantField[]][] = [
  ['organisation', ['company', 'division', 'companyCode', 'companyPhone']],
  ['place', ['country', 'region', 'city', 'address', 'postalCode']],
  ['person', ['name', 'title', 'phone', 'email']],
];

/** A console takes an order without these. */
const OPTIONAL: ApplicantField[] = ['companyCode', 'companyPhone', 'postalCode'];

export const applicant = $state<Applicant>({
  company: '',
  division: '',
  address: '',
  city: '',
  region: '',
  country: 'CN',
  postalCode: '',
  companyPhone: '',
  companyCode: '',
  name: '',
  phone: '',
  email: '',
  title: '',
});

export const isOptional = (field: ApplicantField) => OPTIONAL.includes(field);

/** What must be typed yet, in the order of the page. */
export function missing(of: Applicant): ApplicantField[] {
  return APPLICANT.flatMap(([, fields]) => fields).filter((field) => !isOptional(field) && !of[field].trim());
}
