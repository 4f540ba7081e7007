import { defineErrors } from '@hospital-pay/errors';

export const fail = defineErrors({
  SCREEN_UNKNOWN: { status: 404, zh: '没有这个页面', en: 'No such screen' },
  SCREEN_FORBIDDEN: { status: 403, zh: '没有查看该页面的权限', en: 'Your role does not show this screen' },
  VIEW_INVALID: { status: 400, zh: '视图内容不正确', en: 'The view is not valid' },
  VIEW_FIELD_UNKNOWN: {
    status: 400,
    zh: '视图中的字段不存在',
    en: 'The view names a field that does not exist',
  },
});
