import { createHash } from 'node:crypto';
import { afterSeconds, compact, dayOf, moment, shiftDay } from './china';
import { channelTitle, channelTitleEn, people } from './hospital';
import { random } from './random';
import type {
  AbnormalRequestSeed,
  ChannelCode,
  InterfaceLogSeed,
  LoginLogSeed,
  MessageSeed,
  OrderSeed,
  RefundSeed,
  Rows,
} from './rows';
import { refusals } from './treatments';

const logDays = 4;
const userAgents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Edg/141.0.0.0',
] as const;
const gateways: Record<ChannelCode, string> = {
  alipay: 'https://openapi.alipay.com/gateway.do',
  wechat: 'https://api.mch.weixin.qq.com',
};

/** Everybody's working days: in before eight, out after five; now and then a mistyped password. */
export function loginLogs(firstDay: string, now: Date): LoginLogSeed[] {
  const logs: LoginLogSeed[] = [];
  for (let day = firstDay; day <= dayOf(now); day = shiftDay(day, 1)) {
    for (const [index, { username }] of people.entries()) {
      const dice = random(`sign-in ${day} ${username}`);
      if (dice.perMille(180)) continue;
      const ip = `192.168.56.${11 + index}`;
      const userAgent = userAgents[index % 2] ?? userAgents[0];
      const begin = afterSeconds(moment(day, '07:20:00'), dice.int(0, 3000));
      if (dice.perMille(60))
        logs.push({ at: afterSeconds(begin, -25), username, kind: 'failed', ip, userAgent });
      logs.push({ at: begin, username, kind: 'sign_in', ip, userAgent });
      const end = afterSeconds(moment(day, '17:05:00'), dice.int(0, 3000));
      logs.push({ at: end, username, kind: 'sign_out', ip, userAgent });
    }
  }
  return logs.filter(({ at }) => at <= now);
}

/** The calls behind the last days' orders, as the interface log keeps them: masked, with the time taken. */
export function interfaceLogs({ orders, refunds }: Rows, now: Date): InterfaceLogSeed[] {
  const since = shiftDay(dayOf(now), -logDays);
  const logs: InterfaceLogSeed[] = [];
  for (const order of orders) {
    if (dayOf(order.createdTime) < since) continue;
    const dice = random(`calls ${order.orderNo}`);
    const isFailed = order.status === 'failed';
    logs.push(
      call(order, 'create_order', order.createdTime, dice.int(90, order.scene === 'micropay' ? 1900 : 420), {
        status: isFailed ? 'FAILED' : order.scene === 'micropay' ? 'SUCCESS' : 'WAITING',
        errorCode: order.errorCode,
      }),
    );
    if (order.scene !== 'micropay' && order.endedAt !== null) {
      logs.push(
        call(order, 'query_order', order.endedAt, dice.int(60, 350), {
          status: order.status === 'closed' ? 'NOTPAY' : 'SUCCESS',
          errorCode: null,
        }),
      );
    }
    if (order.status === 'reversed') {
      logs.push(
        call(order, 'cancel_order', order.endedAt ?? order.createdTime, dice.int(200, 900), {
          status: 'REVERSED',
          errorCode: null,
        }),
      );
    }
  }
  const byNo = new Map(orders.map((order) => [order.orderNo, order]));
  for (const refund of refunds) {
    const order = byNo.get(refund.orderNo);
    if (order && dayOf(refund.refundedAt) >= since) logs.push(refundCall(order, refund));
  }
  return logs.sort((a, b) => a.at.getTime() - b.at.getTime() || (a.orderNo < b.orderNo ? -1 : 1));
}

