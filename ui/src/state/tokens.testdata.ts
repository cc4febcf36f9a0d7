import type { PluggedToken } from '../backend';

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
