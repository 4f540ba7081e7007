import {
  type Bill,
  BillError,
  type BillGuard,
  type BillLine,
  type ChannelConfig,
  type ConfigField,
  type Currency,
  formatAmount,
  parseAmount,
} from '@hospital-pay/payments/contract';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { csvRows } from './csv';

/**
 * A bill whose columns the account names. Wallets whose settlement file is not public are read this way: the finance
 * office looks at the file it gets and writes its headings into the account, and nobody guesses.
 */
export interface BillHeadings {
  orderNo: string;
  channelNo: string;
  amount: string;
  time: string;
  /** Without one, the sign of the amount tells a refund from a payment. */
  kind?: string;
  paymentWord?: string;
  refundWord?: string;
  refundNo?: string;
  fee?: string;
}

const titles: Record<keyof BillHeadings, readonly [string, string, string?, string?]> = {
  orderNo: ['账单列：商户订单号', 'Bill column: our order number'],
  channelNo: ['账单列：渠道交易号', 'Bill column: number of the payment'],
  amount: ['账单列：金额', 'Bill column: amount'],
  time: ['账单列：时间', 'Bill column: time', '以渠道当地时间书写', 'Written in the zone of the channel'],
  kind: [
    '账单列：交易类型',
    'Bill column: kind',
    '留空则按金额正负判断支付或退款',
    'Left empty, the sign of the amount tells',
  ],
  paymentWord: ['交易类型中表示支付的文字', 'The word for a payment'],
  refundWord: ['交易类型中表示退款的文字', 'The word for a refund'],
  refundNo: ['账单列：退款单号', 'Bill column: our refund number'],
  fee: ['账单列：手续费', 'Bill column: fee'],
};

const fieldName = (heading: string) => `bill${heading.charAt(0).toUpperCase()}${heading.slice(1)}`;

const headingKeys = [
  'orderNo',
  'channelNo',
  'amount',
  'time',
  'kind',
  'paymentWord',
  'refundWord',
  'refundNo',
  'fee',
] as const satisfies readonly (keyof BillHeadings)[];

/** The fields of a channel's form that name the columns; `defaults` are what the file is believed to say. */
export function billFields(
  defaults: Partial<BillHeadings>,
  encoding: 'shift_jis' | 'utf-8',
): Record<string, ConfigField> {
  const columns = headingKeys.map((key): [string, ConfigField] => {
    const [title, titleEn, description, descriptionEn] = titles[key];
    const standard = defaults[key];
    return [
      fieldName(key),
      {
        type: 'string',
        title,
        titleEn,
        maxLength: 60,
        ...(standard === undefined ? {} : { default: standard }),
        ...(description === undefined || descriptionEn === undefined ? {} : { description, descriptionEn }),
      },
    ];
  });
  return {
    billEncoding: {
      type: 'string',
      title: '账单文件编码',
      titleEn: 'Encoding of the bill file',
      enum: ['shift_jis', 'utf-8'],
      default: encoding,
    },
    ...Object.fromEntries(columns),
  };
}

const heading = z.string().trim().min(1);
const optionalHeading = z
  .string()
  .trim()
  .optional()
  .transform((text) => (text ? text : undefined));

const form = z.object({
  billEncoding: z.enum(['shift_jis', 'utf-8']),
  billOrderNo: heading,
  billChannelNo: heading,
  billAmount: heading,
  billTime: heading,
  billKind: optionalHeading,
  billPaymentWord: optionalHeading,
  billRefundWord: optionalHeading,
  billRefundNo: optionalHeading,
  billFee: optionalHeading,
});

type Form = z.output<typeof form>;

/** What the channel and the account say about the file. */
export interface NamedBill extends BillGuard {
  channel: string;
  currency: Currency;
  zone: string;
  defaults: Partial<BillHeadings>;
  encoding: 'shift_jis' | 'utf-8';
}

/**
 * Opens a CSV (RFC 4180, one line of headings, further lines before it ignored). The files state no totals, so a file
 * cut at the end of a line is not noticed here. Refund amounts may carry a minus or not.
 */
export function openNamedBill(bytes: Buffer, about: NamedBill): Bill {
  return {
    kind: 'ready',
    file: { name: `${about.channel}-trade-${about.date}.csv`, bytes },
    totals: undefined,
    lines: () => billLines(bytes, about),
  };
}

