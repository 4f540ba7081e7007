import { crc32, createInflateRaw } from 'node:zlib';
import { BillError } from '@hospital-pay/payments/contract';

/** A file inside a bill archive. */
export interface ZipEntry {
  name: string;
  /** Unpacks piece by piece, and checks length and CRC at the end: the archive is all the proof a bill carries. */
  chunks(): AsyncIterable<Buffer>;
}

const truncated = (message: string) => new BillError('TRUNCATED', message);
const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;

/**
 * Lists an archive by its central directory. Alipay names entries in GBK without saying so, which is why the flag alone
 * does not decide. What it unpacks to goes to a disk, piece by piece: ten million lines take two gigabytes.
 * @throws BillError TRUNCATED
 */
export function readZip(bytes: Buffer, maxUnpackedBytes = 4 * 1024 ** 3): ZipEntry[] {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) throw truncated('the archive has no end: it did not arrive whole');
  const count = bytes.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== directoryEntry)
      throw truncated('the archive directory is damaged');
    const nameLength = bytes.readUInt16LE(at + 28);
    const nameBytes = bytes.subarray(at + 46, at + 46 + nameLength);
    const utf8 = (bytes.readUInt16LE(at + 8) & 0x800) !== 0;
    entries.push({
      name: new TextDecoder(utf8 ? 'utf-8' : 'gb18030').decode(nameBytes),
      chunks: unpack(bytes, {
        method: bytes.readUInt16LE(at + 10),
        crc: bytes.readUInt32LE(at + 16),
        packed: bytes.readUInt32LE(at + 20),
        size: bytes.readUInt32LE(at + 24),
        header: bytes.readUInt32LE(at + 42),
        limit: maxUnpackedBytes,
      }),
    });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

interface Stored {
  method: number;
  crc: number;
  packed: number;
  size: number;
  header: number;
  limit: number;
}

const unpack = (bytes: Buffer, stored: Stored) =>
  async function* chunks(): AsyncGenerator<Buffer> {
    const { header, packed, size, limit } = stored;
    if (header + 30 > bytes.length || bytes.readUInt32LE(header) !== localHeader) {
      throw truncated('the archive points to a file that is not there');
    }
    const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    if (start + packed > bytes.length) throw truncated('the archive ends inside a file');
    const data = bytes.subarray(start, start + packed);
    let length = 0;
    let crc = 0;
    for await (const chunk of stored.method === 0 ? [data] : inflate(data, stored.method)) {
      length += chunk.length;
      if (length > limit) throw new BillError('SIZE', `the archive unpacks to more than ${limit} bytes`);
      if (length > size) throw new BillError('HASH', `the archive promises ${size} bytes and holds more`);
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (length !== size) throw truncated(`the archive promises ${size} bytes and holds ${length}`);
    if (crc !== stored.crc) throw new BillError('HASH', 'the archive is damaged: its CRC does not match');
  };

async function* inflate(data: Buffer, method: number): AsyncGenerator<Buffer> {
  if (method !== 8) throw new BillError('UNAVAILABLE', `unknown compression method ${method}`);
  const stream = createInflateRaw({ chunkSize: 256 * 1024 });
  stream.end(data);
  try {
    for await (const chunk of stream) yield chunk;
  } catch (cause) {
    throw new BillError('TRUNCATED', 'the archive does not unpack', undefined, { cause });
  }
}
