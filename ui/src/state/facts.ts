// A certificate as rows: label and value.

import type { CertificateInfo } from '../backend';
import { day, groupsOfFour } from '../parts/format';
import { knows, language, t } from '../text/index.svelte';

export interface Fact {
  /** Stable name, for tests. */
  name: string;
  label: string;
  value: string;
  /** What is copied when it is not what is shown. */
  copy?: string;
  /** In the fixed-width face. */
  code?: boolean;
}

export function certificateFacts(certificate: CertificateInfo, more: Fact[] = []): Fact[] {
  const date = (at: string) => day(new Date(at), language());
  const rows: Fact[] = [];
  if (certificate.cn !== null) rows.push({ name: 'cn', label: 'CN', value: certificate.cn });
  for (const [index, ou] of certificate.ou.entries()) rows.push({ name: `ou-${index}`, label: 'OU', value: ou });
  for (const [index, o] of certificate.o.entries()) rows.push({ name: `o-${index}`, label: 'O', value: o });
  if (rows.length === 0) rows.push({ name: 'subject', label: t('fact.subject'), value: certificate.subject });
  for (const [index, san] of certificate.san.entries())
    rows.push({ name: `san-${index}`, label: t('fact.san'), value: san });
  rows.push(
    {
      name: 'serial',
      label: t('fact.serial'),
      value: groupsOfFour(certificate.serial),
      copy: certificate.serial,
      code: true,
    },
    {
      name: 'validity',
      label: t('fact.validity'),
      value: t('fact.range', { from: date(certificate.notBefore), to: date(certificate.notAfter) }),
    },
    {
      name: 'issuer',
      label: t('fact.issuer'),
      value: certificate.issuerCn ?? certificate.issuer,
      copy: certificate.issuer,
    },
    { name: 'key', label: t('fact.key'), value: certificate.key },
    { name: 'sha256', label: 'SHA-256', value: groupsOfFour(certificate.sha256), copy: certificate.sha256, code: true },
    ...more,
  );
  return rows;
}

/** What its key may be used for, in words; a purpose without a name stays a number. */
export function usages(certificate: CertificateInfo): string {
  const words = [...certificate.keyUsage, ...certificate.extendedKeyUsage];
  return (
    words.map((usage) => (/^\w+$/.test(usage) && knows(`usage.${usage}`) ? t(`usage.${usage}`) : usage)).join(', ') ||
    '–'
  );
}
