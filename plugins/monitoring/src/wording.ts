import type { Bilingual } from '@hospital-pay/errors';
import type { ChannelManifest } from '@hospital-pay/payments';

interface Wording {
  /** 交易动作 */
  action: string;
  failure: string;
}

/** How the counter speaks of a method of the interface log. */
const wordings: Record<string, Wording> = {
  create_order: { action: '订单创建', failure: '下单失败' },
  query_order: { action: '订单查询', failure: '订单查询失败' },
  close_order: { action: '订单关闭', failure: '订单关闭失败' },
  cancel_order: { action: '订单撤销', failure: '撤销失败' },
  refund_order: { action: '退款', failure: '退款失败' },
  query_refund: { action: '退款查询', failure: '退款查询失败' },
  download_bill: { action: '账单下载', failure: '账单下载失败' },
  notify: { action: '通知接收', failure: '通知处理失败' },
  test: { action: '连接测试', failure: '连接测试失败' },
  his_confirm: { action: 'HIS确认', failure: 'HIS确认失败' },
  his_query: { action: 'HIS查询', failure: 'HIS查询失败' },
};

export interface Explained {
  action: string;
  message: string;
  advice: string | null;
}

/** What went wrong between us and HIS, which has no manifest to explain itself. */
const hisErrors: Record<string, string> = {
  HIS_TIMEOUT: 'HIS响应超时, 稍后自动重发',
  HIS_UNREACHABLE: 'HIS无法连接, 稍后自动重发',
  HIS_UNREADABLE: 'HIS返回的内容无法识别',
};

/** A channel's error in words: what was tried, why it failed, what to do next. */
export function explain(
  call: { method: string; errorCode: string; errorMessage?: string | undefined },
  manifest: ChannelManifest | undefined,
): Explained {
  const { action, failure } = wordings[call.method] ?? { action: call.method, failure: `${call.method}失败` };
  const known: (Bilingual & { advice?: Bilingual }) | undefined = manifest?.errors[call.errorCode];
  const said = call.errorMessage?.trim();
  return {
    action,
    message: `${failure}:${known?.zh ?? hisErrors[call.errorCode] ?? (said ? said : call.errorCode)}`,
    advice: known?.advice?.zh ?? null,
  };
}
