// Which screen is shown.

export const SCREENS = ['get', 'certificates', 'keys', 'orders', 'helpdesk', 'activity', 'settings'] as const;
export type Screen = (typeof SCREENS)[number];

let screen = $state<Screen>('get');
let before: Screen = 'get';

export function currentScreen(): Screen {
  return screen;
}

export function go(to: Screen): void {
  if (to === screen) return;
  before = screen;
  screen = to;
}

export function goBack(): void {
  go(before);
}