async function* billLines(bytes: Buffer, about: NamedBill): AsyncGenerator<BillLine> {
  const words = formOf(about);
  let header: Map<string, number> | undefined;
  for (const { lineNo, cells, raw } of csvRows(decode(bytes, words.billEncoding))) {
    if (header === undefined) {
      header = headerOf(cells, words);
      continue;
    }
    const width = header.size;
    if (cells.length < width)
      throw new BillError('LINE', `${cells.length} cells where the header has ${width}`, lineNo);
    const places = header;
    const cell = (name: string | undefined) => {
      const place = name === undefined ? undefined : places.get(name);
      return place === undefined ? '' : (cells[place] ?? '');
    };
    yield lineOf(cell, words, about, lineNo, raw);
  }
  if (header === undefined)
    throw new BillError('COLUMNS', `no line with the columns ${required(words).join(', ')}`);
}

function formOf({ config, defaults, encoding }: NamedBill): Form {
  const standard = Object.fromEntries(Object.entries(defaults).map(([key, word]) => [fieldName(key), word]));
  const given = Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = form.safeParse({ billEncoding: encoding, ...standard, ...given } satisfies ChannelConfig);
  if (parsed.success) return parsed.data;
  const field = String(parsed.error.issues[0]?.path[0] ?? '');
  throw new BillError('COLUMNS', `the account does not name the column ${field}`);
}

const required = (words: Form) => [words.billOrderNo, words.billChannelNo, words.billAmount, words.billTime];

function headerOf(cells: string[], words: Form): Map<string, number> | undefined {
  const places = new Map(cells.map((name, place) => [name.replace(/^\uFEFF/, ''), place]));
  return required(words).every((name) => places.has(name)) ? places : undefined;
}

function decode(bytes: Buffer, encoding: Form['billEncoding']): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BillError('ENCODING', `not ${encoding}`, undefined, { cause });
  }
}

function lineOf(
  cell: (name: string | undefined) => string,
  words: Form,
  about: NamedBill,
  lineNo: number,
  raw: string,
): BillLine {
  const bad = (message: string) => new BillError('LINE', message, lineNo);
  const money = (text: string): number => {
    try {
      return parseAmount(text, about.currency);
    } catch {
      throw bad(`not an amount of ${about.currency}: ${text}`);
    }
  };
  const orderNo = cell(words.billOrderNo);
  const channelNo = cell(words.billChannelNo);
  if (channelNo === '') throw bad('no number of the payment');
  const amount = money(cell(words.billAmount));
  const kind = kindOf(cell(words.billKind), amount, words);
  if (kind === undefined) throw bad(`unknown kind of business: ${cell(words.billKind)}`);
  if (kind === 'payment' && amount < 0) throw bad('a payment of less than nothing');
  const occurredAt = momentOf(cell(words.billTime), about.zone);
  if (occurredAt === undefined) throw bad(`not a time: ${cell(words.billTime)}`);
  const settledOn = occurredAt.toFormat('yyyy-MM-dd');
  if (kind === 'payment' && settledOn !== about.date)
    throw new BillError('UNAVAILABLE', `a payment of another day (${settledOn})`, lineNo);
  const fee = Math.abs(money(cell(words.billFee) || formatAmount(0, about.currency)));
  return {
    lineNo,
    kind,
    orderNo,
    ...(kind === 'refund' ? { refundNo: cell(words.billRefundNo) || orderNo } : {}),
    channelNo,
    amountFen: Math.abs(amount),
    feeFen: kind === 'refund' && fee !== 0 ? -fee : fee,
    occurredAt: occurredAt.toJSDate(),
    settledOn,
    raw,
  };
}

function kindOf(text: string, amount: number, words: Form): BillLine['kind'] | undefined {
  if (words.billKind === undefined) return amount < 0 ? 'refund' : 'payment';
  if (text === words.billPaymentWord) return 'payment';
  return text === words.billRefundWord ? 'refund' : undefined;
}

const timeFormats = ['yyyy-MM-dd HH:mm:ss', 'yyyy/MM/dd HH:mm:ss', 'yyyyMMddHHmmss'];

function momentOf(text: string, zone: string): DateTime | undefined {
  const readings = [
    ...timeFormats.map((format) => DateTime.fromFormat(text, format, { zone })),
    DateTime.fromISO(text, { zone }),
  ];
  return readings.find((reading) => reading.isValid);
}
