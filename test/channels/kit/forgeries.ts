import type { RawNotification } from '@hospital-pay/payments/contract';

/** Another byte of the same kind, so that the text stays a text: digits stay digits, letters letters. */
function other(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return 0x30 + ((byte - 0x30 + 1) % 10);
  if (byte >= 0x41 && byte <= 0x5a) return 0x41 + ((byte - 0x41 + 1) % 26);
  if (byte >= 0x61 && byte <= 0x7a) return 0x61 + ((byte - 0x61 + 1) % 26);
  return byte ^ 1;
}

/** The notification with every byte of its body, in turn, made another; with every header altered and left out; cut short. */
export function* forgeries({ headers, body }: RawNotification): Generator<RawNotification> {
  for (let at = 0; at < body.length; at += 1) {
    const altered = Buffer.from(body);
    altered[at] = other(altered[at] ?? 0);
    yield { headers, body: altered };
  }
  for (const [name, value] of Object.entries(headers)) {
    const { [name]: _, ...without } = headers;
    yield { headers: without, body };
    const last = Buffer.from(value);
    if (last.length > 0) last[last.length - 1] = other(last[last.length - 1] ?? 0);
    yield { headers: { ...headers, [name]: last.toString('latin1') }, body };
  }
  yield { headers, body: body.subarray(0, body.length - 1) };
  yield { headers, body: Buffer.concat([body, Buffer.from(' ')]) };
  yield { headers, body: Buffer.alloc(0) };
}

/** A bill file with bytes made others, spread over it, and cut short. */
export function* spoiled(file: Buffer, count: number): Generator<Buffer> {
  for (let index = 0; index < count; index += 1) {
    const altered = Buffer.from(file);
    const at = Math.floor((index * file.length) / count);
    altered[at] = other(altered[at] ?? 0);
    yield altered;
  }
}
