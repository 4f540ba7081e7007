import { crc32, inflateRawSync } from 'node:zlib';
import { BillError } from '@hospital-pay/payments/contract';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;
const maxUnpackedBytes = 1024 ** 3;

/**
 * The files of an archive, by its central directory; length and CRC are checked, for they are all the proof a bill has.
 * @throws BillError TRUNCATED, HASH, UNAVAILABLE
 */
export function* readZip(bytes: Buffer): Generator<{ name: string; unpack(): Buffer }> {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) throw new BillError('TRUNCATED', 'the archive has no end: it did not arrive whole');
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== directoryEntry) {
      throw new BillError('TRUNCATED', 'the archive directory is damaged');
    }
    const entry = at;
    const nameLength = bytes.readUInt16LE(at + 28);
    yield {
      name: bytes.toString('latin1', at + 46, at + 46 + nameLength),
      unpack: () => unpack(bytes, entry),
    };
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
}

function unpack(bytes: Buffer, entry: number): Buffer {
  const method = bytes.readUInt16LE(entry + 10);
  const packed = bytes.readUInt32LE(entry + 20);
  const size = bytes.readUInt32LE(entry + 24);
  const header = bytes.readUInt32LE(entry + 42);
  if (header + 30 > bytes.length || bytes.readUInt32LE(header) !== localHeader) {
    throw new BillError('TRUNCATED', 'the archive points to a file that is not there');
  }
  if (size > maxUnpackedBytes) throw new BillError('SIZE', `the archive promises ${size} bytes`);
  const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  if (start + packed > bytes.length) throw new BillError('TRUNCATED', 'the archive ends inside a file');
  const data = inflated(bytes.subarray(start, start + packed), method, size);
  if (data.length !== size)
    throw new BillError('TRUNCATED', `${data.length} bytes where ${size} were promised`);
  if (crc32(data) !== bytes.readUInt32LE(entry + 16)) {
    throw new BillError('HASH', 'the archive is damaged: its CRC does not match');
  }
  return data;
}

function inflated(data: Buffer, method: number, size: number): Buffer {
  if (method === 0) return data;
  if (method !== 8) throw new BillError('UNAVAILABLE', `unknown compression method ${method}`);
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw new BillError('TRUNCATED', 'the archive does not unpack', undefined, { cause });
  }
}
