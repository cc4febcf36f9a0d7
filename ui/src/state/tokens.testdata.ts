import type { PluggedToken, RankedDriver } from '../backend';

/** A USB key for tests. */
export const plugged = (id: string, driver = '/a.so'): PluggedToken => ({
  id,
  name: 'Alice',
  alike: false,
  usb: null,
  reader: null,
  atr: null,
  token: {
    label: 'Alice',
    model: 'M',
    manufacturer: 'X',
    serial: id,
    initialized: true,
    pin: 'ok',
    writeProtected: false,
    pinPad: false,
    keys: ['rsa:2048'],
    driver,
    driverName: driver,
    uri: '',
  },
  drivers: [],
});

/** A driver for it. */
export const ranked = (kind: string, driver: string, chosen: boolean): RankedDriver => ({
  kind,
  driver,
  name: driver,
  installed: true,
  chosen,
  byHand: false,
  fits: true,
  reason: '',
  guess: false,
  keys: ['rsa:2048'],
  sha256: null,
  download: null,
  problem: null,
});
