// The list as it was last seen, shown at once when the screen is opened again.

import type { CertificateList } from '../../backend';

let list = $state.raw<CertificateList | null>(null);

export const kept = () => list;
export const keep = (fresh: CertificateList) => (list = fresh);
