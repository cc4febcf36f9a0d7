// Searching and sorting the list, as the command does it.

import type { CertificateInfo, FoundCertificate } from '../../backend';

export const SORTS = ['expiry', 'name', 'place'] as const;
export type Sort = (typeof SORTS)[number];

const MONTH = 30 * 86_400_000;

/** How it stands with its time. */
export function validity(certificate: CertificateInfo, now = Date.now()): 'good' | 'soon' | 'ended' | 'to-come' {
  if (Date.parse(certificate.notBefore) > now) return 'to-come';
  const left = certificate.notAfterUnix * 1000 - now;
  return left < 0 ? 'ended' : left < MONTH ? 'soon' : 'good';
}

/** Is this text in its name, issuer, number, fingerprint or place? Blanks and colons in numbers do not matter. */
export function mentions(found: FoundCertificate, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  const number = wanted.replace(/[: ]/g, '');
  const { subject, issuer, san, serial, sha256 } = found.certificate;
  return (
    [subject, issuer, found.placeName, ...san].some((one) => one.toLowerCase().includes(wanted)) ||
    (number !== '' && [serial, sha256].some((one) => one.includes(number)))
  );
}

/** Those that are wanted, in the order that is wanted, each with a key of its own. */
export function arranged(all: FoundCertificate[], search: string, sort: Sort) {
  const name = ({ certificate }: FoundCertificate) => certificate.cn ?? certificate.subject;
  const rows = all
    .map((found, index) => ({ found, key: `${found.certificate.sha256}/${found.place}/${index}` }))
    .filter(({ found }) => mentions(found, search));
  // By expiry they come.
  if (sort === 'name') rows.sort((a, b) => name(a.found).localeCompare(name(b.found)));
  if (sort === 'place') rows.sort((a, b) => a.found.placeName.localeCompare(b.found.placeName));
  return rows;
}
