import { WebSocket } from 'ws';
import { agentsPath } from '../hub';
import { type News, request, signatureOf } from '../messages';
import type { Agent } from './agent';

export interface Platform {
  /** Where the platform is reached, e.g. `https://pay.hospital.example`. */
  url: string;
  /** The channel account of the terminal and its token. */
  accountCode: string;
  token: string;
  /** This terminal's code on the platform. */
  terminalCode: string;
}

const tellLimitMs = 10_000;
const reconnectMs = [1000, 2000, 5000, 10_000];
/** The platform pings three times a minute. */
const deafMs = 60_000;

/** Tells the platform's notification address, signed. True when it has taken it. */
export async function tellPlatform({ url, accountCode, token }: Platform, news: News): Promise<boolean> {
  const body = JSON.stringify(news);
  const timestamp = String(Date.now());
  const response = await fetch(new URL(`/api/notify/${encodeURIComponent(accountCode)}`, url), {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-agent-timestamp': timestamp,
      'x-agent-signature': signatureOf(token, timestamp, body),
    },
    signal: AbortSignal.timeout(tellLimitMs),
  });
  return response.ok;
}

/** Keeps a line to the platform open and does what it asks; the answer ends it. */
export function stayConnected(platform: Platform, agent: Agent, say: (text: string) => void): () => void {
  let socket: WebSocket | undefined;
  let isEnded = false;
  let tries = 0;
  let timer: NodeJS.Timeout | undefined;

  const connect = (): void => {
    const address = new URL(agentsPath, platform.url);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const opened = new WebSocket(address, {
      headers: { authorization: `Bearer ${platform.token}`, 'x-terminal': platform.terminalCode },
    });
    socket = opened;
    let deaf: NodeJS.Timeout | undefined;
    const heard = (): void => {
      clearTimeout(deaf);
      deaf = setTimeout(() => opened.terminate(), deafMs);
    };
    opened.on('open', () => {
      tries = 0;
      heard();
      say(`已连接平台 Connected to ${address.host}`);
    });
    opened.on('ping', heard);
    opened.on('message', (data) => {
      heard();
      const read = request.safeParse(parseJson(String(data)));
      if (!read.success) return;
      const { id, command } = read.data;
      agent.handle(command).then(
        (standing) => opened.send(JSON.stringify({ id, standing })),
        (error: unknown) => say(`${command.verb}: ${error instanceof Error ? error.message : String(error)}`),
      );
    });
    opened.on('error', (error) => say(`未连接 Not connected: ${error.message}`));
    opened.on('close', () => {
      clearTimeout(deaf);
      if (isEnded) return;
      timer = setTimeout(connect, reconnectMs[Math.min(tries++, reconnectMs.length - 1)]);
    });
  };
  connect();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    socket?.terminate();
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
