// Where a certificate with its key can be brought to.

import type { Place } from '../../backend';
import { folderOf, stores } from '../../state/stores.svelte';
import { usable, usbKeys } from '../../state/tokens.svelte';
import { t } from '../../text/index.svelte';

export interface Target {
  value: string;
  label: string;
  detail?: string;
  place: Place;
}

/** USB keys that can be written to, then the stores of this computer. */
export function targets(): Target[] {
  const keys = (usbKeys() ?? []).filter(usable).map(({ id, token }) => ({
    value: id,
    label: token.label || t('place.unnamed'),
    detail: token.model || token.driverName,
    place: {
      kind: 'token' as const,
      label: token.label,
      serial: token.serial || null,
      manufacturer: null,
      model: null,
      driver: token.driver,
      pinSource: null,
    },
  }));
  const here = stores()
    .filter((store) => store.takesKeys)
    .map((store) => ({
      value: `computer:${folderOf(store)}`,
      label: store.name,
      detail: store.inUse ? t('place.storeInUse') : undefined,
      place: store.place,
    }));
  return [...keys, ...here];
}
