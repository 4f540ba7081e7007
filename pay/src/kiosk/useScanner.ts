import { useEffect, useRef } from 'preact/hooks';
import { nothingTyped, typed } from './wedge';

/** Hears a keyboard-wedge scanner wherever the focus is, except in a field that somebody types into. */
export function useScanner(onScan: (scan: string) => void): void {
  const heard = useRef(onScan);
  heard.current = onScan;
  useEffect(() => {
    let state = nothingTyped;
    const press = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.altKey || event.metaKey) return;
      const { after, scan } = typed(state, event.key, event.timeStamp);
      state = after;
      if (scan === undefined) return;
      // Else it would press whichever button was touched last.
      event.preventDefault();
      heard.current(scan);
    };
    window.addEventListener('keydown', press, true);
    return () => window.removeEventListener('keydown', press, true);
  }, []);
}
