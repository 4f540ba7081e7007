import { defineErrors } from '@hospital-pay/errors';

export const fail = defineErrors({
  TOKEN_MISSING: { status: 401, zh: '请先登录', en: 'Sign in first' },
  TOKEN_INVALID: { status: 401, zh: '登录已失效，请重新登录', en: 'The session has ended, sign in again' },
  SIGN_IN_FAILED: {
    status: 401,
    zh: '用户名或密码不正确，或账号已被暂时锁定',
    en: 'Wrong user name or password, or the account is locked for a while',
  },
  FORBIDDEN: { status: 403, zh: '没有权限执行此操作', en: 'Your role does not allow this' },
  MERCHANT_FORBIDDEN: { status: 403, zh: '没有该商户的权限', en: 'This merchant is outside your scope' },
  FIELD_FORBIDDEN: { status: 400, zh: '不能写入该字段', en: 'This field cannot be written' },
  QUERY_FORBIDDEN: {
    status: 400,
    zh: '不支持按该条件查询或排序',
    en: 'Filtering or sorting by this is not allowed',
  },
  CODE_IMMUTABLE: { status: 400, zh: '编码创建后不能修改', en: 'A code cannot change once created' },
  ALREADY_EXISTS: { status: 409, zh: '编码已存在', en: 'This code exists already' },
  IN_USE: {
    status: 409,
    zh: '已被其他数据引用，不能删除，请停用',
    en: 'In use elsewhere: disable it instead',
  },
  NOT_FOUND: { status: 404, zh: '数据不存在', en: 'Not found' },
  REQUEST_INVALID: { status: 400, zh: '请求内容不正确', en: 'The request is not valid' },
  PASSWORD_WEAK: {
    status: 400,
    zh: '密码至少 10 位，且包含字母和数字，不能包含用户名',
    en: 'Use at least 10 characters with letters and digits, without the user name',
  },
  ROLE_UNKNOWN: { status: 400, zh: '角色不存在', en: 'No such role' },
  OWN_ACCOUNT: {
    status: 400,
    zh: '不能修改自己的账号，请由其他管理员操作',
    en: 'Your own account is changed by another administrator',
  },
  PASSWORD_WRONG: { status: 400, zh: '原密码不正确', en: 'The current password is wrong' },
});
