// The words of the window, in the language in force. `t` is reactive: what shows a text changes with the language.

import i18next, { type TOptions } from 'i18next';
import en from './en.json';
import zhCN from './zh-CN.json';

export type Language = 'en' | 'zh-CN';

let current = $state<Language>('en');

void i18next.init({
  lng: 'en',
  fallbackLng: false,
  initAsync: false,
  // `key.rsa:2048` is one key.
  nsSeparator: false,
  showSupportNotice: false,
  interpolation: { escapeValue: false },
  resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
} as Parameters<typeof i18next.init>[0]);

export function t(key: string, facts?: TOptions): string {
  return i18next.t(key, { ...facts, lng: current });
}

/** Is there a text for what came from outside (a check's name, a field's name)? */
export function knows(key: string): boolean {
  return i18next.exists(key, { lng: current });
}

export function language(): Language {
  return current;
}

export function speak(tag: string): void {
  current = tag.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
  document.documentElement.lang = current === 'en' ? 'en' : 'zh-Hans';
}
