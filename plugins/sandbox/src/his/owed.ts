import { createHash } from 'node:crypto';

/** What HIS says that a patient owes; its field names are the platform's contract. */
export interface Owed {
  patient: { name: string; patientId: string };
  bills: {
    billNo: string;
    bizType: string;
    subject: string;
    department: string;
    doctor: string;
    amountFen: number;
    items: { name: string; quantity: string; amountFen: number }[];
  }[];
}

const names = ['林小满', '周子墨', '欧阳明珠', '何秋实', '沈安然'];
const rooms = [
  { department: '呼吸内科', doctor: '陈医生', drug: '盐酸氨溴索口服溶液 100ml:0.6g' },
  { department: '消化内科', doctor: '吴医生', drug: '奥美拉唑肠溶胶囊 20mg×14粒' },
  { department: '骨科', doctor: '郑医生', drug: '布洛芬缓释胶囊 0.3g×20粒' },
];

const pick = <Value>(list: readonly Value[], at: number): Value => {
  const found = list[at % list.length];
  if (found === undefined) throw new Error('an empty list');
  return found;
};

/**
 * Every card number of 6 to 20 digits has a patient and, the same each time, a prescription and an examination to pay;
 * numbers ending in 0000 are nobody's, those ending in 00 owe nothing.
 */
export function owedBy(cardNo: string): Owed | null {
  if (!/^\d{6,20}$/.test(cardNo) || cardNo.endsWith('0000')) return null;
  const hash = createHash('sha256').update(cardNo).digest();
  const patient = { name: pick(names, hash.readUInt8(0)), patientId: `P${cardNo}` };
  if (cardNo.endsWith('00')) return { patient, bills: [] };
  const room = pick(rooms, hash.readUInt8(1));
  const drugs = 2_000 + (hash.readUInt16BE(2) % 20_000);
  const visit = 2_500;
  const examination = 6_000 + (hash.readUInt16BE(4) % 40_000);
  return {
    patient,
    bills: [
      {
        billNo: `CF${cardNo}`,
        bizType: '诊间缴费',
        subject: `${room.department}处方`,
        department: room.department,
        doctor: room.doctor,
        amountFen: drugs + visit,
        items: [
          { name: room.drug, quantity: '2盒', amountFen: drugs },
          { name: '诊查费', quantity: '1次', amountFen: visit },
        ],
      },
      {
        billNo: `JC${cardNo}`,
        bizType: '诊间缴费',
        subject: '超声检查',
        department: '超声医学科',
        doctor: room.doctor,
        amountFen: examination,
        items: [{ name: '腹部彩色多普勒超声', quantity: '1次', amountFen: examination }],
      },
    ],
  };
}
