// The only file that knows Tauri.

import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { open, save } from '@tauri-apps/plugin-dialog';
import type { Backend } from './index';
import type { Event, Question } from './types';

const COPIES = {
  pkcs12: { name: 'PKCS#12', extensions: ['p12', 'pfx'] },
  pem: { name: 'PEM', extensions: ['pem'] },
  der: { name: 'DER', extensions: ['der', 'cer'] },
};

export const tauri: Backend = {
  environment: (ca) => invoke('environment', { ca }),
  providers: () => invoke('providers'),
  plugged: (partial) => invoke('plugged', { partial: new Channel(partial) }),
  chooseDriver: (token, driver) => invoke('choose_driver', { token, driver }),
  checkUp: (ca, partial) => invoke('check_up', { ca, partial: new Channel(partial) }),
  fix: (id) => invoke('fix', { id }),
  undoFix: (id) => invoke('undo_fix', { id }),
  report: (names, serials) => invoke('report', { names, serials }),
  saveReport: (path, names, serials) => invoke('save_report', { path, names, serials }),
  certificates: () => invoke('certificates'),
  certificateDetail: (certificate) => invoke('certificate_detail', { certificate }),
  programs: (place) => invoke('programs', { place }),
  startExport: (run, order) => invoke('start_export', { run, order }),
  startDelete: (run, certificate) => invoke('start_delete', { run, certificate }),
  stores: () => invoke('stores'),
  registerDriver: (driver) => invoke('register_driver', { driver }),
  journal: () => invoke('journal'),
  startEnroll: (run, order, code) => invoke('start_enroll', { run, order, code }),
  startRenew: (run, order) => invoke('start_renew', { run, order }),
  startRevoke: (run, order) => invoke('start_revoke', { run, order }),
  startImport: (run, order) => invoke('start_import', { run, order }),
  startOrderKey: (run, order, wanted) => invoke('start_order_key', { run, order, wanted }),
  startOrderInstall: (run, order, file) => invoke('start_order_install', { run, order, file }),
  orderRequest: (order) => invoke('order_request', { order }),
  startResume: (run, job) => invoke('start_resume', { run, job }),
  startDiscard: (run, job) => invoke('start_discard', { run, job }),
  askTemplate: (run, ca, reference, code) => invoke('ask_template', { run, ca, reference, code }),
  tokenList: () => invoke('token_list'),
  tokenObjects: (run, token, logIn) => invoke('token_objects', { run, token, logIn }),
  tokenExport: (run, token, name, path) => invoke('token_export', { run, token, name, path }),
  tokenSetPin: (run, token) => invoke('token_set_pin', { run, token }),
  tokenUnblock: (run, token) => invoke('token_unblock', { run, token }),
  tokenChangePin: (run, token, whose) => invoke('token_change_pin', { run, token, whose }),
  tokenInit: (run, token, label) => invoke('token_init', { run, token, label }),
  tokenDelete: (run, token, name, whole) => invoke('token_delete', { run, token, name, whole }),
  answer: (run, id, answer) => invoke('answer', { run, id, answer }),
  cancel: (run) => invoke('cancel', { run }),
  reminders: () => invoke('reminders'),
  notify: (title, text) => invoke('notify', { title, text }),
  orders: () => invoke('orders'),
  orderRules: () => invoke('order_rules'),
  orderAdd: (order) => invoke('order_add', { order }),
  orderRemove: (order) => invoke('order_remove', { order }),
  orderCheck: (order) => invoke('order_check', { order }),
  orderFile: (order, path, zip) => invoke('order_file', { order, path, zip }),
  watchOrder: (order, told) => invoke('watch_order', { order, events: new Channel(told) }),
  unwatchOrder: (order) => invoke('unwatch_order', { order }),
  orderAccounts: () => invoke('order_accounts'),
  orderAccountAdd: (account, privateKey) => invoke('order_account_add', { ...account, privateKey }),
  orderAccountRemove: (name) => invoke('order_account_remove', { name }),
  consoleOrders: (account) => invoke('console_orders', { account }),
  orderFetch: (account, id) => invoke('order_fetch', { account, id }),
  orderProducts: (account) => invoke('order_products', { account }),
  orderPrice: (account, product) => invoke('order_price', { account, product }),
  orderBuy: (account, product, agreed, note) => invoke('order_buy', { account, product, agreed, note }),
  orderRefresh: (order) => invoke('order_refresh', { order }),
  orderSettle: (order, done, remote) => invoke('order_settle', { order, done, remote }),
  orderSubmit: (order, said, request) => invoke('order_submit', { order, said, request }),
  orderLetterForm: (order, revocation, path) => invoke('order_letter_form', { order, revocation, path }),
  orderLetter: (order, path) => invoke('order_letter', { order, path }),
  orderCertificate: (order, request, path) => invoke('order_certificate', { order, request, path }),
  startServerExport: (run, wanted) => invoke('start_server_export', { run, wanted }),
  orderNames: (order) => invoke('order_names', { order }),
  orderReissue: (order, request, confirmed) => invoke('order_reissue', { order, request, confirmed }),
  orderRenew: (order, product, agreed) => invoke('order_renew', { order, product, agreed }),
  orderCancel: (order, confirmed) => invoke('order_cancel', { order, confirmed }),
  orderRevoke: (order, reason, letter, confirmed) => invoke('order_revoke', { order, reason, letter, confirmed }),
  followOrder: (order, told) => invoke('follow_order', { order, events: new Channel(told) }),
  acmeDirectories: () => invoke('acme_directories'),
  acmeDirectory: (directory, roots) => invoke('acme_directory', { directory, roots }),
  startAcmeOrder: (run, order, roots, code) => invoke('start_acme_order', { run, order, roots, code }),
  startAcmeGoOn: (run, order, request, anyway) => invoke('start_acme_go_on', { run, order, request, anyway }),
  acmeOrderAgain: (order) => invoke('acme_order_again', { order }),
  caList: () => invoke('ca_list'),
  caRead: (location) => invoke('ca_read', { location }),
  caAdd: (profile) => invoke('ca_add', { profile }),
  caRemove: (name) => invoke('ca_remove', { name }),
  link: (url) => invoke('link', { url }),
  firstLink: () => invoke('first_link'),
  language: (choice) => invoke('language', { choice }),

  onEvent(listener) {
    void listen<{ run: number; event: Event }>('job-event', ({ payload }) => listener(payload.run, payload.event));
  },
  onQuestion(listener) {
    void listen<{ run: number; id: number; question: Question }>('job-question', ({ payload }) =>
      listener(payload.run, payload.id, payload.question),
    );
  },
  onLink(listener) {
    void listen('link', listener);
  },
  onPluggedChanged(listener) {
    void listen('plugged-changed', listener);
  },

  askSavePath: (suggested, kind) =>
    save({ defaultPath: suggested, filters: [kind === 'pem' ? COPIES.pem : COPIES.pkcs12] }),
  askCopyPath: (suggested, format) => save({ defaultPath: suggested, filters: [COPIES[format]] }),
  askExportPath: (suggested) => save({ defaultPath: suggested, filters: [{ name: 'PEM', extensions: ['pem'] }] }),
  askReportPath: (suggested) => save({ defaultPath: suggested, filters: [{ name: 'HTML', extensions: ['html'] }] }),
  askZipPath: (suggested) => save({ defaultPath: suggested, filters: [{ name: 'ZIP', extensions: ['zip'] }] }),
  askNewFile: (suggested) => save({ defaultPath: suggested }),
  askFolder: () => open({ multiple: false, directory: true }),
  // Without a filter: `libykcs11.so.2` ends in a number.
  askDriverFile: () => open({ multiple: false, directory: false }),
  askOpenPath: () => open({ multiple: false, directory: false }),
  askImportPath: () => open({ multiple: false, directory: false, filters: [COPIES.pkcs12] }),
};
