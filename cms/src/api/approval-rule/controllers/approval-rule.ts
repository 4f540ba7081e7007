import { controller } from '../../../resource';

export default controller('api::approval-rule.approval-rule');
