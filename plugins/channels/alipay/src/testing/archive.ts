import { crc32, deflateRawSync } from 'node:zlib';

/** GBK, by asking the decoder what every byte pair means: the platform can only decode it. */
const gbkTable = new Map<string, Buffer>();
for (let lead = 0x81; lead <= 0xfe; lead++) {
  for (let trail = 0x40; trail <= 0xfe; trail++) {
    if (trail === 0x7f) continue;
    const bytes = Buffer.from([lead, trail]);
    const character = new TextDecoder('gbk').decode(bytes);
    if ([...character].length === 1 && character !== '\uFFFD' && !gbkTable.has(character)) {
      gbkTable.set(character, bytes);
    }
  }
}

export function gbk(text: string): Buffer {
  return Buffer.concat(
    [...text].map((character) => {
      const bytes = character.charCodeAt(0) < 0x80 ? Buffer.from(character) : gbkTable.get(character);
      if (bytes === undefined) throw new Error(`not in GBK: ${character}`);
      return bytes;
    }),
  );
}

export interface ArchiveFile {
  name: string;
  content: Buffer;
  /** What the directory claims instead of the truth. */
  claims?: { crc?: number; size?: number };
}

/** An archive as Alipay packs it: names in GBK, and no flag that says so. */
export function zip(files: ArchiveFile[], options: { stored?: boolean } = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, claims } of files) {
    const nameBytes = gbk(name);
    const data = options.stored ? content : deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(options.stored ? 0 : 8, 8);
    local.writeUInt32LE(claims?.crc ?? crc32(content), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(claims?.size ?? content.length, 22);
    local.writeUInt16LE(nameBytes.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    local.copy(central, 6, 4, 30);
    central.writeUInt32LE(offset, 42);
    locals.push(local, nameBytes, data);
    directory.push(central, nameBytes);
    offset += local.length + nameBytes.length + data.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}
