import { email } from './email';
import type { TargetKind } from './kind';
import { dingtalk, feishu, wecom } from './robots';
import { sms } from './sms';
import { webhook } from './webhook';

export const targetKinds: readonly TargetKind[] = [email, wecom, dingtalk, feishu, webhook, sms];
export type { TargetConfig, TargetKind } from './kind';
