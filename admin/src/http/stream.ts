import { sessionFetch } from './client';
import { readFailure } from './failure';

export interface ServerEvent {
  event: string;
  data: string;
}

/** Cuts Server-Sent Events out of text that arrives in any pieces. Comments and empty events are left out. */
export function createEventReader(): (text: string) => ServerEvent[] {
  let rest = '';
  return (text) => {
    const blocks = `${rest}${text}`.split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      let event = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event = line.slice(7);
        else if (line.startsWith('data: ')) data.push(line.slice(6));
      }
      return data.length > 0 ? [{ event, data: data.join('\n') }] : [];
    });
  };
}

/** The server shows every few seconds that it is there; after this long it is not. */
const longestSilenceMs = 20_000;

/**
 * Reads Server-Sent Events as the signed-in account: EventSource cannot say who asks. Ends when the server does.
 * @throws Failure when the server refuses, whatever fetch throws when the line breaks.
 */
export async function readEvents(
  path: string,
  onEvent: (event: ServerEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController();
  const response = await sessionFetch(new URL(`/api${path}`, window.location.origin), {
    headers: { Accept: 'text/event-stream' },
    signal: AbortSignal.any([signal, silence.signal]),
  });
  if (!response.ok || !response.body) throw await readFailure(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const cut = createEventReader();
  for (;;) {
    const timer = setTimeout(() => silence.abort(), longestSilenceMs);
    const piece = await reader.read().finally(() => clearTimeout(timer));
    if (piece.done) return;
    for (const event of cut(piece.value)) onEvent(event);
  }
}
