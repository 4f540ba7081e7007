import type { Random } from './random';

export type Patient = { name: string; patientId: string; cardNo: string };

const surnames = [...'赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜'] as [
  string,
  ...string[],
];
const given = [...'晓宁安然文静子涵佳怡明轩雨桐思远若溪嘉禾一诺景行知夏云舒'] as [string, ...string[]];

/** Invented people: cards that begin with 0099 are given to nobody. */
export function patient(random: Random): Patient {
  const no = random.digits(6);
  const name = random.pick(surnames) + random.pick(given) + (random.perMille(700) ? random.pick(given) : '');
  return { name, patientId: `P99${no}`, cardNo: `0099${no}` };
}
