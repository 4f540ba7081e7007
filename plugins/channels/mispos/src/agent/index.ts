import { createAgent } from './agent';
import { allinpayTerminal } from './allinpay';
import { type Platform, stayConnected, tellPlatform } from './connection';
import { openJournal } from './journal';
import { type Line, serialLine, tcpLine } from './line';
import type { CardTerminal } from './terminal';
import { umsTerminal } from './ums';

export interface AgentSettings extends Platform {
  protocol: 'ums' | 'allinpay';
  /** `tcp://host:port` or `serial:/dev/ttyS0?baud=9600` (Windows: `serial:COM3`). */
  device: string;
  /** POS 机号 of 银联商务. */
  posNo: string;
  /** Where the journal lies. */
  folder: string;
  cardLimitMs?: number;
  say?: (text: string) => void;
}

export interface RunningAgent {
  /** 结算: closes the terminal's batch. */
  settle: CardTerminal['settle'];
  close(): Promise<void>;
}

/** A customer looks for the card and the password. */
const usualCardLimitMs = 90_000;

/** @throws Error when the device is written otherwise */
export function lineTo(device: string): Line {
  const [, host, port] = /^tcp:\/\/([^:/]+):(\d+)$/.exec(device) ?? [];
  if (host && port) return tcpLine(host, Number(port));
  const [, path, baud = '9600'] = /^serial:([^?]+)(?:\?baud=(\d+))?$/.exec(device) ?? [];
  if (path) return serialLine(path, Number(baud));
  throw new Error(`no such device: ${device} (tcp://host:port or serial:/dev/ttyS0?baud=9600)`);
}

/** Starts the program beside one card terminal. */
export function startAgent(settings: AgentSettings): RunningAgent {
  const { protocol, device, posNo, folder, cardLimitMs = usualCardLimitMs, say = () => undefined } = settings;
  const line = lineTo(device);
  const terminal =
    protocol === 'ums' ? umsTerminal(line, { posNo, cardLimitMs }) : allinpayTerminal(line, { cardLimitMs });
  const journal = openJournal(`${folder}/${settings.terminalCode}.jsonl`);
  const agent = createAgent({ terminal, journal, tell: (news) => tellPlatform(settings, news) });
  agent.resume();
  const hangUp = stayConnected(settings, agent, say);
  return {
    settle: terminal.settle,
    async close() {
      hangUp();
      await agent.close();
      journal.close();
    },
  };
}
