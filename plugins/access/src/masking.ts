export type Mask = 'name' | 'card' | 'id' | 'subject';

/** 张三丰 → 张*丰, 李四 → 李*, a single character disappears. */
export function maskName(name: string): string {
  const letters = Array.from(name.trim());
  const [first = ''] = letters;
  if (letters.length <= 1) return letters.length === 0 ? '' : '*';
  if (letters.length === 2) return `${first}*`;
  return `${first}${'*'.repeat(letters.length - 2)}${letters.at(-1) ?? ''}`;
}

/** Keeps the last four, or fewer when four would be more than half of it. */
export function maskCard(card: string): string {
  const kept = Math.min(4, Math.floor(card.length / 2));
  return '*'.repeat(card.length - kept) + (kept === 0 ? '' : card.slice(-kept));
}

/** Of a fixed width, so that it does not tell how long the number is. */
export function maskId(id: string): string {
  const kept = Math.min(4, Math.floor(id.length / 2));
  return id === '' ? '' : `****${kept === 0 ? '' : id.slice(-kept)}`;
}

/** Orders are often titled with the patient's name, alone or within a sentence. */
export function maskSubject(subject: string, patientName: unknown): string {
  if (typeof patientName !== 'string') return subject;
  const name = patientName.trim();
  return name === '' ? subject : subject.replaceAll(name, maskName(name));
}

export function maskValue(mask: Mask, value: unknown, patientName: unknown): unknown {
  if (typeof value !== 'string') return value;
  switch (mask) {
    case 'name':
      return maskName(value);
    case 'card':
      return maskCard(value);
    case 'id':
      return maskId(value);
    case 'subject':
      return maskSubject(value, patientName);
    default:
      return unreachable(mask);
  }
}

/** The row with every masked attribute made unreadable, itself untouched. Attributes that it lacks stay absent. */
export function maskRow<Row extends object>(row: Row, masks: ReadonlyMap<string, Mask>): Row {
  if (masks.size === 0) return row;
  const entries = Object.entries(row);
  const patientName = entries.find(([name]) => name === 'patientName')?.[1];
  const masked = entries.flatMap(([name, value]) => {
    const mask = masks.get(name);
    return mask === undefined ? [] : [[name, maskValue(mask, value, patientName)] as const];
  });
  return { ...row, ...Object.fromEntries(masked) };
}

function unreachable(value: never): never {
  throw new Error(`unknown mask ${String(value)}`);
}