function call(
  order: OrderSeed,
  method: string,
  at: Date,
  durationMs: number,
  answer: { status: string; errorCode: string | null },
): InterfaceLogSeed {
  return {
    at,
    orderNo: order.orderNo,
    tradeType: order.tradeType,
    method,
    channel: order.channel,
    accountCode: order.accountCode,
    direction: 'out',
    url: gateways[order.channel],
    request: JSON.stringify({
      out_trade_no: order.orderNo,
      total_fen: order.amountFen,
      subject: '***',
      auth_code: order.scene === 'micropay' ? '****' : undefined,
    }),
    response: JSON.stringify({
      out_trade_no: order.orderNo,
      trade_state: answer.status,
      trade_no: order.channelTradeNo ?? undefined,
      code: answer.errorCode ?? undefined,
    }),
    httpStatus: answer.errorCode !== null && order.channel === 'wechat' ? 400 : 200,
    durationMs,
    errorCode: answer.errorCode,
    // All calls of one order belong together.
    traceId: createHash('sha256').update(order.orderNo).digest('hex').slice(0, 32),
  };
}

function refundCall(order: OrderSeed, refund: RefundSeed): InterfaceLogSeed {
  const made = call(order, 'refund_order', refund.requestedAt, 640, { status: 'SUCCESS', errorCode: null });
  return {
    ...made,
    request: JSON.stringify({
      out_trade_no: order.orderNo,
      out_refund_no: refund.refundNo,
      refund_fen: refund.amountFen,
    }),
    response: JSON.stringify({
      out_refund_no: refund.refundNo,
      status: 'SUCCESS',
      refund_id: refund.channelRefundNo,
    }),
  };
}

/** Every refused payment code of the month. */
export function abnormalRequests({ orders }: Rows): AbnormalRequestSeed[] {
  return orders.flatMap((order) => {
    if (order.errorCode === null || order.errorMessage === null) return [];
    const advice = refusals[order.channel].find(({ code }) => code === order.errorCode)?.advice ?? '';
    return [
      {
        at: order.endedAt ?? order.createdTime,
        orderNo: order.orderNo,
        errorCode: order.errorCode,
        errorMessage: order.errorMessage,
        tradeType: order.tradeType,
        action: '订单创建',
        channel: order.channel,
        accountCode: order.accountCode,
        advice,
      },
    ];
  });
}

/** What finance and ops were told: every new one-sided entry, every finished run. */
export function messages({ discrepancies, runs }: Rows): MessageSeed[] {
  const told: MessageSeed[] = [];
  for (const found of discrepancies) {
    if (found.source !== 'realtime') continue;
    const isDone = found.status !== 'open';
    told.push({
      at: afterSeconds(found.occurredAt, 180),
      kind: 'one_sided',
      level: 'warning',
      title: `${found.remark} ${channelTitle[found.payType]}`,
      titleEn: `One-sided entry, ${channelTitleEn[found.payType]}`,
      body: `订单 ${found.orderNo ?? '-'}，请到“单边账预警”定位处理。`,
      bodyEn: `Order ${found.orderNo ?? '-'}: locate and handle it under "One-sided entries".`,
      audience: 'finance',
      orderNo: found.orderNo,
      dedupeKey: `seed:case:${found.dedupeKey}`,
      readAt: isDone ? found.resolvedAt : null,
      readBy: isDone && found.resolvedAt !== null ? 'finance' : null,
      status: isDone ? 'resolved' : 'open',
      count: 1,
      lastAt: afterSeconds(found.occurredAt, 180),
    });
  }
  for (const run of runs) {
    told.push({
      at: run.finishedAt,
      kind: 'reconciliation',
      level: 'info',
      title: `${run.date} 日终对账完成（${run.accountCode}）`,
      titleEn: `Reconciliation of ${run.date} is done (${run.accountCode})`,
      body: `差错 ${run.counts.discrepancies ?? 0} 笔。`,
      bodyEn: `${run.counts.discrepancies ?? 0} differences.`,
      audience: 'finance',
      orderNo: null,
      dedupeKey: `seed:run:${run.runNo}:${compact(run.finishedAt)}`,
      readAt: afterSeconds(run.finishedAt, 900),
      readBy: 'finance',
      status: 'resolved',
      count: 1,
      lastAt: run.finishedAt,
    });
  }
  return told.sort((a, b) => a.at.getTime() - b.at.getTime() || (a.dedupeKey < b.dedupeKey ? -1 : 1));
}
