import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { crc32, createDeflateRaw, createGzip } from 'node:zlib';
import type { BillEntry } from './stories';

const yuan = (fen: number): string => {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const chinaTime = (at: number): string =>
  new Date(at + 8 * 3_600_000).toISOString().replace('T', ' ').slice(0, 19);
/** Six thousandths, half up. */
const feeOf = (fen: number): number => Math.floor((fen * 6 + 500) / 1000);

/** Node decodes GBK and does not write it: the table of what two bytes mean, turned round. */
function gbkEncoder(): (text: string) => Buffer {
  const decoder = new TextDecoder('gbk');
  const codes = new Map<string, number>();
  for (let high = 0x81; high <= 0xfe; high++) {
    for (let low = 0x40; low <= 0xfe; low++) {
      if (low !== 0x7f) codes.set(decoder.decode(Uint8Array.of(high, low)), (high << 8) | low);
    }
  }
  return (text) => {
    const bytes: number[] = [];
    for (const letter of text) {
      const code = codes.get(letter);
      if (code === undefined) bytes.push(letter.charCodeAt(0));
      else bytes.push(code >> 8, code & 0xff);
    }
    return Buffer.from(bytes);
  };
}

interface Totals {
  payments: number;
  refunds: number;
  paymentFen: number;
  refundFen: number;
  feeFen: number;
}

function add(totals: Totals, entry: BillEntry): void {
  const fee = feeOf(entry.amountFen);
  if (entry.kind === 'payment') {
    totals.payments += 1;
    totals.paymentFen += entry.amountFen;
    totals.feeFen += fee;
  } else {
    totals.refunds += 1;
    totals.refundFen += entry.amountFen;
    totals.feeFen -= fee;
  }
}

const none = (): Totals => ({ payments: 0, refunds: 0, paymentFen: 0, refundFen: 0, feeFen: 0 });

/** The zip of GBK text that Alipay gives: 25 columns, `#` lines around the table, times and numbers with tabs. */
export async function writeAlipayBill(
  file: string,
  date: string,
  sellerId: string,
  entries: Iterable<BillEntry>,
): Promise<void> {
  const gbk = gbkEncoder();
  const words = {
    交易: gbk('交易'),
    退款: gbk('退款'),
    subject: gbk('门诊缴费'),
    payer: gbk('*小明(138****0001)'),
  };
  const [year, month, dayOfMonth] = date.split('-');
  const day = `${year}年${month}月${dayOfMonth}日`;
  const rule = '-'.repeat(41);
  const head = [
    '#支付宝业务明细查询',
    `#账号：[${sellerId}0156]`,
    `#起始日期：[${day} 00:00:00]   终止日期：[${day} 24:00:00]`,
    `#${rule}业务明细列表${rule}`,
    '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注',
  ];
  const unpacked = `${file}.deflate`;
  const sink = createWriteStream(unpacked);
  const deflate = createDeflateRaw({ level: 1 });
  deflate.pipe(sink);
  let crc = 0;
  let size = 0;
  const write = async (bytes: Buffer): Promise<void> => {
    crc = crc32(bytes, crc);
    size += bytes.length;
    if (!deflate.write(bytes)) await once(deflate, 'drain');
  };
  await write(gbk(`${head.join('\r\n')}\r\n`));
  const totals = none();
  let pieces: Buffer[] = [];
  for (const entry of entries) {
    add(totals, entry);
    const refunded = entry.kind === 'refund';
    const amount = yuan(refunded ? -entry.amountFen : entry.amountFen);
    const fee = yuan(refunded ? feeOf(entry.amountFen) : -feeOf(entry.amountFen));
    const time = chinaTime(entry.at);
    pieces.push(
      Buffer.from(`${entry.tradeNo}\t,${entry.orderNo}\t,`, 'latin1'),
      refunded ? words.退款 : words.交易,
      Buffer.from(','),
      words.subject,
      Buffer.from(`,${time},${time},\t,,\t,\t,`, 'latin1'),
      words.payer,
      Buffer.from(
        `,${amount},${amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,${refunded ? `${entry.refundNo}\t` : ''},${fee},0.00,\r\n`,
        'latin1',
      ),
    );
    if (pieces.length > 20_000) {
      await write(Buffer.concat(pieces));
      pieces = [];
    }
  }
  await write(Buffer.concat(pieces));
  await write(
    gbk(
      [
        `#${rule}业务明细列表结束${rule}`,
        `#交易合计：${totals.payments}笔，商家实收共${yuan(totals.paymentFen)}元，商家优惠共0.00元`,
        `#退款合计：${totals.refunds}笔，商家实收退款共${yuan(-totals.refundFen)}元，商家优惠退款共0.00元`,
        `#导出时间：[${day} 10:00:00]`,
        '',
      ].join('\r\n'),
    ),
  );
  deflate.end();
  await once(sink, 'close');
  const name = gbk(`${sellerId}0156_${date.replaceAll('-', '')}_业务明细.csv`);
  const packed = await open(unpacked, 'r');
  const { size: packedSize } = await packed.stat();
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt16LE(0x21, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(packedSize, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(name.length, 22);
  const end = Buffer.alloc(22);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02', 'latin1'),
    Buffer.from([20, 0]),
    fields,
    Buffer.alloc(14),
    name,
  ]);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(30 + name.length + packedSize, 16);
  const zip = createWriteStream(file);
  zip.write(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name]));
  for await (const chunk of packed.createReadStream()) {
    if (!zip.write(chunk)) await once(zip, 'drain');
  }
  zip.end(Buffer.concat([central, end]));
  await once(zip, 'close');
  await rm(unpacked);
}

