// Answers that fill in come faster than they can be seen: ten drivers may answer within one frame, and each of their lists holds all
// that came before it.

/** Hands on the newest of what came within a frame, once in each frame. */
export function oncePerFrame<T extends object>(show: (newest: T) => void): (value: T) => void {
  let waiting: T | null = null;
  return (value) => {
    if (!waiting)
      requestAnimationFrame(() => {
        const newest = waiting;
        waiting = null;
        if (newest) show(newest);
      });
    waiting = value;
  };
}
