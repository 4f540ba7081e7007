import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { formatAmount } from '@hospital-pay/payments';
import PDFDocument from 'pdfkit';
import type { BillView } from './bill';
import type { Usage } from './link';
import { unpackWoff } from './woff';

/** A6 in points: two on an A5 prescription. */
const page = { width: 298, height: 420, margin: 18 };
const codeSize = 130;
const mostItems = 5;
const longestName = 16;

const titles: Record<Usage, string> = {
  prescription: '处方缴费单',
  guide_slip: '导诊缴费单',
  room: '诊间缴费单',
  kiosk: '自助缴费单',
  online: '缴费单',
};

/** Simplified Chinese and Latin (Noto Sans SC, OFL); the PDF holds only the glyphs that it shows. */
const fontFile = require.resolve(
  '@fontsource/noto-sans-sc/files/noto-sans-sc-chinese-simplified-400-normal.woff',
);

let font: Buffer | undefined;

/**
 * One page that HIS or the consulting room prints: the code, and of the bill what its page shows, masked as there. It is
 * the same link: signed, with its expiry, paid once.
 */
export async function slipPdf(
  bill: Pick<
    BillView,
    'hospital' | 'usage' | 'subject' | 'amountFen' | 'currency' | 'patient' | 'department' | 'items'
  >,
  { code, validUntil }: { code: Buffer; validUntil: string },
): Promise<Buffer> {
  const doc = new PDFDocument({
    size: [page.width, page.height],
    margin: page.margin,
    info: { Title: titles[bill.usage], Creator: bill.hospital },
  });
  const done = buffer(doc);
  font ??= unpackWoff(readFileSync(fontFile));
  doc.font(font);
  const width = page.width - 2 * page.margin;
  const centred = (size: number, line: string) =>
    doc.fontSize(size).text(line, page.margin, doc.y, { width, align: 'center' });
  const row = (left: string, right: string) => {
    const { y } = doc;
    doc.fontSize(8).text(right, page.margin + 56, y, { width: width - 56, align: 'right' });
    const below = doc.y;
    doc.text(left, page.margin, y, { width: 56, lineBreak: false });
    doc.y = below + 2;
  };

  centred(13, bill.hospital);
  centred(11, titles[bill.usage]);
  doc.image(code, (page.width - codeSize) / 2, doc.y, { width: codeSize });
  doc.y += codeSize;
  centred(9, '请用微信、支付宝等扫码缴费');
  centred(
    18,
    `${bill.currency === 'CNY' ? '¥' : `${bill.currency} `}${formatAmount(bill.amountFen, bill.currency)}`,
  );
  doc.y += 4;
  row('缴费项目', bill.subject);
  if (bill.patient) row('就诊人', bill.patient);
  if (bill.department) row('科室', bill.department);
  for (const { name, quantity, amountFen } of bill.items.slice(0, mostItems)) {
    const line = `${name}${quantity ? ` ${quantity}` : ''}`;
    row(
      '',
      `${line.length > longestName ? `${line.slice(0, longestName - 1)}…` : line}  ${formatAmount(amountFen, bill.currency)}`,
    );
  }
  if (bill.items.length > mostItems) row('', `等共 ${bill.items.length} 项`);
  row('有效期至', validUntil);
  doc.end();
  return done;
}