/** The gzipped text that WeChat gives: 27 columns, a back-tick before each cell, a summary row at the end. */
export async function writeWechatBill(
  file: string,
  mchid: string,
  entries: Iterable<BillEntry>,
): Promise<void> {
  const gzip = createGzip({ level: 1 });
  const sink = createWriteStream(file);
  gzip.pipe(sink);
  const write = async (text: string): Promise<void> => {
    if (!gzip.write(text)) await once(gzip, 'drain');
  };
  await write(
    '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n',
  );
  const totals = none();
  let text = '';
  for (const entry of entries) {
    add(totals, entry);
    const refunded = entry.kind === 'refund';
    const amount = yuan(entry.amountFen);
    const [paid, back] = refunded ? ['0.00', amount] : [amount, '0.00'];
    const fee = `${yuan(refunded ? -feeOf(entry.amountFen) : feeOf(entry.amountFen))}000`;
    const refund = refunded ? [`50${entry.refundNo}`, entry.refundNo] : ['0', '0'];
    text += `\`${[
      chinaTime(entry.at),
      'wx81be3101902f7cb2',
      mchid,
      '0',
      '',
      entry.tradeNo,
      entry.orderNo,
      'ofyak5qYxYJVnhTlrkk_ACWIVrHI',
      'MICROPAY',
      refunded ? 'REFUND' : 'SUCCESS',
      'OTHERS',
      'CNY',
      paid,
      '0.00',
      ...refund,
      back,
      '0.00',
      refunded ? 'ORIGINAL' : '',
      refunded ? 'SUCCESS' : '',
      '门诊缴费',
      '',
      fee,
      '0.60%',
      paid,
      back,
      '',
    ].join(',`')}\r\n`;
    if (text.length > 1 << 20) {
      await write(text);
      text = '';
    }
  }
  await write(
    `${text}总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\`${[
      totals.payments + totals.refunds,
      yuan(totals.paymentFen),
      yuan(totals.refundFen),
      '0.00',
      `${yuan(totals.feeFen)}000`,
      yuan(totals.paymentFen),
      yuan(totals.refundFen),
    ].join(',`')}\r\n`,
  );
  gzip.end();
  await once(sink, 'close');
}
