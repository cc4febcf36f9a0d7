// A question asked in place, before something that cannot be taken back.

/**
 * It has the focus itself, not one of its buttons: nothing happens by a stray Enter. Escape is "no".
 */
export function asking(box: HTMLElement, onno: () => void) {
  box.focus();
  box.scrollIntoView({ block: 'nearest' });
  function pressed(event: KeyboardEvent) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    onno();
  }
  box.addEventListener('keydown', pressed);
  return { destroy: () => box.removeEventListener('keydown', pressed) };
}
